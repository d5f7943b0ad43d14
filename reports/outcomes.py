"""What a report says of a client under one fault: outcomes worst first, with letter, colour and meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.safety.outcome import Outcome
from reports.evidence import Record

WORST_FIRST = (
    Outcome.CORRUPTS_SILENTLY,
    Outcome.HANGS,
    Outcome.FAILS_LOUDLY,
    Outcome.RECOVERS,
    Outcome.NOT_STRUCK,
)

LETTER: Mapping[Outcome, str] = {
    Outcome.CORRUPTS_SILENTLY: "C",
    Outcome.HANGS: "H",
    Outcome.FAILS_LOUDLY: "L",
    Outcome.RECOVERS: "R",
    Outcome.NOT_STRUCK: "–",
}
"""What stands in a square of the table: it must be told without colours."""

SAYS: Mapping[Outcome, str] = {
    Outcome.CORRUPTS_SILENTLY: "corrupts silently",
    Outcome.HANGS: "hangs",
    Outcome.FAILS_LOUDLY: "fails loudly",
    Outcome.RECOVERS: "recovers",
    Outcome.NOT_STRUCK: "not struck",
}

MEANING: Mapping[Outcome, str] = {
    Outcome.CORRUPTS_SILENTLY: "The client said that all was well, and bytes, names or properties are wrong.",
    Outcome.HANGS: "The client had said neither within its time, and was ended.",
    Outcome.FAILS_LOUDLY: "The client said that it failed, whatever it left behind.",
    Outcome.RECOVERS: "The client said that all was well, and everything is as it must be.",
    Outcome.NOT_STRUCK: "The client sent no request that the fault is about. Nothing was learnt.",
}


def outcome_of(record: Record) -> Outcome | None:
    """Its outcome; None where it has none, or one that we do not know."""
    return Outcome(record.outcome) if record.outcome in set(Outcome) else None


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The worst of several; None when there are none."""
    return min(outcomes, key=WORST_FIRST.index, default=None)
