"""Where a cell is run: the address of its scheme and addressing style, at as many processes as it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.endpoint import Endpoint
from harness.matrix.cell import Cell
from harness.scenario import Scenario

_BUILT_IN = "reference"


@dataclass(frozen=True, slots=True)
class Served:
    """The endpoint of a cell, and the name of the address to use; None: its main one."""

    endpoint: Endpoint
    face: str | None = None


def serve(scenario: Scenario, endpoint: Endpoint, cell: Cell, another: Callable[[int], Endpoint]) -> Served:
    """The endpoint for a cell. `another` starts the same façade with so many processes.

    Ends the scenario as not applicable where the endpoint has no such address, or its processes are not ours.
    """
    wanted = int(cell.get("processes", "1"))
    if wanted != 1:
        if not is_facade(endpoint):
            scenario.not_applicable(f"how many processes serve is up to endpoint {endpoint.name}")
        endpoint = another(wanted)
    if "scheme" not in cell.values and "style" not in cell.values:
        return Served(endpoint)
    return Served(endpoint, _face(scenario, endpoint, cell))


def is_facade(endpoint: Endpoint) -> bool:
    """Whether this is the built-in façade, or a mutant of it: then we may start another."""
    return endpoint.name.partition(":")[0] == _BUILT_IN


def _face(scenario: Scenario, endpoint: Endpoint, cell: Cell) -> str:
    for name in ("main", *endpoint.also):
        face = endpoint.face(name)
        if face.scheme == cell.get("scheme", face.scheme) and face.style == cell.get("style", face.style):
            return name
    style, scheme = cell.get("style", "any"), cell.get("scheme", "any scheme").upper()
    return scenario.not_applicable(f"endpoint {endpoint.name} has no address of {style} style over {scheme}")
