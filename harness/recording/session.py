"""One recording: the stage is set, the client does what its scenario says, and what went by is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from harness.clients.process import Ran, redacted, run_client
from harness.endpoint import Endpoint, Face, Style
from harness.recording.drivers import Driver, driver
from harness.recording.errors import (
    ClientFailedError,
    ClientMissingError,
    ClientTimedOutError,
    CutOffError,
    FaultMissedError,
    NeverConnectedError,
    UnfitEndpointError,
)
from harness.recording.flow import Flow, Outcome, Recording
from harness.recording.passed import Passed
from harness.recording.place import Place
from harness.recording.proxy import Recorder
from harness.recording.recorders import Recorders
from harness.recording.scenario import ClientScenario, Run
from harness.recording.stage import Stage, stage
from harness.tools.find import Found, Missing, find

Watch = Callable[[str], None]
"""Takes a few words on what is being done."""

INNER = "the endpoint's own reads of copy sources"
ELSEWHERE = "requests to other hosts"
_LAST_WORDS = 300
_COMPLAINT = re.compile(r'(fatal|error|panic)\b|\{.*"MessageType":"Error"', re.IGNORECASE)


def record_once(
    scenario: ClientScenario,
    endpoint: Endpoint,
    recorders: Recorders,
    *,
    watch: Watch = lambda words: None,
    how: Driver | None = None,
    found: Found | None = None,
) -> Recording:
    """Run a client through a scenario behind the recorder.

    `how` and `found` stand for the client's driver and program where it is no client of ours. Raises a
    RecordingError, RecorderError, UnknownClientError or PlaceholderError; whatever happens, containers, files
    and processes are gone afterwards.
    """
    how = how or driver(scenario.client)
    client = found or _installed(scenario, how)
    face = face_for(scenario, endpoint)
    recorder = recorders.of("forward" if face.style is Style.HOST else "reverse")
    watch("sets the stage")
    with stage(scenario, endpoint) as ready:
        place = _place(scenario, endpoint, face, recorder, ready, client)
        recorder.begin(endpoint, face, scenario.faults)
        outcomes = []
        for number, run in enumerate(scenario.run, 1):
            watch(f"run {number} of {len(scenario.run)}")
            outcomes.append(_run(scenario, how, run, place, ready))
        every = recorder.take()
        passed = [one for one in every if _is_ours(one, endpoint, place)]
        flows = tuple(one.flow for one in passed if not one.inner)
        _check(scenario, flows, every, outcomes)
        left_out = Counter({INNER: sum(one.inner for one in passed), ELSEWHERE: len(every) - len(passed)})
        return Recording(
            scenario=scenario,
            client_version=client.version,
            flows=flows,
            containers=MappingProxyType({name: symbol for symbol, name in ready.containers.items()}),
            roots=_roots(place, face, passed),
            account=endpoint.account,
            prefix=face.prefix,
            server=endpoint.declared or endpoint.name,
            recorder=recorder.version,
            saved=ready.saved,
            outcomes=tuple(outcomes),
            left_out=MappingProxyType({why: count for why, count in left_out.items() if count}),
            secrets=ready.secrets,
        )


def face_for(scenario: ClientScenario, endpoint: Endpoint) -> Face:
    """The address of the endpoint that the scenario wants. Raises UnfitEndpointError.

    A scenario in path style runs in host style where there is nothing else, as on Azure itself.
    """
    main = endpoint.face()
    order: tuple[str, ...] = ("host-https", "host", "main")
    if scenario.style is Style.PATH and main.style is Style.PATH:
        order = ("https", "main") if scenario.secure else ("main",)
    for name in order:
        if name == "main" or name in endpoint.also:
            face = endpoint.face(name)
            if face.style is scenario.style or main.style is Style.HOST:
                return face
    raise UnfitEndpointError(
        f"{scenario.id} needs {scenario.style} style, and endpoint {endpoint.name} has no such address",
        "Name one in the endpoint's file, or record against `reference`.",
    )


def _installed(scenario: ClientScenario, how: Driver) -> Found:
    found = find(how.tool)
    if isinstance(found, Missing):
        raise ClientMissingError(f"{scenario.id}: {how.tool} is missing: {found.reason}", found.how)
    return found


def _place(
    scenario: ClientScenario, endpoint: Endpoint, face: Face, recorder: Recorder, ready: Stage, client: Found
) -> Place:
    trust = {
        name: str(recorder.ca_file)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    }
    proxy: Mapping[str, str] = {}
    if face.style is Style.HOST:
        # A port of plain HTTP means nothing in an HTTPS URL.
        authority = face.authority if face.scheme == "https" else face.server_name
        url, secure = f"https://{authority}{face.prefix}", True
        proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://{recorder.authority}")
    else:
        secure = scenario.secure
        url = f"{'https' if secure else 'http'}://{recorder.authority}{face.prefix}"
    return Place(
        scenario=scenario,
        found=client,
        url=url,
        style=face.style,
        secure=secure,
        account=endpoint.account,
        containers=ready.containers,
        files=ready.files,
        out=ready.out,
        home=ready.home,
        ca_file=recorder.ca_file,
        key=ready.key,
        sas=ready.sas if scenario.signed == "account-sas" else None,
        token=ready.token,
        source_sas=ready.sas,
        env=MappingProxyType({**trust, **proxy}),
        saved=ready.saved,
    )


def _run(scenario: ClientScenario, how: Driver, run: Run, place: Place, ready: Stage) -> Outcome:
    command = how.command(run, place)
    try:
        ran = run_client(
            command.argv,
            env=command.env,
            cwd=command.cwd,
            seconds=run.seconds,
            stdin=command.stdin_file or command.stdin,
        )
    except OSError as error:
        raise ClientFailedError(
            f"{scenario.id}: {command.argv[0]} cannot be started: {error.strerror}",
            f"Install it again: blobproof tools {how.tool}",
        ) from None
    words = command.said(ran) if command.said is not None else _last_words(ran)
    words = redacted(words, ready.secrets)[:_LAST_WORDS]
    if ran.exit is None:
        raise ClientTimedOutError(
            f"{scenario.id}: the client did not end within {run.seconds:g} s: {words}",
            "Give the run more `seconds`, if it only needs longer.",
        )
    if ran.exit not in run.exits:
        wanted = " or ".join(str(code) for code in run.exits)
        how_it_ended = f"exit code {ran.exit}" if ran.exit >= 0 else f"signal {-ran.exit}"
        raise ClientFailedError(
            f"{scenario.id}: the client ended with {how_it_ended}, not exit code {wanted}: {words}",
            "The words after the last colon are its own. Nothing was kept.",
        )
    return Outcome(ran.exit, words)


def _last_words(ran: Ran) -> str:
    """What a client complained of, or else the end of what it said: on one line."""
    lines = [line.strip() for line in (ran.stderr.strip() or ran.stdout).splitlines() if line.strip()]
    complaint = next((line for line in lines if _COMPLAINT.match(line)), None)
    return complaint or " / ".join(lines[-3:]) or "it said nothing"


def _check(
    scenario: ClientScenario, flows: Sequence[Flow], every: Sequence[Passed], outcomes: Sequence[Outcome]
) -> None:
    """Raises where the recording does not show what the scenario is about."""
    if not flows:
        raise NeverConnectedError(
            f"{scenario.id}: the client ended, but nothing of it went through the recorder: "
            f"{outcomes[-1].words}",
            "Does it use the URL and the proxy that it was given?",
        )
    for one in every:
        if one.cut is not None:
            request = one.flow.exchange.request
            path = request.target.partition("?")[0]
            raise CutOffError(
                f"{scenario.id}: {request.method} {path} got no whole answer from the endpoint: {one.cut}",
                "Nothing was kept. blobproof doctor says whose fault it is.",
            )
    happened = {flow.injected.fault for flow in flows if flow.injected is not None}
    for fault in scenario.faults:
        if fault.name not in happened:
            raise FaultMissedError(
                f"{scenario.id}: no request was hit by the fault {fault.name}",
                "Its method, comp, path and first say which request it is for.",
            )


def _is_ours(one: Passed, endpoint: Endpoint, place: Place) -> bool:
    """Whether it went to the account: to the address that the client was told, or to a name of its own."""
    host = one.flow.host.lower()
    name = host.partition(":")[0]
    return host == place.authority.lower() or name.startswith(f"{endpoint.account.lower()}.")


def _roots(place: Place, face: Face, passed: Sequence[Passed]) -> tuple[str, ...]:
    seen = [f"{one.flow.exchange.scheme}://{one.flow.host}{face.prefix}" for one in passed]
    return tuple(dict.fromkeys((place.url, *seen)))
