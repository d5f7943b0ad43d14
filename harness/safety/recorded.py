"""Outcomes of a whole run as a small table of letters, and what it says against the known outcomes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.safety.known import AXES, Known, about
from harness.safety.outcome import Outcome

Row = tuple[str, str, str]
"""Client, action, and family of requests."""

Outcomes = Mapping[tuple[str, str, str, str], Outcome]
"""By client, action, family and fault."""

LETTERS = {
    Outcome.RECOVERS: "R",
    Outcome.FAILS_LOUDLY: "L",
    Outcome.CORRUPTS_SILENTLY: "C",
    Outcome.HANGS: "H",
    Outcome.NOT_STRUCK: "-",
}
_NO_CELL = "."
_FAULTS = "# faults: "


def outcomes(records: Iterable[Mapping[str, Any]]) -> Outcomes:
    """The outcomes in the records of a run. Cells that ended without one are left out."""
    return {
        (cell["client"], cell["action"], cell["on"], cell["fault"]): Outcome(record["outcome"])
        for record in records
        if (cell := record.get("cell")) and set(AXES) <= set(cell) and record.get("outcome")
    }


def written(found: Outcomes, faults: Iterable[str]) -> str:
    """As text: a line for each client, action and family, a letter for each fault."""
    order = tuple(faults)
    legend = ", ".join(f"{letter} {outcome.value}" for outcome, letter in LETTERS.items())
    rows = sorted({(client, action, on) for client, action, on, _ in found})
    width = max((len(" ".join(row)) for row in rows), default=0)
    lines = [f"# {legend}, {_NO_CELL} no cell", f"{_FAULTS}{' '.join(order)}"]
    for row in rows:
        there = (found.get((*row, fault)) for fault in order)
        letters = "".join(_NO_CELL if one is None else LETTERS[one] for one in there)
        lines.append(f"{' '.join(row).ljust(width)} {letters}")
    return "\n".join(lines) + "\n"


def read(text: str) -> Outcomes:
    """What `written` wrote. Raises ValueError."""
    of_letter = {letter: outcome for outcome, letter in LETTERS.items()}
    faults: list[str] = []
    found: dict[tuple[str, str, str, str], Outcome] = {}
    for line in text.splitlines():
        if line.startswith(_FAULTS):
            faults = line.removeprefix(_FAULTS).split()
        elif line and not line.startswith("#"):
            client, action, on, letters = line.split()
            for fault, letter in zip(faults, letters, strict=True):
                if letter != _NO_CELL:
                    found[client, action, on, fault] = of_letter[letter]
    return found


def against(found: Outcomes, known: Iterable[Known]) -> tuple[str, ...]:
    """Silent corruptions that nothing explains, and known outcomes that were other ones, a line for each."""
    table = tuple(known)
    out = []
    for cell, outcome in found.items():
        entry = about(table, dict(zip(AXES, cell, strict=True)))
        if entry is None and outcome in (Outcome.CORRUPTS_SILENTLY, Outcome.HANGS):
            out.append(f"{' '.join(cell)}: {outcome.value}, and nothing explains it")
        if entry is not None and not entry.allows(outcome):
            out.append(f"{' '.join(cell)}: {outcome.value}, known is {entry.outcome.value}")
    return tuple(out)


def unlike(one: Outcomes, other: Outcomes) -> tuple[str, ...]:
    """Cells that both have, with different outcomes, a line for each."""
    return tuple(
        f"{' '.join(cell)}: {one[cell].value}, then {other[cell].value}"
        for cell in one
        if cell in other and one[cell] is not other[cell]
    )
