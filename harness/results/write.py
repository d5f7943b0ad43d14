"""Writing results.jsonl: header first, a line as each record is settled, footer last.

A record that needs others waits until their verdicts are known; a footer that is missing, or that says
`complete: false`, marks a cut-off run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from harness.results.record import Record
from harness.vocabulary import Verdict

Settle = Callable[[Record], Record]
"""What a ledger makes of a record."""


def utc_now() -> str:
    """The time as results spell it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ResultsWriter:
    """The only writer of a run's results.

    `expected` are the ids that this run is to bring: a need that is not among them blocks nobody.
    """

    def __init__(
        self, path: Path, header: Record, expected: Collection[str], settle: Settle = lambda record: record
    ) -> None:
        # What UTF-8 cannot hold (half a surrogate pair, from a client's output) is escaped as JSON does it.
        self._file = path.open("x", encoding="utf-8", errors="backslashreplace")
        self._expected = dict.fromkeys(expected)
        self._settle = settle
        self._verdicts: dict[str, Verdict] = {}
        self._waiting: list[Record] = []
        self._line(header)

    def add(self, record: Record) -> None:
        """One more record; it is written now, or as soon as what it needs is known. The first one counts."""
        if record["id"] in self._verdicts or any(record["id"] == other["id"] for other in self._waiting):
            return
        self._waiting.append(record)
        while ready := [one for one in self._waiting if not self._open_needs(one)]:
            for one in ready:
                self._waiting.remove(one)
                self._write(one)

    @property
    def missing(self) -> tuple[str, ...]:
        """The ids that this run was to bring and has not."""
        here = {*self._verdicts, *(record["id"] for record in self._waiting)}
        return tuple(one for one in self._expected if one not in here)

    def close(self, *, complete: bool) -> None:
        """The end. Records whose needs never came are written as they are; the run is then incomplete."""
        for record in self._waiting:
            self._write(record)
        complete = complete and not self._waiting and not self.missing
        counts = Counter(verdict.value for verdict in self._verdicts.values())
        self._line(
            {
                "kind": "footer",
                "records": len(self._verdicts),
                "counts": dict(counts),
                "ended": utc_now(),
                "complete": complete,
            }
        )
        self._file.close()

    def _open_needs(self, record: Record) -> bool:
        return any(need in self._expected and need not in self._verdicts for need in record.get("needs", ()))

    def _write(self, record: Record) -> None:
        record = self._settle(_blocked(record, self._verdicts))
        self._verdicts[record["id"]] = Verdict(record["verdict"])
        self._line(record)

    def _line(self, value: Record) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._file.flush()


_OWN = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_RUN, Verdict.HARNESS_ERROR})
"""Verdicts that say nothing about the endpoint, so that no premise can be blamed for them."""

_HOLDS = frozenset({Verdict.PASS, Verdict.LENIENT, Verdict.OBSERVED, Verdict.KNOWN, Verdict.STALE})


def _blocked(record: Record, verdicts: dict[str, Verdict]) -> Record:
    """The record, or that it is blocked because something that it needs did not hold.

    A pass is blocked too: a server that refuses everything also refuses what a case wants refused. What needs
    something that is not applicable here is not applicable either: nobody is to blame.
    """
    if record["verdict"] in _OWN:
        return record
    for need in record.get("needs", ()):
        said = verdicts.get(need)
        if said is not None and said not in _HOLDS:
            verdict = said if said is Verdict.NOT_APPLICABLE else Verdict.BLOCKED
            return {
                **record,
                "verdict": verdict.value,
                "reason": f"{need}, which it needs, is {said}",
            }
    return record
