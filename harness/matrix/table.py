"""Tables of matrices: `suites/X/NAME.toml` beside `NAME.py` says the axes of its scenarios; checked here."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema

from harness.matrix.cell import DEFAULT_SECONDS, Cell
from harness.vocabulary import ExitCode

_VALUE = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9.+-]*$",
}  # ids, file names and shells bear them
_AXIS = r"^[a-z][a-z-]*$"
_SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {
            "budget": {"type": "number", "exclusiveMinimum": 0},
            "strength": {"enum": [0, 1, 2]},
            "sets": {"const": ["gates"]},
            "axes": {
                "type": "object",
                "propertyNames": {"pattern": _AXIS},
                "additionalProperties": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": _VALUE,
                },
            },
            "without": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["when", "because"],
                    "properties": {
                        "when": {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": {
                                "anyOf": [_VALUE, {"type": "array", "minItems": 1, "items": _VALUE}]
                            },
                        },
                        "because": {"type": "string", "minLength": 10},
                        "source": {"type": "array", "items": {"type": "string"}},
                    },
                    "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
    },
}
_HINT = "See CONTRIBUTING.md, “Add a matrix”."


class MatrixError(Exception):
    """A table that says something that cannot be."""

    exit_code = ExitCode.USAGE
    hint = _HINT


@dataclass(frozen=True, slots=True)
class Without:
    """A combination that cannot be, and why: no cell is made of it."""

    when: Mapping[str, frozenset[str]]
    because: str
    source: tuple[str, ...] = ()

    def fits(self, values: Mapping[str, str]) -> bool:
        """Whether these values are such a combination."""
        return all(values[axis] in said for axis, said in self.when.items())


@dataclass(frozen=True, slots=True)
class Matrix:
    """The axes of one scenario."""

    function: str
    axes: Mapping[str, tuple[str, ...]]
    without: tuple[Without, ...] = ()
    seconds: float = DEFAULT_SECONDS
    strength: int = 2  # every so many axes meet in all their values; 0: the whole product is the covering set

    def cells(self) -> tuple[Cell, ...]:
        """Every combination that can be, the last axis changing first."""
        return tuple(Cell(MappingProxyType(values), self.seconds) for values in self._left({}, [*self.axes]))

    def _left(self, values: Mapping[str, str], axes: Sequence[str]) -> Iterator[dict[str, str]]:
        """The combinations that go on from these values. What cannot be is left as soon as that is plain."""
        if not axes:
            yield dict(values)
            return
        axis, *others = axes
        for value in self.axes[axis]:
            more = {**values, axis: value}
            if not any(
                axis in one.when and one.when.keys() <= more.keys() and one.fits(more) for one in self.without
            ):
                yield from self._left(more, others)


def tables(module: Path) -> Mapping[str, Matrix]:
    """The matrices of a module of scenarios, by function name without `test_`. Raises MatrixError."""
    path = module.with_suffix(".toml")
    if not path.is_file():
        return {}
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> Mapping[str, Matrix]:
    """A product of many axes takes its time, and is asked for again and again."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MatrixError(f"{path}: cannot be read: {error}") from error
    problem = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(said))
    if problem is not None:
        where = ".".join(str(part) for part in problem.absolute_path) or "the file"
        raise MatrixError(f"{path}: {where}: {problem.message[:200]}")
    return {name: _matrix(path, name, table) for name, table in said.items()}


def _matrix(path: Path, name: str, table: Mapping[str, Any]) -> Matrix:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise MatrixError(f"{path}: {name!r} is no name of a function, without test_")
    axes = {axis: tuple(values) for axis, values in table.get("axes", {}).items()}
    without = tuple(_without(path, name, axes, said) for said in table.get("without", ()))
    made = Matrix(
        name, MappingProxyType(axes), without, table.get("budget", DEFAULT_SECONDS), table.get("strength", 2)
    )
    cells = made.cells()
    if not cells:
        raise MatrixError(f"{path}: {name}: no combination is left")
    for axis, values in axes.items():
        if gone := sorted(set(values) - {cell[axis] for cell in cells}):
            raise MatrixError(f"{path}: {name}: no combination is left with {axis} = {gone[0]!r}")
    return made


def _without(path: Path, name: str, axes: Mapping[str, tuple[str, ...]], said: Mapping[str, Any]) -> Without:
    when = {
        axis: frozenset(value if isinstance(value, list) else [value]) for axis, value in said["when"].items()
    }
    for axis, values in when.items():
        if axis not in axes:
            raise MatrixError(f"{path}: {name}: without: there is no axis {axis!r}")
        if unknown := sorted(values - set(axes[axis])):
            raise MatrixError(f"{path}: {name}: without: {axis} has no value {unknown[0]!r}")
    return Without(MappingProxyType(when), said["because"], tuple(said.get("source", ())))
