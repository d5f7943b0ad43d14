"""A cell: one combination of the values of a matrix, and the id that it has in results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

DEFAULT_SECONDS = 120.0
"""The budget of a cell whose table says none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of a matrix: a value for each axis, and the seconds that it may take."""

    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float = DEFAULT_SECONDS

    def __getitem__(self, axis: str) -> str:
        return self.values[axis]

    def get(self, axis: str, default: str) -> str:
        """The value of an axis that the matrix need not have."""
        return self.values.get(axis, default)

    @property
    def text(self) -> str:
        """The values as ids show them: `direction=up,size=0B`."""
        return ",".join(f"{axis}={value}" for axis, value in self.values.items())


def cell_id(scenario: str, cell: Cell) -> str:
    """The id of a cell of a scenario. One without axes has the scenario's own."""
    return f"{scenario}[{cell.text}]" if cell.values else scenario


def scenario_of(one: str) -> str:
    """The scenario that an id is a cell of; the id itself where it is none."""
    return one.partition("[")[0]
