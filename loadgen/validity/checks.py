"""All checks of a run, in the order in which a reader needs them. Pure: everything is in the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadgen.record.read import LoadRun
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.check import Check
from loadgen.validity.conduct import (
    clock_check,
    complete_check,
    errors_check,
    faults_check,
    ranks_check,
    workers_check,
)
from loadgen.validity.contents import contents_check
from loadgen.validity.generator import (
    ceiling_check,
    machine_check,
    network_check,
    on_this_machine,
    processor_check,
    usage,
    way_of,
)
from loadgen.validity.schedule import schedule_check
from loadgen.validity.world import Bound, cache_check, durability_check, fresh_check, physics_check

CEILING = "ceiling"
"""The event whose facts are a `Ceiling`."""
_LOOPBACK = 10.0
"""Times what the null server reached, over the same loopback: more cannot be."""
USAGE = "usage"
"""The events whose facts are a sample of `loadgen.validity.sampler`, with `worker`: a number, or `master`."""


def checks(
    run: LoadRun, *, bounds: Iterable[Bound] = (), server_memory_bytes: int | None = None
) -> tuple[Check, ...]:
    """Every check of a run. `bounds` are those of its substrate; its own (network, loopback) are found here.

    `server_memory_bytes`: of all servers together, where it is known and they are not this machine.
    """
    ceiling = ceiling_of(run)
    return (
        complete_check(run),
        workers_check(run),
        ranks_check(run),
        errors_check(run),
        contents_check(run),
        ceiling_check(run, ceiling),
        processor_check(run),
        machine_check(run),
        network_check(run),
        clock_check(run),
        schedule_check(run),
        physics_check(run, [*bounds, *own_bounds(run, ceiling)]),
        cache_check(run, server_memory_bytes),
        fresh_check(run),
        durability_check(run),
        faults_check(run),
    )


def ceiling_of(run: LoadRun) -> Ceiling | None:
    """The generator's ceiling, if it was measured."""
    found = next((event.facts for event in run.events if event.what == CEILING), None)
    return None if found is None else Ceiling.from_json(found)


def own_bounds(run: LoadRun, ceiling: Ceiling | None) -> list[Bound]:
    """What the way to the endpoint cannot exceed, as far as it is known."""
    bounds = []
    if ceiling is not None and ceiling.bytes_per_s and on_this_machine(run):
        # The null server answers from memory over the same loopback: nothing that works is much faster. But a
        # second of self-test on a machine that was busy then has shown a quarter of what the run reached.
        bounds.append(
            Bound("loopback here", _LOOPBACK * ceiling.bytes_per_s, provenance="measured", wire=True)
        )
    return bounds + _network_bounds(run)


def _network_bounds(run: LoadRun) -> list[Bound]:
    """The interfaces of all workers together, each way by itself; none if the speed of any is unknown."""
    ways: dict[str, tuple[str, Mapping[str, Any] | None]] = {}
    for some in usage(run).values():
        for worker, samples in some.items():
            if worker != "master":
                ways[worker] = str(samples[0].facts.get("host", "")), way_of(samples)
    speeds: dict[tuple[str, str], float] = {}
    for host, way in ways.values():
        if way is None or way["loopback"] or not way["bits_per_s"]:
            return []
        speeds[host, way["interface"]] = way["bits_per_s"] / 8
    if not speeds or len(ways) < run.header.workers:
        return []
    name = f"the generator's network ({', '.join(interface for _, interface in speeds)})"
    total = sum(speeds.values())
    return [Bound(name, total, direction, "measured", wire=True) for direction in ("read", "write")]
