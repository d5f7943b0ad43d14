"""The arms of a real comparison: every run of a block is a load run of its own, with its own workers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.endpoint import Endpoint
from harness.vocabulary import ExitCode
from loadgen.compare.comparable import UNSTATED, Side, Substrate, work
from loadgen.compare.metric import unfit
from loadgen.compare.values import BlockResult, CheckSeen, CompareError, Place
from loadgen.fleet.after import Done
from loadgen.fleet.container import ContainerError, new_name
from loadgen.fleet.job import Auth
from loadgen.fleet.launch import FleetError, Formation
from loadgen.fleet.run import Watch, bench
from loadgen.fleet.wish import Wish, authorised
from loadgen.plan import document
from loadgen.plan.values import Plan
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.check import Check, State
from loadgen.validity.checks import ceiling_of
from loadgen.validity.world import Bound

SECONDARY = re.compile(
    r"\.(barrier_s|median_rank_s|seal_s|straggler_ratio|round_trip_s|latency_p50_ms|latency_p99_ms)$"
)
"""Metrics of a run that a comparison looks at beside the primary one. More of them cost each its power."""


class ArmError(CompareError):
    """An arm that is gone, or could never be measured."""

    def __init__(self, what: str, hint: str = "", exit_code: ExitCode = ExitCode.INDETERMINATE) -> None:
        super().__init__(what, hint)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: an endpoint that is there, and what was stated of it."""

    endpoint: Endpoint
    shown: str
    auth: Auth | None = None
    substrate: Substrate = UNSTATED
    disclosure: Mapping[str, Any] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()  # of the substrate

    def facts(self) -> dict[str, Any]:
        """What the header says of it."""
        endpoint, auth = authorised(self.endpoint, self.auth)
        return {
            "name": self.shown,
            "scheme": endpoint.face().scheme,
            "authorised": auth.value,
            "substrate": self.substrate.name,
            "provenance": self.substrate.provenance,
            "durability": self.substrate.durability,
        }

    def side(self) -> Side:
        """What decides whether a verdict is possible, and what is said beside it."""
        facts = self.facts()
        said = {"scheme": facts["scheme"], "authorisation": facts["authorised"]}
        return Side(self.shown, said, self.substrate)


class BenchArms:
    """Measures arms by `loadgen.fleet.run.bench`; a `loadgen.compare.values.Measure`.

    Every run starts its workers and makes its container, and ends both: that takes some seconds, which are in
    no metric. Its folder is `folder`/runs/STAGE-BLOCK-POSITION. The generator's ceiling is measured before
    the first run, and every run of both arms is held against it; an arm of another scheme than that of the
    first has one of its own, for encryption lowers it. Raises `KeyboardInterrupt` after Ctrl-C, and
    `ArmError` for an arm that never worked.
    """

    def __init__(
        self,
        arms: Mapping[str, Arm],
        plan: Plan,
        formation: Formation,
        folder: Path,
        *,
        primary: str,
        watch: Callable[[Plan], Watch],
        connections: int = 0,
    ) -> None:
        self._arms = arms
        self._plan = plan
        self._formation = formation
        self._folder = folder
        self._primary = primary
        self._watch = watch
        self._connections = connections
        self._worked: set[str] = set()
        self._ceilings: dict[bool, Ceiling | None] = {}  # by whether it is HTTPS; None: it could not be found

    def __call__(self, arm: str, place: Place) -> BlockResult:
        """One run of an arm."""
        side = self._arms[arm]
        plan = replace(self._plan, seed=place.seed, container=new_name())
        name = f"runs/{place.stage.value}-{place.block:02d}-{place.position}{arm}"
        folder = self._folder / name
        folder.mkdir(parents=True)
        https = side.facts()["scheme"] == "https"
        wish = Wish(
            plan,
            side.shown,
            side.auth,
            self._formation,
            folder,
            connections=self._connections,
            self_test=https not in self._ceilings,
            ceiling=self._ceilings.get(https),
            substrate=side.substrate.name,
            substrate_provenance=side.substrate.provenance,
            bounds=side.bounds,
            disclosure=side.disclosure,
        )
        try:
            done = bench(wish, side.endpoint, self._watch(plan))
        except (ContainerError, FleetError) as error:
            if arm not in self._worked:
                raise ArmError(f"{arm}, {side.shown}: {error}", error.hint, error.exit_code) from error
            return BlockResult({}, failure=str(error), folder=name)
        if done.interrupted:
            raise KeyboardInterrupt
        self._ceilings.setdefault(https, ceiling_of(done.run))
        result = _result(done, name, self._primary)
        if not result.failure:
            self._worked.add(arm)
        return result


def _result(done: Done, name: str, primary: str) -> BlockResult:
    phases = [one for one in done.run.phases if one.measured]
    values = {
        one.name: one.value
        for one in done.metrics
        if not unfit(one) and (one.name == primary or SECONDARY.search(one.name))
    }
    why = next(filter(None, (unfit(one) for one in done.metrics if one.name == primary)), "")
    return BlockResult(
        values=values,
        ops=sum(one.ops for one in phases),
        errors=sum(one.errors for one in phases),
        seconds=sum(one.barrier_s or 0.0 for one in phases),
        checks=tuple(CheckSeen(one.name, _state(one), one.said) for one in done.checks),
        folder=name,
        failure=why if done.run.complete else f"the run is partial: {done.run.why}",
        facts={"plan": fingerprint(document.load(done.run.header.plan)), "workers": done.run.header.workers},
    )


def _state(check: Check) -> str:
    """A run that may be no side of a comparison is none. What a crash would leave is looked at for both."""
    forbidden = check.forbids_verdict and check.name != "durability"
    return State.INVALIDATES.value if forbidden else check.state.value


def fingerprint(plan: Plan) -> str:
    """What of a plan must be the same in both arms: all but where its blobs go."""
    text = json.dumps(work(document.dump(plan)), sort_keys=True)
    return hashlib.sha256(f"{plan.seed} {text}".encode()).hexdigest()[:16]
