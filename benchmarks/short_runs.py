"""Short load runs in this process: the engine and a plan, without workers to start. For benchmarks only."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

from harness.endpoint import Endpoint
from harness.signing import face_for
from harness.signing.request import own_request
from harness.signing.spec import Default
from harness.wire.dial import dial
from loadgen.client.engine import Engine
from loadgen.client.target import Target
from loadgen.compare.values import BlockResult, Place
from loadgen.payload.payloads import Payloads
from loadgen.plan.values import Plan
from loadgen.work.op import Op, Outcome
from loadgen.work.phase import PhaseSource


class _Count:
    """A recorder that keeps how long each attempt took, ns."""

    def __init__(self) -> None:
        self.took: list[int] = []
        self.errors = 0

    def op(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        self.took.append(outcome.last - outcome.started)
        self.errors += not outcome.good


class ShortRuns:
    """Runs plans on endpoints, arm by arm; a `loadgen.compare.values.Measure`.

    `plans` makes the plan of a run from its seed. Connections are kept from run to run, and nothing is
    written to the disk here: what is measured is one phase after the other, from begin to last answer.
    """

    def __init__(
        self, arms: Mapping[str, Endpoint], plans: Callable[[int], Plan], *, auth: str | None = None
    ) -> None:
        self._plans = plans
        container = plans(1).container
        self._engines = {}
        connections = max(
            sum(lane.ranks * lane.parallel for lane in phase.lanes) for phase in plans(1).phases
        )
        for arm, endpoint in arms.items():
            target = Target.build(endpoint, None, container, auth=auth)  # type: ignore[arg-type]
            self._engines[arm] = Engine(target, Payloads(), connections)

    def __call__(self, arm: str, place: Place) -> BlockResult:
        """One run: `PHASE.barrier_s` and `PHASE.service_p50_ms` of each measured phase."""
        plan = self._plans(place.seed)
        values, ops, errors, began = {}, 0, 0, time.perf_counter()
        for phase in plan.phases:
            count = _Count()
            start = time.monotonic_ns()
            self._engines[arm].run(PhaseSource(plan, phase, range(plan.ranks), start, count))
            if phase.measured:
                values[f"{phase.name}.barrier_s"] = (time.monotonic_ns() - start) / 1e9
                values[f"{phase.name}.service_p50_ms"] = statistics.median(count.took) / 1e6
            ops, errors = ops + len(count.took), errors + count.errors
        return BlockResult(values, ops, errors, time.perf_counter() - began)

    def close(self) -> None:
        """Close the connections."""
        for engine in self._engines.values():
            engine.close()


def create_container(endpoint: Endpoint, name: str) -> None:
    """Make the container that a plan writes to. Raises `RuntimeError` with the status."""
    face = endpoint.face(face_for(Default(), endpoint))
    with dial(endpoint, face_for(Default(), endpoint), timeout=15.0) as connection:
        target = f"/{name}?restype=container"
        response = connection.exchange(own_request(endpoint, face, "PUT", target)).response
    if response is None or response.status != 201:
        raise RuntimeError(f"Create Container: {response.status if response else 'no answer'}")
