"""A client in another version, or told by its environment to be otherwise: for comparing what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.recording.drivers import driver
from harness.recording.errors import ClientMissingError
from harness.recording.scenario import ClientScenario
from harness.tools.find import Found, Missing, find


def varied(scenario: ClientScenario, settings: Mapping[str, str]) -> ClientScenario:
    """The scenario with this in the client's environment too."""
    runs = (replace(run, env=MappingProxyType({**run.env, **settings})) for run in scenario.run)
    return replace(scenario, run=tuple(runs)) if settings else scenario


def variant(scenario: ClientScenario, tool: str | None, settings: Mapping[str, str]) -> Found | None:
    """The program to record, where it is not the usual one: its version names what is otherwise.

    `tool` is a pin, None for the client's own. Raises ClientMissingError and UnknownToolError.
    """
    if tool is None and not settings:
        return None
    found = find(tool or driver(scenario.client).tool)
    if isinstance(found, Missing):
        raise ClientMissingError(f"{scenario.id}: {found.name} is missing: {found.reason}", found.how)
    label = "-".join(settings.values())
    return replace(found, version=f"{found.version}@{label}") if label else found
