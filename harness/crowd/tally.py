"""What the answers to a crowd had in common: whose they were, which were refusals, which never came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.crowd.call import OWN_ID, Call
from harness.exchange import Exchange, header
from harness.scenario import Scenario

_SHOWN = 3
_NOTED = 10_000
_KEPT = 3
"""Exchanges of one kind that are kept as evidence, and judged by the wire rules; thousands are alike."""


@dataclass(slots=True)
class Tally:
    """Counts, and samples of what is counted."""

    remembered: int = 1_000_000  # request ids of the server, to know one that comes twice
    answers: int = 0
    connections: int = 0
    foreign: list[str] = field(default_factory=list)  # answers that carry the id of another request
    silent: list[str] = field(default_factory=list)  # answers without any such id
    twins: list[str] = field(default_factory=list)  # request ids of the server that came twice
    unexpected: list[str] = field(default_factory=list)
    throttled: Counter[str] = field(default_factory=Counter)  # by status and code
    broken: Counter[str] = field(default_factory=Counter)  # by the first word of the failure
    unanswered: list[str] = field(default_factory=list)  # after the budget
    kept: list[Exchange] = field(default_factory=list)
    _kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)

    def heard(self, call: Call, wanted: str, exchange: Exchange) -> bool:
        """Count an answer. Whether it carries the id of this very request."""
        response = exchange.response
        assert response is not None
        self.answers += 1
        self._sample(call, exchange)
        theirs = header(response.headers, "x-ms-request-id")
        if theirs is not None and theirs in self._seen:
            _note(self.twins, f"{call.about}: {theirs}")
        elif theirs is not None and len(self._seen) < self.remembered:
            self._seen.add(theirs)
        carried = header(response.headers, OWN_ID)
        if carried is None:
            _note(self.silent, f"{call.about}: {response.status}")
        elif carried != wanted:
            _note(self.foreign, f"{call.about} {wanted}: {response.status} for {carried}")
        return carried == wanted

    def report(self, scenario: Scenario) -> None:
        """Say it. Refusals are the endpoint's right; whatever is mixed up or missing is not."""
        scenario.exchanges(self.kept)
        whole = f"all of {self.answers}"
        scenario.check(
            "answers that belong to their requests",
            whole,
            whole if not self.foreign else few(self.foreign),
            why="An answer that comes on another connection gives one reader the bytes of another.",
        )
        scenario.check(
            "answers with the client's request id",
            whole,
            whole if not self.silent else few(self.silent),
            level="expected",
            requirement="errors.client-request-id",
        )
        scenario.check(
            "request ids that came once only",
            whole,
            whole if not self.twins else few(self.twins),
            level="expected",
            requirement="errors.request-id",
        )
        scenario.check(
            "answers other than expected", "none", "none" if not self.unexpected else few(self.unexpected)
        )
        _told(scenario, "refusals under load (503, 429), all asked again", self.throttled)
        _told(scenario, "connections that broke under load, all asked again", self.broken)

    def _sample(self, call: Call, exchange: Exchange) -> None:
        assert exchange.response is not None
        path, _, comp = call.about.partition("?")
        depth = "blob" if path.count("/") > 1 else "container"
        kind = (call.method, comp, depth, str(exchange.response.status))
        self._kinds[kind] += 1
        if self._kinds[kind] <= _KEPT:
            self.kept.append(exchange)


def _note(notes: list[str], text: str) -> None:
    """Add it, unless there are more already than anybody reads."""
    if len(notes) < _NOTED:
        notes.append(text)


def few(items: list[str]) -> str:
    """How many, and the first of them."""
    shown = "; ".join(items[:_SHOWN])
    return f"{len(items)}: {shown}" + ("; …" if len(items) > _SHOWN else "")


def _told(scenario: Scenario, about: str, counts: Counter[str]) -> None:
    said = ", ".join(f"{number} × {word}" for word, number in sorted(counts.items())) or "none"
    scenario.check(about, "none", said, level="observed")
