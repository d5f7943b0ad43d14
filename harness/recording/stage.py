"""What a client finds when it starts: containers and blobs on the endpoint, local files, credentials."""

from __future__ import annotations

import contextlib
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from harness.cases.case import Step
from harness.cases.template import Scope, render
from harness.containers import ContainerListError, containers, remove
from harness.endpoint import Endpoint, Secret
from harness.exchange import Exchange, header
from harness.execute import World
from harness.judge.judge import saved_values
from harness.recording.errors import PremiseFailedError, UnfitEndpointError
from harness.recording.payload import write_files
from harness.recording.scenario import ClientScenario
from harness.signing.authorise import CredentialMissingError, account_sas
from harness.signing.spec import AccountSas

PREFIX = "bp-rec-"
"""What the names of the containers of recordings start with; `blobproof sweep` finds them."""

ALL_PERMISSIONS = "rwdxlacuptfi"
_SYMBOL = re.compile(r"\{((?:own|new)-container(?::\d+)?)\}")
_BREAK = (("x-ms-lease-action", "break"), ("x-ms-lease-break-period", "0"))
_ALWAYS = ("own-container", "new-container")
_SIGNATURE = re.compile(r"(?:^|[?&])sig=([^&]+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """One scenario's own part of the endpoint and of this machine."""

    prefix: str
    containers: Mapping[str, str]  # symbol -> name
    files: Path
    out: Path
    home: Path
    folder: Path  # around the three
    sas: Secret | None
    key: Secret | None
    token: Secret | None
    secrets: tuple[str, ...] = field(repr=False)  # in every spelling in which they may be met
    saved: Mapping[str, str] = field(default_factory=dict)  # by the premises


@contextlib.contextmanager
def stage(scenario: ClientScenario, endpoint: Endpoint) -> Iterator[Stage]:
    """Set the stage, and clear it away afterwards whatever happens: containers, folders.

    Raises PremiseFailedError, UnfitEndpointError.
    """
    prefix = f"{PREFIX}{secrets.token_hex(4)}-"
    scope = _scope(endpoint, prefix)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blobproof-record-")))
        files, out, home = (folder / name for name in ("files", "out", "home"))
        for made in (files, out, home):
            made.mkdir()
        ready = _credentials(scenario, endpoint, scope, (files, out, home, folder))
        stack.callback(_clear, endpoint, ready)
        world = World(endpoint, prefix)
        try:
            source = ready.sas.reveal() if ready.sas is not None else ""
            saved = _set(scenario, world, ready, replace(scope, source_sas=source))
        finally:
            world.hang_up()
        yield replace(ready, saved=saved)


def symbols(scenario: ClientScenario) -> tuple[str, ...]:
    """The container symbols of a scenario: those it mentions, and one of each kind that any may use."""
    said = [*_texts(scenario.given), *(word for run in scenario.run for word in run.words)]
    said += [text for run in scenario.run for text in run.env.values()]
    said += _texts(tuple(scenario.files.values()))
    found = {symbol for text in said for symbol in _SYMBOL.findall(text)}
    return tuple(sorted({*_ALWAYS, *found}))


def _texts(value: Any) -> list[str]:
    # The text of the values holds every template that they hold.
    return [repr(value)]


def _names(scenario: ClientScenario, scope: Scope) -> dict[str, str]:
    return {symbol: render(f"{{{symbol}}}", scope) for symbol in symbols(scenario)}


def _credentials(
    scenario: ClientScenario,
    endpoint: Endpoint,
    scope: Scope,
    folders: tuple[Path, Path, Path, Path],
) -> Stage:
    sas = _sas(scenario, endpoint)
    key = endpoint.key if scenario.signed == "shared-key" else None
    token = None
    if scenario.signed == "bearer" and endpoint.tokens is not None:
        token = endpoint.tokens.token()
    if {"shared-key": key, "account-sas": sas, "bearer": token}[scenario.signed] is None:
        raise UnfitEndpointError(
            f"{scenario.id} is signed with {scenario.signed}, which endpoint {endpoint.name} cannot give",
            "Configure the endpoint's key, SAS or token source, or record against `reference`.",
        )
    files, out, home, folder = folders
    held = [secret for secret in (endpoint.key, endpoint.sas, sas, token) if secret is not None]
    names = _names(scenario, scope)
    return Stage(scope.seed, names, files, out, home, folder, sas, key, token, _spellings(held))


def _sas(scenario: ClientScenario, endpoint: Endpoint) -> Secret | None:
    wanted = AccountSas(permissions=scenario.permissions or ALL_PERMISSIONS)
    try:
        return Secret(account_sas(endpoint, wanted, datetime.now(UTC)))
    except CredentialMissingError:
        return endpoint.sas


def _spellings(held: list[Secret]) -> tuple[str, ...]:
    """Secrets as they may be met: whole, the signature of a SAS alone, percent-encoded or not."""
    plain = [secret.reveal() for secret in held]
    plain += [match[1] for text in plain if (match := _SIGNATURE.search(text))]
    every = {form for text in plain for form in (text, unquote(text), quote(unquote(text), safe=""))}
    return tuple(sorted((form for form in every if len(form) >= 8), key=len, reverse=True))


# --- the endpoint ---


def _set(scenario: ClientScenario, world: World, ready: Stage, scope: Scope) -> Mapping[str, str]:
    """Put everything there; what the premises save."""
    write_files(ready.files, scenario.files, scope)
    for symbol, name in ready.containers.items():
        if symbol.startswith("own-container"):
            _must(scenario, world.send(Step("PUT", f"/{name}?restype=container"), scope).exchange, (201,))
    saved: dict[str, str] = {}
    for step in scenario.given:
        wanted = step.expect.status.value if step.expect.status else ()
        for number in range(step.repeat or 1):
            known = replace(scope.knowing(saved), counter=number if step.repeat else None)
            exchange = _send(scenario, world, step, known)
            _must(scenario, exchange, wanted)
            saved |= {
                save.name: values[0]
                for save in step.save
                if exchange.response is not None and (values := saved_values(save, exchange.response))
            }
    return saved


def _send(scenario: ClientScenario, world: World, step: Step, scope: Scope) -> Exchange:
    try:
        return world.send(step, scope).exchange
    except CredentialMissingError as error:
        raise UnfitEndpointError(f"{scenario.id}: {error}", "Configure the endpoint's credentials.") from None


def _must(scenario: ClientScenario, exchange: Exchange, statuses: tuple[int, ...]) -> None:
    response = exchange.response
    if exchange.failure is None and response is not None and response.status in statuses:
        return
    said = exchange.failure or "nothing"
    if exchange.failure is None and response is not None:
        said = f"{response.status} ({header(response.headers, 'x-ms-error-code') or 'no error code'})"
    path = exchange.request.target.partition("?")[0]
    wanted = " or ".join(str(status) for status in statuses)
    raise PremiseFailedError(
        f"{scenario.id}: the premise {exchange.request.method} {path} needed {wanted}, got {said}",
        "blobproof doctor says whose fault it is.",
    )


def _scope(endpoint: Endpoint, prefix: str) -> Scope:
    return Scope(
        account=endpoint.account,
        url=endpoint.url,
        container=f"{prefix}own",
        own_container=f"{prefix}own",
        new_containers=f"{prefix}new",
        blobs="blob",
        seed=prefix,
        now=datetime.now(UTC),
    )


def _clear(endpoint: Endpoint, ready: Stage) -> None:
    """Remove every container of the stage. What cannot be removed is for `blobproof sweep`."""
    try:
        found = [one.name for one in containers(endpoint, ready.prefix)]
    except ContainerListError:
        found = list(ready.containers.values())
    stayed = remove(endpoint, found)
    leased = [name for name, said in stayed.items() if said == "412"]
    world = World(endpoint, ready.prefix)
    try:
        for name in leased:
            world.send(
                Step("PUT", f"/{name}?comp=lease&restype=container", _BREAK), _scope(endpoint, ready.prefix)
            )
    finally:
        world.hang_up()
    remove(endpoint, leased)
