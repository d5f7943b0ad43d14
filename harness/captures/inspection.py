"""The wire rules over a whole capture, in bounded memory: what was evaluated, broken, lacking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from harness.captures.captured import Captured, LeftOut
from harness.captures.hosts import Address, Census, Wanted
from harness.captures.kinds import Capture
from harness.cases.operations import MADE_UP, OPERATIONS
from harness.redact import redact_text
from harness.results.wires import exchange_json
from harness.rules.check import RULES, Outcome, outcomes
from harness.rules.identify import identify
from harness.rules.memory import Memory
from harness.rules.rule import Fact, Rule
from harness.vocabulary import ExitCode, Level

SHOWN = 3
"""Broken exchanges that are kept for each rule."""

Watch = Callable[[str, int], None]
"""Told what is being done, and how many bytes of the capture are read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange that broke a rule, as a reader may see it: secrets redacted."""

    where: str
    operation: str
    expected: str
    observed: str
    exchange: dict[str, Any]


@dataclass(slots=True)
class Score:
    """What became of one rule."""

    rule: Rule
    evaluated: int = 0
    broken: int = 0
    lacking: Counter[Fact] = field(default_factory=Counter)  # exchanges without a fact that it needs
    shown: list[Shown] = field(default_factory=list)


@dataclass(slots=True)
class Inspection:
    """What a capture shows."""

    capture: Capture
    addresses: Counter[Address] = field(default_factory=Counter)
    others: dict[str, int] = field(default_factory=dict)  # exchanges with hosts that are no Blob endpoint
    left_out: Counter[str] = field(default_factory=Counter)  # entries that are no exchange, by reason
    unanswered: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    memories: defaultdict[str, Memory] = field(default_factory=lambda: defaultdict(Memory))  # by account
    scores: dict[str, Score] = field(default_factory=lambda: {rule.id: Score(rule) for rule in RULES})

    @property
    def exchanges(self) -> int:
        """Those with Blob endpoints."""
        return self.addresses.total()

    @property
    def unseen(self) -> tuple[str, ...]:
        """Operations of which the capture holds no exchange."""
        return tuple(sorted(OPERATIONS - self.operations.keys() - {MADE_UP}))

    @property
    def evaluated(self) -> int:
        """Assertions that were made."""
        return sum(score.evaluated for score in self.scores.values())

    def broken(self, level: Level) -> list[Score]:
        """Rules that broke, of this level or a stricter one."""
        return [one for one in self.scores.values() if one.broken and one.rule.level in _UP_TO[level]]

    def exit_code(self, level: Level) -> ExitCode:
        """0, 1 when a rule of the level broke, 5 when nothing was verified."""
        if not self.evaluated:
            return ExitCode.NOTHING_VERIFIED
        return ExitCode.DIVERGENCE if self.broken(level) else ExitCode.MET

    def add(self, captured: Captured, address: Address) -> None:
        """One exchange with a Blob endpoint."""
        self.addresses[address] += 1
        exchange = captured.exchange
        if exchange.response is None or exchange.failure is not None:
            self.unanswered += 1
        request = exchange.request
        self.operations[
            identify(request.method, request.target, request.headers, address.prefix).operation
        ] += 1
        for outcome in outcomes(exchange, address.prefix, self.memories[str(address)]):
            self._count(captured, outcome)

    def _count(self, captured: Captured, outcome: Outcome) -> None:
        score = self.scores[outcome.rule.id]
        if outcome.lacking is not None:
            score.lacking[outcome.lacking] += 1
            return
        score.evaluated += 1
        if outcome.broken is None:
            return
        score.broken += 1
        if len(score.shown) < SHOWN:
            score.shown.append(
                Shown(
                    captured.where,
                    outcome.operation,
                    redact_text(outcome.broken.expected),
                    redact_text(outcome.broken.observed),
                    exchange_json(captured.exchange, None),
                )
            )


_UP_TO = {
    Level.REQUIRED: frozenset({Level.REQUIRED}),
    Level.EXPECTED: frozenset({Level.REQUIRED, Level.EXPECTED}),
}


def inspect(
    capture: Capture, wanted: Wanted | None = None, watch: Watch = lambda what, place: None
) -> Inspection:
    """Read a capture twice: for its hosts, then for its answers. Raises CaptureError."""
    found = Inspection(capture)
    census = Census(wanted or Wanted())
    for captured in _exchanges(capture, partial(watch, "looking for Blob endpoints"), found):
        census.add(captured)
    found.others = census.others
    ignored = Inspection(capture)  # what is left out was counted the first time
    for captured in _exchanges(capture, partial(watch, "holding answers against the rules"), ignored):
        if (address := census.address(captured)) is not None:
            found.add(captured, address)
    return found


def _exchanges(capture: Capture, watch: Callable[[int], None], found: Inspection) -> Iterator[Captured]:
    for entry in capture.entries(watch):
        if isinstance(entry, LeftOut):
            found.left_out[entry.reason] += 1
        else:
            yield entry
