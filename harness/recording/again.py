"""The round trip: our replay of a golden spec is recorded as a client is, and must compile to the same."""

from __future__ import annotations

import secrets
from dataclasses import replace
from types import MappingProxyType

from harness import containers
from harness.endpoint import Endpoint, Face, Style
from harness.golden.compile import CompileError, compile_recordings
from harness.golden.document import dump
from harness.golden.replay import replay_once
from harness.golden.spec import GoldenSpec
from harness.judge.facts import Facts
from harness.recording.flow import Recording
from harness.recording.recorders import Recorders
from harness.recording.scenario import ClientScenario
from harness.recording.session import INNER, Watch, face_for
from harness.recording.stage import PREFIX


class NoRoundTripError(CompileError):
    """The replay of a spec could not be recorded."""


def round_trip(
    spec: GoldenSpec,
    scenario: ClientScenario,
    endpoint: Endpoint,
    recorders: Recorders,
    *,
    recordings: int = 2,
    watch: Watch = lambda words: None,
) -> str | None:
    """Where the spec of our replay differs from the one that was replayed; None where it does not.

    Provenance is left aside: the one tells of a client, the other of us. Raises CompileError, RecorderError,
    NoContainerError.
    """
    made = []
    for number in range(recordings):
        watch(f"replay {number + 1}")
        made.append(_recorded(spec, scenario, endpoint, recorders))
    there, again = (dump(replace(one, provenance={})) for one in (spec, compile_recordings(made)))
    if there == again:
        return None
    for number, (old, new) in enumerate(zip(there.splitlines(), again.splitlines(), strict=False), 1):
        if old != new:
            return f"line {number} without provenance: {old.strip()!r} is now {new.strip()!r}"
    return "one has lines that the other has not"


def _recorded(
    spec: GoldenSpec, scenario: ClientScenario, endpoint: Endpoint, recorders: Recorders
) -> Recording:
    face = face_for(scenario, endpoint)
    # In front of one address, also in host style: our replay needs no proxy to keep its Host header.
    recorder = recorders.of("reverse")
    recorder.begin(endpoint, face, scenario.faults)
    via = _via(face, recorder.authority, secure=scenario.secure or face.style is Style.HOST)
    prefix = f"{PREFIX}{secrets.token_hex(4)}-"
    try:
        facts = replay_once(spec, endpoint, via=via, prefix=prefix, spoilt=bool(scenario.faults))
        every = recorder.take()
    finally:
        containers.remove(endpoint, [one.name for one in containers.containers(endpoint, prefix)])
    if not facts.steps:
        raise NoRoundTripError(f"{spec.id}: nothing was replayed: {facts.not_applicable or facts.error}")
    passed = [one for one in every if not one.inner]
    inner = len(every) - len(passed)
    return Recording(
        scenario=scenario,
        client_version=spec.client_version,
        flows=tuple(one.flow for one in passed),
        containers=MappingProxyType(_names(facts)),
        roots=(via.url,),
        account=endpoint.account,
        prefix=face.prefix,
        server=endpoint.declared or endpoint.name,
        recorder=recorder.version,
        saved=MappingProxyType(_saved(scenario, facts)),
        left_out=MappingProxyType({INNER: inner} if inner else {}),
    )


def _via(face: Face, authority: str, *, secure: bool) -> Face:
    """The recorder as an address of the endpoint; in host style it keeps the host's name."""
    host, _, port = authority.rpartition(":")
    return replace(
        face,
        scheme="https" if secure else "http",
        authority=face.authority if face.style is Style.HOST else authority,
        address=(host, int(port)),
        server_name=face.server_name if face.style is Style.HOST else host,
    )


def _names(facts: Facts) -> dict[str, str]:
    """Containers of a replay by their names on the wire."""
    scope = facts.steps[0].scope
    out = {scope.own_container: "own-container"}
    for number in range(1, 10):
        if number > 1:
            out[f"{scope.own_container}-{number}"] = f"own-container:{number}"
        out[f"{scope.new_containers}-{number}"] = (
            "new-container" if number == 1 else f"new-container:{number}"
        )
    return out


def _saved(scenario: ClientScenario, facts: Facts) -> dict[str, str]:
    """What the premises of the scenario saved, as the client was told it."""
    names = {save.name for step in scenario.given for save in step.save}
    known = {name: value for fact in facts.steps for name, value in fact.scope.saved.items()}
    return {name: known[name] for name in names if name in known}
