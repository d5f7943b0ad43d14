"""Outcomes that are known and explained: suites/safety/known.toml, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from harness.safety.outcome import Outcome
from harness.vocabulary import ExitCode

FILE = "known.toml"
AXES = ("client", "action", "on", "fault")
_TEXTS = {
    "oneOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    ]
}
_SCHEMA = {
    "type": "object",
    "required": ["known"],
    "additionalProperties": False,
    "properties": {
        "known": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [*AXES, "outcome", "why"],
                "additionalProperties": False,
                "properties": {
                    **dict.fromkeys(AXES, _TEXTS),
                    "outcome": {"enum": [one.value for one in Outcome]},
                    "why": {"type": "string", "minLength": 10},
                    "source": {"type": "array", "items": {"type": "string"}},
                    "sometimes": {"type": "boolean"},
                },
            },
        }
    },
}


class KnownError(Exception):
    """A table of known outcomes that cannot be used."""

    exit_code = ExitCode.USAGE
    hint = "See docs/safety.md."


@dataclass(frozen=True, slots=True)
class Known:
    """An outcome that these cells have, and why."""

    cells: Mapping[str, frozenset[str]]  # axis → values
    outcome: Outcome
    why: str
    source: tuple[str, ...] = ()
    sometimes: bool = False  # a race of the client's own: another trial may well recover

    def allows(self, outcome: Outcome) -> bool:
        """Whether a trial may have this outcome."""
        return outcome is self.outcome or (self.sometimes and outcome is Outcome.RECOVERS)

    def covers(self, values: Mapping[str, str]) -> bool:
        """Whether it speaks of this cell."""
        return all(values[axis] in said for axis, said in self.cells.items())


def load(path: Path) -> tuple[Known, ...]:
    """The entries of a table. Raises KnownError."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KnownError(f"{path}: cannot be read: {error}") from error
    problem = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(said))
    if problem is not None:
        where = "/".join(str(part) for part in problem.absolute_path) or "the file"
        raise KnownError(f"{path}: {where}: {problem.message[:200]}")
    return tuple(_known(entry) for entry in said["known"])


def about(entries: Iterable[Known], values: Mapping[str, str]) -> Known | None:
    """What is known of a cell: the last entry that speaks of it."""
    return next((one for one in reversed(tuple(entries)) if one.covers(values)), None)


def _known(entry: Mapping[str, Any]) -> Known:
    cells = {axis: entry[axis] if isinstance(entry[axis], list) else [entry[axis]] for axis in AXES}
    return Known(
        {axis: frozenset(values) for axis, values in cells.items()},
        Outcome(entry["outcome"]),
        entry["why"],
        tuple(entry.get("source", ())),
        entry.get("sometimes", False),
    )
