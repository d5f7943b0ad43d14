"""Replaying a golden spec: its requests in their partial order, as many at once as it allows; facts come out.

Of the steps that may go, the last in the file goes first: blocks arrive in another order than they are listed
in, and whatever the client leaves open is put to the test. Nothing is judged here, and nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from harness.cases.template import Scope
from harness.containers import RUN_PREFIX
from harness.endpoint import Endpoint, Face
from harness.execute import EXCHANGE_SECONDS, STEP_SECONDS, World, keep, send_in_order, staged
from harness.golden.address import fitting, toward
from harness.golden.case import as_case
from harness.golden.send import Manner, manner, prepare
from harness.golden.spec import GoldenSpec, GoldenStep
from harness.golden.ways import Way
from harness.judge.facts import Facts, StepFact
from harness.wire.connection import ConnectError, Connection
from harness.wire.dial import dial

AT_ONCE = 8
"""Connections that one replay has open, hence requests that are under way at the same time."""


class OrderError(Exception):
    """The steps of a spec wait for each other: our own fault, or that of whoever wrote the file."""


def replay(
    spec: GoldenSpec,
    world: World,
    way: Way = Way.RECORDED,
    *,
    via: Face | str | None = None,
    at_once: int = AT_ONCE,
    spoilt: bool = False,
) -> Facts:
    """Replay a spec to its end, or to the first step that gets no answer, or lacks what it is to save.

    With `via`, the client's requests go to that address instead; premises and reads go to the endpoint
    itself. With `spoilt`, those are sent as well that never reached the server, one step at a time as they
    are written: for a recorder that spoils the same ones again; such facts are not for the judge. Facts of
    the steps come in the order of their answers. Raises NoContainerError.
    """
    steps = spec.steps if spoilt else spec.sent
    try:
        endpoint = fitting(world.endpoint, spec.needs) if via is None else toward(world.endpoint, via)
    except LookupError as error:
        return Facts(made_up=world.made_up, not_applicable=str(error))
    how = manner(spec, endpoint, way)

    def run(scope: Scope, facts: list[StepFact]) -> None:
        home = how.home
        secure = home.url if home.scheme == "https" else scope.secure_url
        scope = replace(scope, url=home.url, secure_url=secure)
        saved: dict[str, str] = {}
        if not send_in_order(world, "given", spec.given, scope, saved, facts):
            return
        after = dict(_predecessors(spec.steps, steps))
        lanes = 1 if spoilt else at_once
        with contextlib.closing(_Player(steps, after, how, scope, saved, lanes, spoilt)) as player:
            whole = player.play()
            facts += player.facts
        if whole:
            reads: list[StepFact] = []
            send_in_order(world, "steps", spec.then, scope, saved, reads)
            first = len(steps)
            facts += (
                replace(fact, index=first + fact.index, name=f"then {fact.index + 1}") for fact in reads
            )

    return staged(as_case(spec), world, run)


def replay_once(
    spec: GoldenSpec,
    endpoint: Endpoint,
    *,
    via: Face | str | None = None,
    way: Way = Way.RECORDED,
    prefix: str | None = None,
    spoilt: bool = False,
) -> Facts:
    """Replay one spec alone, perhaps by way of a recorder. Its containers stay, named in the facts' scopes.

    `prefix` is what their names begin with; default: one that `sweep` knows. `via` and `spoilt` are those of
    `replay`. Raises NoContainerError.
    """
    world = World(endpoint, prefix or f"{RUN_PREFIX}{secrets.token_hex(4)}-")
    return replay(spec, world, way, via=via, spoilt=spoilt)


@dataclass(slots=True)
class _Lane:
    """The connections of one thread at a time, by address."""

    connections: dict[str, Connection] = field(default_factory=dict)

    def connection(self, endpoint: Endpoint, face: Face) -> Connection:
        """One that is kept alive."""
        if face.name not in self.connections:
            self.connections[face.name] = dial(
                endpoint, face.name, timeout=STEP_SECONDS, deadline=EXCHANGE_SECONDS
            )
        return self.connections[face.name]

    def close(self) -> None:
        """Close them."""
        for connection in self.connections.values():
            connection.close()


class _Player:
    """One replay while it runs: what waits, what is under way, what came back."""

    def __init__(
        self,
        steps: tuple[GoldenStep, ...],
        after: Mapping[str, frozenset[str]],
        how: Manner,
        scope: Scope,
        saved: dict[str, str],
        at_once: int,
        spoilt: bool,
    ) -> None:
        self._steps = steps
        self._after = after
        self._how = how
        self._scope = scope
        self._saved = saved
        self._at_once = at_once
        self._spoilt = spoilt
        self._free = [_Lane() for _ in range(at_once)]
        self._lanes = tuple(self._free)
        self._answered: set[str] = set()
        self._facts: list[StepFact] = []

    @property
    def facts(self) -> list[StepFact]:
        """What came back, in the order of the answers."""
        return sorted(self._facts, key=_came)

    def close(self) -> None:
        """Close the connections: what is left on one must not be blamed on another spec."""
        for lane in self._lanes:
            lane.close()

    def play(self) -> bool:
        """Send every step. False when it ended early."""
        waiting = list(range(len(self._steps)))
        running: dict[Future[StepFact], _Lane] = {}
        going = True
        turn = threading.Event()
        turn.set()
        with ThreadPoolExecutor(self._at_once) as pool:
            while running or (waiting and going):
                if going:
                    for index in self._ready(waiting)[: len(self._free)]:
                        waiting.remove(index)
                        lane, known = self._free.pop(), self._scope.knowing(self._saved)
                        begun = threading.Event()
                        running[pool.submit(self._send, index, known, lane, turn, begun)] = lane
                        turn = begun
                if not running:
                    names = ", ".join(self._steps[index].name for index in waiting)
                    raise OrderError(f"these steps wait for each other: {names}")
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for fact in sorted((self._done(future, running) for future in done), key=_came):
                    going &= self._keep(fact)
        return going

    def _ready(self, waiting: list[int]) -> list[int]:
        """The steps that may go now, the last named first; for a recorder that spoils some, the first."""
        order = waiting if self._spoilt else reversed(waiting)
        return [index for index in order if self._after[self._steps[index].name] <= self._answered]

    def _done(self, future: Future[StepFact], running: dict[Future[StepFact], _Lane]) -> StepFact:
        self._free.append(running.pop(future))
        return future.result()

    def _keep(self, fact: StepFact) -> bool:
        golden = self._steps[fact.index]
        self._facts.append(fact)
        self._answered.add(fact.name)
        if self._spoilt and golden.injected is not None:  # of an answer that is cut, the client knew the head
            keep(replace(fact.exchange, failure=None), golden.step, self._saved)
            return True
        return keep(fact.exchange, golden.step, self._saved)

    def _send(
        self, index: int, scope: Scope, lane: _Lane, turn: threading.Event, begun: threading.Event
    ) -> StepFact:
        """Send a step as soon as the one before has begun: so that the order is ours, and no accident."""
        golden: GoldenStep = self._steps[index]
        try:
            ready = prepare(golden.step, scope, self._how)
            connection = lane.connection(self._how.endpoint, ready.face)
            with contextlib.suppress(ConnectError):  # the exchange meets it again, and says so
                connection.connect()
            turn.wait()
            exchange = connection.exchange(ready.request, begun.set)
        finally:
            begun.set()
        return StepFact("steps", index, exchange, ready.scope, ready.face.prefix, name=golden.name)


def _came(fact: StepFact) -> float:
    """When the answer was there."""
    return fact.exchange.started + fact.exchange.elapsed


def _predecessors(
    every: tuple[GoldenStep, ...], sent: tuple[GoldenStep, ...]
) -> Iterator[tuple[str, frozenset[str]]]:
    """For each step the steps that must have been answered; through those that are not sent, to theirs."""
    names = {step.name for step in sent}
    after = {step.name: step.after for step in every}

    def real(name: str) -> Iterator[str]:
        for before in after[name]:
            if before in names:
                yield before
            else:
                yield from real(before)

    for name in names:
        yield name, frozenset(real(name))
