"""Combinations of a matrix that cannot be, and why: of them there are no cells, so that no run can say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.matrix.table import Matrix

Matrices = Mapping[str, Matrix]
"""The matrices of the suites, by the id of their scenario."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Values of an axis that a client has no cells of, for one reason."""

    values: tuple[str, ...]
    because: str
    source: tuple[str, ...]


def excluded(
    matrices: Matrices, scenario: str, client: str, axis: str, values: Sequence[str]
) -> tuple[Excluded, ...]:
    """What of an axis a client does not do at all, by reason."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    if scenario not in matrices:
        return ()
    for value in values:
        for one in matrices[scenario].without:
            if one.when.keys() == {"client", axis} and one.fits({"client": client, axis: value}):
                found.setdefault((one.because, one.source), []).append(value)
                break
    return tuple(Excluded(tuple(those), because, source) for (because, source), those in found.items())
