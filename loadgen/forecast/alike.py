"""Which load runs may be points of one series: why others may not, and what is to be known of these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from loadgen.compare.comparable import machine, side
from loadgen.forecast.errors import ForecastError
from loadgen.plan import document
from loadgen.plan.values import Lane, Phase, Plan
from loadgen.record.read import LoadRun
from loadgen.validity.conduct import faults_of

_KIND = {"cpu": "processor is", "cores": "number of cores is"}
"""What of a machine makes it another one; hosts of one fleet differ in the rest."""

_DOUBTS = {
    "machine": "the load came from several machines: what differs between sizes may be theirs",
    "authorisation": "the runs sign in several ways, which costs differently",
    "version": "the runs are of several versions of Blobproof: the generator is not the same",
}


def believable(run: LoadRun) -> None:
    """Raise `ForecastError` for a run that nothing follows from."""
    if not run.complete:
        raise ForecastError(f"{run.folder} is partial: {run.why}", "Run it again; nothing follows from it.")
    for check in run.checks:
        if check.state == "invalidates":
            raise ForecastError(
                f"{run.folder} is invalidated by the check {check.name}: {check.said}",
                "Mend that, and run it again.",
            )
    if faults := sorted({*faults_of(run), *run.header.disclosure.get("faults", ())}):
        raise ForecastError(
            f"{run.folder}: faults were injected ({', '.join(faults)}): it is about recovery",
            "Run it again without --fault.",
        )


def alike(one: LoadRun, another: LoadRun) -> None:
    """Raise `ForecastError` for runs that are no points of one series.

    Whatever else they differ in is what grows, or one of `doubts`. `DocumentError` for a strange plan.
    """
    a, b = one.header, another.header
    if a.profile != b.profile:
        raise ForecastError(
            f"{one.folder} is of profile {a.profile}, {another.folder} of {b.profile}",
            "Points of one forecast are of one profile.",
        )
    if not math.isclose(a.scale, b.scale, rel_tol=0.01):
        raise ForecastError(
            f"{one.folder} has scale {a.scale:g}, {another.folder} {b.scale:g}: "
            "differently scaled runs are never put on one line",
            "Run them with one --scale; workers and ranks may differ.",
        )
    for what, here, there in _places(one, another):
        if here != there:
            raise ForecastError(
                f"{one.folder} ran {what} {here}, {another.folder} {what} {there}",
                "Points of one forecast are of one endpoint, on one substrate, from one kind of machine.",
            )
    for mine, other in zip_longest(_shapes(document.load(a.plan)), _shapes(document.load(b.plan))):
        if mine != other:
            raise ForecastError(
                f"{one.folder} and {another.folder} send other requests: {mine} and {other}",
                "Points of one forecast have the same choices, payloads and parallelism.",
            )


def doubts(runs: Sequence[LoadRun]) -> Iterator[str]:
    """What a reader must know of runs that are alike."""
    sides = [side(run) for run in runs]
    for name, said in _DOUBTS.items():
        if any(one.facts[name] != sides[0].facts[name] for one in sides):
            yield said


def _places(one: LoadRun, another: LoadRun) -> Iterator[tuple[str, object, object]]:
    """Where two runs were: what it is called, and what it was for each."""
    a, b = one.header, another.header
    yield "on", a.substrate or "this machine", b.substrate or "this machine"
    mine, other = side(one), side(another)
    yield "against", mine.name, other.name
    yield "over", mine.facts["scheme"], other.facts["scheme"]
    silent = "not stated"
    yield "with durability", mine.substrate.durability or silent, other.substrate.durability or silent
    here, there = machine(a.measured_on), machine(b.measured_on)
    for name, words in _KIND.items():
        yield f"from a machine whose {words}", here[name], there[name]


def _shapes(plan: Plan) -> Iterator[str]:
    """What a request of each lane is like, in words."""
    for phase in plan.phases:
        if phase.measured and phase.iteration == 1:
            yield from (_shape(plan, phase, lane) for lane in phase.lanes)


def _shape(plan: Plan, phase: Phase, lane: Lane) -> str:
    payloads = sorted({plan.file_set(name).payload for name in lane.files})
    return (
        f"{phase.name}/{lane.name} {lane.action.value}, {'/'.join(payloads)}, "
        f"blocks of {lane.block_bytes} bytes, one Put Blob up to {lane.single_bytes}, "
        f"ranges of {lane.range_bytes}, {lane.page_names} names a page, "
        f"{lane.parallel} × {lane.files_at_once} at once"
    )
