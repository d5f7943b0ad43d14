"""A contradiction in words: a line for each operation, in the order of their calls, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from harness.history.contradiction import Contradiction
from harness.history.values import Kind, Operation, Outcome, Seen, run_text

HEAD = ("", "no.", "client", "called", "returned", "operation", "answer")

_REFUSED = {
    Outcome.UNMET: "condition not met",
    Outcome.ABSENT: "not there",
    Outcome.NO_BLOCK: "unknown block",
    Outcome.REFUSED: "refused",
    Outcome.UNKNOWN: "no answer: done or not",
}


def asked(one: Operation) -> str:
    """What an operation asks for, in a few words."""
    words: list[str] = [one.kind.value]
    match one.kind:
        case Kind.PUT:
            words.append(one.tag)
        case Kind.STAGE:
            words.append(f"{one.block}:={one.tag}")
        case Kind.COMMIT:
            words.append(f"{one.tag} = {'+'.join(one.blocks) or 'nothing'}")
        case Kind.READ if one.first is not None and one.count is not None:
            words.append(f"[{one.first}…{one.first + one.count - 1}]")
    if one.if_match:
        words.append(f"if {short(one.if_match)}")
    if one.create_only:
        words.append("if none")
    return " ".join(words)


def answered(one: Operation) -> str:
    """What the answer said, in a few words."""
    if one.outcome is not Outcome.DONE:
        return _REFUSED[one.outcome] + (f" ({one.said})" if one.outcome is Outcome.REFUSED else "")
    if one.seen is not None:
        return seen_text(one.seen)
    if one.kind is Kind.LIST:
        return f"{len(one.listed)} names"
    return f"done, {short(one.etag)}" if one.etag else "done"


def seen_text(seen: Seen) -> str:
    """A version as it was shown: one word when everything in it is of one write."""
    tag = seen.tag or "no metadata"
    parts = [f"{tag}, {short(seen.etag) or 'no ETag'}"]
    if seen.kind != seen.tag:
        parts.append(f"type of {seen.kind or 'none'}")
    if seen.runs is not None and {run.tag for run in seen.runs} != {seen.tag}:
        parts.append("bytes " + (" + ".join(run_text(run) for run in seen.runs) or "none"))
    return "; ".join(parts)


def short(etag: str) -> str:
    """The end of an ETag: within one history that tells them apart."""
    return f"…{etag[-7:]}" if len(etag) > 8 else etag


def rows(found: Contradiction) -> Sequence[tuple[str, ...]]:
    """The table, without its head. Milliseconds count from the first call that is shown."""
    shown = found.shown
    start = min(one.called for one in shown)
    kept = {one.number for one in found.operations}
    return [
        (
            ">" if one.number == found.at.number else "" if one.number in kept else "·",
            str(one.number),
            one.client,
            milliseconds(one.called - start),
            "never" if one.returned is None else milliseconds(one.returned - start),
            asked(one),
            answered(one),
        )
        for one in shown
    ]


def milliseconds(nanoseconds: int) -> str:
    """A time to the microsecond."""
    return f"{nanoseconds / 1e6:.3f}"


def table(found: Contradiction) -> str:
    """The contradiction as text: a title, the table, and what its marks mean."""
    lines = [HEAD, *rows(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    body = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return f"{title(found)}\n{found.said}\n\n{body}\n\n{LEGEND}\n"


LEGEND = (
    "Times are milliseconds since the first call. > finds no place in any order; without one of the unmarked "
    "it would. · says who wrote, or deleted, what was seen."
)


def title(found: Contradiction) -> str:
    """One line."""
    count = len(found.operations)
    return f"{found.anomaly.value}: blob {found.blob}, {count} operation{'' if count == 1 else 's'}"


def sentence(found: Contradiction) -> str:
    """All of it in one line, for a finding."""
    steps = "; ".join(f"#{one.number} {one.client}: {asked(one)} → {answered(one)}" for one in found.shown)
    return f"{title(found)}. {found.said} {steps}"
