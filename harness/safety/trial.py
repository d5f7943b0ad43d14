"""One trial: a client does one action, one request of it is struck, and what is there afterwards decides."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.clients.truth import Truth
from harness.drive.action import Action, Told
from harness.drive.client import Cannot, Client
from harness.drive.clients import client as client_named
from harness.drive.scene import Scene
from harness.endpoint import Endpoint
from harness.exchange import Exchange
from harness.faults.catalogue import catalogue
from harness.faults.fault import Kind, Strike
from harness.redact import redact_target
from harness.safety.aim import Aim, aim, sent
from harness.safety.bench import Bench, Rehearsal, Warm, Way, way
from harness.safety.known import Known
from harness.safety.look import Holdings, holdings, left, torn, wrong
from harness.safety.outcome import Judged, Outcome, Wrong, judge
from harness.scenario import Ended, Scenario
from harness.signing.authorise import CredentialMissingError
from harness.tools.find import Found, Missing, find
from harness.vocabulary import Level, Verdict

SECONDS = 30.0
"""What a client may take for one action, unless it is one of these."""
_LONGER = {"azcopy": 60.0}
_PREFIX = "trial"


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of one action."""

    scene: Scene
    told: Told
    wrong: tuple[Wrong, ...]
    before: Holdings
    after: Holdings
    strikes: tuple[Strike, ...]
    untouched: Sequence[Exchange]
    torn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A client, an action, and the fault that hits its requests of one family."""

    client: str
    action: Action
    on: str
    fault: str

    def run(
        self, scenario: Scenario, endpoint: Endpoint, bench: Bench, prefix: str, known: Known | None = None
    ) -> None:
        """Make the trial and report it. `prefix` is how container names begin."""
        who = client_named(self.client)
        found = find(who.tool)
        if isinstance(found, Missing):
            scenario.not_run(f"{found.name} is missing: {found.reason}. {found.how}")
        scenario.used(who.name, found.version)
        try:
            how = way(who, self.action, endpoint)
            if isinstance(how, Cannot):
                scenario.not_applicable(how.reason, how.source)
            self._run(scenario, _Stage(endpoint, bench, who, found, how, prefix), known)
        except CredentialMissingError as error:
            scenario.not_applicable(str(error))

    def _run(self, scenario: Scenario, stage: _Stage, known: Known | None) -> None:
        rehearsed = stage.rehearsed(self.action, scenario.work / "rehearsal")
        if rehearsed.trouble:
            raise Ended(Verdict.BLOCKED, f"without any fault {self.client} {rehearsed.trouble}")
        at = aim(rehearsed.requests, self.on)
        if at is None:
            scenario.outcome = Outcome.NOT_STRUCK.value
            scenario.not_applicable(f"{self.client} sends no {self.on} request for {self.action}")
        named = catalogue()[self.fault]
        if named.fault.kind is Kind.REFUSED:
            stage.cool()  # so that it has to connect anew
        done = stage.act(self.action, scenario.work / "trial", at, self.fault)
        there = left(done.scene, done.wrong, done.before, done.after)
        judged = judge(done.told.outcome, done.told.said, done.wrong, struck=bool(done.strikes), there=there)
        scenario.outcome = judged.outcome.value
        keep(scenario.logs, done)
        require(scenario, done.after, done.torn)
        if judged.outcome is Outcome.NOT_STRUCK:
            stage.cool()
            scenario.not_applicable(f"{judged.note}: {self.fault} met no {at.operation} that it fits")
        if judged.outcome is Outcome.HANGS:
            stage.cool()
        self._report(scenario, judged, done.strikes, known)

    def _report(
        self, scenario: Scenario, judged: Judged, strikes: Sequence[Strike], known: Known | None
    ) -> None:
        scenario.check(
            f"{self.client} under {self.fault}",
            Outcome.RECOVERS,
            judged.outcome,
            level=Level.OBSERVED,
            why=known.why if known else "",
            source=known.source if known else (),
        )
        if judged.note:
            scenario.check("what was found", "", judged.note, level=Level.OBSERVED)
        scenario.check("what was struck", "", "; ".join(map(_struck, strikes)), level=Level.OBSERVED)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A client on the bench, at an endpoint."""

    endpoint: Endpoint
    bench: Bench
    client: Client
    found: Found
    way: Way
    prefix: str

    @property
    def above(self) -> str:
        """What stands before the container in a request's target."""
        return self.endpoint.face(self.way.face).prefix

    def rehearsed(self, action: Action, work: Path) -> Rehearsal:
        """What the client does without a fault; it is made to do so once."""
        key = (self.client.name, self.endpoint.url, action)
        if key not in self.bench.rehearsals:
            done = self.act(action, work)
            self.bench.rehearsals[key] = Rehearsal(sent(done.untouched, self.above), _trouble(done))
        return self.bench.rehearsals[key]

    def act(self, action: Action, work: Path, at: Aim | None = None, fault: str = "") -> _Done:
        """Do the action once, with a fault where one is aimed, in a container of its own."""
        warm = self.bench.warm(self.client, self.found, self.endpoint, self.way)
        with Truth(self.endpoint) as truth, _container(truth, self.prefix) as container:
            scene = Scene.for_action(action, truth, container, work, _PREFIX, large=self.client.large)
            before = holdings(truth, container)
            warm.proxy.take()
            if at is not None:
                warm.proxy.arm([at.fault(catalogue()[fault])])
            strikes: tuple[Strike, ...] = ()
            try:
                told = warm.session.do(scene.task, _LONGER.get(self.client.name, SECONDS))
            finally:
                strikes = _disarmed(warm)
            after = holdings(truth, container)
            untouched = warm.proxy.take()
            arrived = [one.exchange for one in strikes if one.reached and one.exchange is not None]
            spoilt = torn(scene, before, after, [*untouched, *arrived], self.above)
            return _Done(scene, told, wrong(scene, told), before, after, strikes, untouched, spoilt)

    def cool(self) -> None:
        """End the client's process and its connections; the next action starts it anew."""
        self.bench.cool(self.client, self.endpoint, self.way)


def _disarmed(warm: Warm) -> tuple[Strike, ...]:
    return warm.proxy.disarm(settle=1.0)


@contextlib.contextmanager
def _container(truth: Truth, prefix: str) -> Iterator[str]:
    name = f"{prefix}{secrets.token_hex(5)}"
    truth.create_container(name)
    try:
        yield name
    finally:
        truth.delete_container(name)


def require(scenario: Scenario, after: Holdings, spoilt: Sequence[str]) -> None:
    """What the endpoint owes whatever a client meets: its state can be read, and no blob is half-written."""
    scenario.check(
        "what is there can be listed and read",
        "all of it",
        "; ".join(after.trouble[:3]) or "all of it",
        why="A connection that breaks must leave no state that a reader stumbles over.",
    )
    scenario.check(
        "every blob is wholly as it was, or wholly as it was sent",
        "every one",
        "; ".join(spoilt[:3]) or "every one",
        why="A write that breaks off must not be visible: whoever reads would take it for the whole.",
    )


def keep(logs: Path, done: _Done) -> None:
    """Write down what went over the wire: a line for each request, those that were struck with the fault."""
    logs.mkdir(parents=True, exist_ok=True)
    lines = [(one.started, _line(one)) for one in done.untouched]
    lines += [(one.at, f"{_struck(one)}  <-- struck") for one in done.strikes]
    text = "".join(f"{line}\n" for _, line in sorted(lines))
    (logs / "requests.txt").write_text(text + f"{done.told.outcome}: {done.told.said}\n", encoding="utf-8")


def _trouble(done: _Done) -> str:
    if done.told.outcome != "done":
        return f"{'hangs' if done.told.outcome == 'hung' else 'fails'}: {done.told.said}"
    if done.wrong:
        return f"gets it wrong: {done.wrong[0]}"
    return ""


def _line(one: Exchange) -> str:
    answer = one.failure or ("no answer" if one.response is None else str(one.response.status))
    return f"{one.request.method} {redact_target(one.request.target)} {answer}"


def _struck(one: Strike) -> str:
    if not one.method:
        return f"{one.fault} hit a new connection"
    reached = "reached the endpoint" if one.reached else "did not reach the endpoint whole"
    answered = f", which answered {one.status}" if one.status is not None else ""
    return f"{one.fault} hit {one.method} {one.target} ({one.operation}); it {reached}{answered}"
