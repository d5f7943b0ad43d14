"""The AzCopy gate's helper: runs jobs on a stage, takes what the tap saw, and judges both."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.clients.azcopy import JOB_SECONDS, Azcopy, AzcopyOutcome, Credential
from harness.clients.stage import GateFaultError, Stage, stage
from harness.clients.wirefacts import judge_reliance, query_of
from harness.endpoint import Endpoint
from harness.exchange import Exchange
from harness.scenario import Scenario
from harness.tools.find import Missing, find

_LEAST_SECONDS = 5.0  # a job takes at least 2 s


@dataclass(slots=True)
class AzcopyGate:
    """AzCopy on a stage."""

    stage: Stage
    azcopy: Azcopy
    seen: list[Exchange] = field(default_factory=list)  # by the last job
    until: float | None = None  # monotonic clock: when all jobs must have ended; None: each its own time
    _jobs: int = 0
    _gave_up: bool = False  # the last job, before it had sent everything

    @property
    def scenario(self) -> Scenario:
        """The scenario that this is about."""
        return self.stage.scenario

    def run(
        self,
        command: str,
        *arguments: str,
        credential: Credential | None = None,
        env: Mapping[str, str] = MappingProxyType({}),
        seconds: float | None = None,
        kill_when: Callable[[Sequence[Exchange]], bool] | None = None,
    ) -> AzcopyOutcome:
        """Run one job, and judge what it said on the wire.

        `kill_when` is shown again and again what went through the tap so far, and says when AzCopy is killed.
        Ends the scenario as indeterminate when the job does not end in time.
        """
        self._jobs += 1
        watched: list[Exchange] = []

        def look() -> bool:
            assert kill_when is not None
            watched.extend(self.stage.reach.tap.take(0))
            return kill_when(watched)

        outcome = self.azcopy.run(
            command,
            arguments,
            label=f"{self._jobs}-{command.replace(' ', '-')}",
            credential=credential,
            suffixes=self.stage.reach.authority if credential is not None else "",
            seconds=self._seconds() if seconds is None else seconds,
            env=env,
            kill_when=look if kill_when is not None else None,
        )
        if outcome.exit is None:
            self.scenario.exchanges([*watched, *self.stage.reach.tap.take()])
            self.scenario.indeterminate(f"azcopy {command} {outcome.summary}")
        self._gave_up = outcome.exit != 0
        self.seen = list(self.stage.settle(f"azcopy {command}: {outcome.summary}", watched))
        judge_reliance(self.scenario, self.seen)
        return outcome

    def _seconds(self) -> float:
        if self.until is None:
            return JOB_SECONDS
        return max(_LEAST_SECONDS, self.until - time.monotonic())

    def copy(self, source: str, target: str, from_to: str, *options: str, **kwargs: object) -> AzcopyOutcome:
        """`azcopy copy`, both places given in full; `from_to` as AzCopy names it, LocalBlob and so on."""
        return self.run("copy", source, target, f"--from-to={from_to}", *options, **kwargs)  # type: ignore[arg-type]

    def succeeded(self, outcome: AzcopyOutcome, *, completed: int | None = None, skipped: int = 0) -> None:
        """Check AzCopy's own word: exit 0, nothing failed, and so many transfers."""
        expected, observed = "exit 0, 0 failed", f"exit {outcome.exit}, {outcome.failed} failed"
        if completed is not None:
            expected += f", {completed} done, {skipped} skipped"
            observed += f", {outcome.completed} done, {outcome.skipped} skipped"
        if expected != observed and outcome.reasons:
            observed += f": {outcome.reasons[0]}"
        self.scenario.check("what AzCopy says", expected, observed, source=("azcopy/4.4",))

    def asked(
        self, about: str, at_least: int, *, method: str, comp: str | None = None, has: str = ""
    ) -> None:
        """Make sure that the last job sent what this scenario is about, so that it cannot pass on nothing.

        `has` is a request header that it must carry. A job that failed may have given up before: that is a
        finding already. Raises GateFaultError: the client did something else.
        """
        count = sum(
            1
            for exchange in self.seen
            if exchange.request.method == method
            and query_of(exchange).get("comp") == comp
            and (not has or any(name.lower() == has for name, _ in exchange.request.headers))
        )
        if count < at_least and not self._gave_up:
            raise GateFaultError(f"AzCopy sent {count} times {about}, {at_least} were to be tested")


@contextlib.contextmanager
def azcopy_gate(
    scenario: Scenario,
    endpoint: Endpoint,
    prefix: str,
    *,
    face: str | None = None,
    container: bool = True,
    seconds: float | None = None,
    faulty: bool = False,
) -> Iterator[AzcopyGate]:
    """A stage with AzCopy on it. Ends the scenario as not run when AzCopy is not installed.

    `seconds` is what all its jobs may take together. With `faulty` a fault proxy stands in the tap's place.
    """
    until = None if seconds is None else time.monotonic() + seconds
    found = find("azcopy")
    if isinstance(found, Missing):
        scenario.not_run(f"AzCopy is missing: {found.reason}. {found.how}")
    scenario.used("azcopy", found.version)
    with stage(scenario, endpoint, prefix, face=face, container=container, faulty=faulty) as ready:
        azcopy = Azcopy(found, scenario.work, scenario.logs, ready.reach.env)
        yield AzcopyGate(ready, azcopy, until=until)
