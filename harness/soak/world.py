"""What all parts of a soak share: ledger, roll of names, both ways to the endpoint, and the counts."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.crowd import call
from harness.crowd.call import Answer, Call
from harness.crowd.crowd import Crowd
from harness.crowd.roll import Roll
from harness.exchange import header
from harness.soak.ledger import Ledger, Look, Seen, State, Violation

NUMBER = "write"
"""The metadata in which every write leaves its number."""

_ENOUGH = 25
"""Violations after which nothing more is to be learnt."""

_LONG = 2.0  # seconds that a write may take before the endpoint counts as busy
_LONGER = 15.0  # seconds of rest on top, where it was


@dataclass(slots=True)
class World:
    """One soak. `through` is the crowd behind the faults, `direct` the one that reads in peace."""

    container: str
    through: Crowd
    direct: Crowd
    told: Callable[[Violation], None]
    ledger: Ledger = field(default_factory=Ledger)
    roll: Roll = field(default_factory=Roll)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    violations: list[Violation] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    listings: int = 0
    kills: int = 0
    written: int = 0  # bytes of acknowledged writes
    numbers: int = 0
    began: float = field(default_factory=time.monotonic)

    def next_number(self) -> int:
        """The number of the next write."""
        self.numbers += 1
        return self.numbers

    def violated(self, violation: Violation) -> None:
        """Keep it, tell it, and end when there are enough."""
        self.violations.append(violation)
        self.told(violation)
        if len(self.violations) >= _ENOUGH:
            self.over.set()

    async def ask(self, asked: Call, *, direct: bool = False) -> Answer:
        """Make a call once. An answer that belongs to another request is a violation."""
        crowd = self.direct if direct else self.through
        answer = await crowd.once(asked, stale=False)
        if answer.status and not answer.own and header(answer.headers, call.OWN_ID) is not None:
            self.violated(Violation("mixed", asked.target, "the id of this request", "another request's"))
        return answer

    async def read(self, blob: str, *, direct: bool = False, settle: bool = False) -> Seen | None:
        """Read a blob and hold it against the ledger; None: there was no answer."""
        look = self.ledger.look(blob)
        answer = await self.ask(call.get(self.container, blob), direct=direct)
        seen = seen_in(answer)
        if seen is None:
            return None
        self.reads += 1
        self.judge(look, seen, settle=settle)
        return seen

    def judge(self, look: Look, seen: Seen, *, settle: bool = False) -> None:
        """Whether what was read is allowed."""
        open_before = self.ledger.open_since(look.blob) is not None
        violation = (self.ledger.settle if settle else self.ledger.judge)(look, seen)
        if violation is not None:
            self.violated(violation)
            self.ledger.accept(look.blob, seen)
        if open_before and self.ledger.open_since(look.blob) is None:
            self.known(look.blob)

    def begin(self, blob: str, state: State) -> None:
        """A write is about to be sent."""
        self.ledger.begin(blob, state)
        self.roll.begin(blob)

    def acknowledge(self, blob: str, length: int) -> None:
        """It was acknowledged."""
        self.ledger.acknowledge(blob)
        self.written += length
        self.roll.end(blob, self.ledger.now(blob).there)

    def leave(self, blob: str, seconds: float) -> None:
        """There was no answer that promises anything, after so many seconds.

        An endpoint that has so much to do may still be about to do it: what took long rests longer.
        """
        self.ledger.leave(blob, time.monotonic() + (_LONGER if seconds > _LONG else 0))
        self.roll.end(blob, None)
        if self.ledger.open_since(blob) is None:
            self.known(blob)

    def known(self, blob: str) -> None:
        """Now it is certain whether the blob is there."""
        self.roll.begin(blob)
        self.roll.end(blob, self.ledger.now(blob).there)

    def counts(self) -> dict[str, Any]:
        """How far it is, as the diary has it."""
        return {
            "seconds": round(time.monotonic() - self.began, 1),
            "acknowledged": self.ledger.acknowledged,
            "unanswered": self.ledger.unanswered,
            "reads": self.reads,
            "listings": self.listings,
            "kills": self.kills,
            "operations": dict(sorted(self.operations.items())),
            "blobs": sum(self.ledger.now(blob).there for blob in self.ledger),
            "bytes": self.ledger.bytes,
            "written": self.written,
            "violations": len(self.violations),
        }


def seen_in(answer: Answer) -> Seen | None:
    """What an answer of Get Blob shows; None: it promises nothing."""
    if answer.status == 404:
        return Seen()
    if answer.status != 200:
        return None
    return Seen(answer.sha256, answer.length, header(answer.headers, f"x-ms-meta-{NUMBER}") or "")
