"""The set of the client gates: what belongs to it, and whether its committed list still covers everything.

Its manifest is the covering set: the cells that it lists are those that a gate runs. The whole product of a
matrix is too long for that, and is run with `--exhaustive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.manifest import Manifest, ManifestError
from harness.matrix.cell import cell_id, scenario_of
from harness.matrix.covering import covering, uncovered
from harness.matrix.table import Matrix
from harness.rules.tally import rule_ids
from harness.scenarios import Listed, list_matrices, list_scenarios


def gate_ids(suites: Path) -> tuple[str, ...]:
    """What the manifest of the gates is to list, its covering sets made anew.

    Raises ScenarioError, MatrixError.
    """
    plain = (listed.id for listed in list_scenarios(suites))
    cells = (
        cell_id(scenario, cell)
        for scenario, matrix in list_matrices(suites).items()
        for cell in covering(matrix)
    )
    return tuple(sorted([*plain, *cells, *rule_ids()]))


def check(
    frozen: Manifest, matrices: Mapping[str, Matrix], plain: Iterable[Listed], cells: Iterable[Listed]
) -> None:
    """Raises ManifestError unless the manifest lists what there is, and covers every matrix."""
    always = {*(listed.id for listed in plain), *rule_ids()}
    by_id = {listed.id: listed for listed in cells}
    listed = set(frozen.ids)
    if missing := sorted(always - listed):
        raise ManifestError(f"{missing[0]} is not in the {frozen.name} manifest ({len(missing)} such)")
    if gone := sorted(listed - always - by_id.keys()):
        raise ManifestError(f"the {frozen.name} manifest lists {gone[0]}, which is gone ({len(gone)} such)")
    for scenario, matrix in matrices.items():
        its = (by_id[one].cell for one in listed & by_id.keys() if scenario_of(one) == scenario)
        if open_ := uncovered(matrix, (cell for cell in its if cell is not None)):
            first = ", ".join(f"{axis}={value}" for axis, value in min(open_))
            raise ManifestError(
                f"the {frozen.name} manifest has no cell of {scenario} with {first} ({len(open_)} such)"
            )
