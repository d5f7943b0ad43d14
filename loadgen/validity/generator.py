"""Checks of the generator: how near its ceiling, how busy its processes, its machine, its network."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.record.read import LoadRun
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.check import Check, State, percent
from loadgen.validity.share import shares, titled

NEAR = 0.7
"""A run above this share of its generator's ceiling says so (benchmarks.md, section 4.2)."""
AT = 0.9
"""Above this share it was the generator that was measured."""
REFUTED = 1.25
"""Above this share the run itself has shown that the self-test found too little."""
BUSY, FULL = 0.9, 0.98
"""Shares of a core that a worker uses: it may be the limit; it is the limit."""
MACHINE_FULL = 0.95
STOLEN = 0.05
NET_BUSY, NET_FULL = 0.8, 0.95


def ceiling_check(run: LoadRun, ceiling: Ceiling | None) -> Check:
    """How much of what the generator can do at most the run needed, where it needed most."""
    name = "generator-ceiling"
    if ceiling is None:
        return Check(
            name,
            State.NOT_RUN,
            "The generator's ceiling was not measured, so nobody knows whether the generator was the limit.",
        )
    found = dict(shares(run, ceiling))
    if not found:
        return Check(name, State.NOT_RUN, "No measured phase did anything that the ceiling is known for.")
    where, share = max(found.items(), key=lambda one: one[1])
    facts = {
        "share": round(share, 4),
        "phase": where,
        "shares": {phase: round(one, 4) for phase, one in found.items()},
        "says_so_above": NEAR,
        "invalidates_above": AT,
    }
    reached = f"In {where} the generator ran at {percent(share)} of what it can do at most"
    if share > REFUTED:
        said = (
            f"In {where} the generator did {share:.3g} times what it reached in its self-test: the machine "
            "was busier then, and nobody knows whether the generator was the limit."
        )
        return Check(name, State.WARNS, said, facts, forbids_verdict=True)
    if share > AT:
        return Check(
            name,
            State.INVALIDATES,
            f"{reached}: it was the generator that was measured, not the endpoint.",
            facts,
        )
    if share > NEAR:
        return Check(name, State.WARNS, f"{reached}: part of every latency may be its own.", facts)
    return Check(name, State.OK, f"{reached}: it was not the limit.", facts)


@dataclass(frozen=True, slots=True)
class Sample:
    """What `loadgen.validity.sampler` found, as far as it was in one phase."""

    seconds: float  # of it in the phase
    facts: Mapping[str, Any]


Usage = Mapping[str, Sequence[Sample]]
"""By worker, or `master`."""


def usage(run: LoadRun) -> Mapping[str, Usage]:
    """The samples of each measured phase, by its name. Phases without any are left out."""
    found: dict[str, Usage] = {}
    events = [event for event in run.events if event.what == "usage"]
    for phase in run.phases:
        if not phase.measured:
            continue
        end = phase.end_s if phase.end_s is not None else math.inf
        samples: defaultdict[str, list[Sample]] = defaultdict(list)
        for event in events:
            begun = event.t_s - float(event.facts["wall_s"])
            if (seconds := min(event.t_s, end) - max(begun, phase.begin_s)) > 0:
                samples[str(event.facts.get("worker", "master"))].append(Sample(seconds, event.facts))
        if samples:
            found[titled(phase)] = samples
    return found


def processor_check(run: LoadRun) -> Check:
    """How busy each worker was, phase by phase: it has one thread, so one core is all it can use."""
    name = "generator-processor"
    busy = {
        phase: shares
        for phase, by_worker in usage(run).items()
        if (shares := {worker: _mean(of, "cpu") for worker, of in by_worker.items() if worker != "master"})
    }
    if not busy:
        return Check(name, State.NOT_RUN, "How busy the workers were is not known.")
    worst = {phase: max(shares.items(), key=lambda one: one[1]) for phase, shares in busy.items()}
    where, (worker, share) = max(worst.items(), key=lambda one: one[1][1])
    facts = {
        "phase": where,
        "worker": worker,
        "share": round(share, 4),
        "shares": {worker: round(one, 4) for worker, one in busy[where].items()},
        "phases": {phase: round(most, 4) for phase, (_, most) in worst.items()},
    }
    said = f"In {where} the busiest worker ({worker}) used {percent(share)} of a core"
    if share >= FULL:
        return Check(
            name, State.INVALIDATES, f"{said}: it had no time left, and was the limit itself.", facts
        )
    if share >= BUSY:
        return Check(
            name, State.WARNS, f"{said}: start more workers to be sure that it was not the limit.", facts
        )
    return Check(name, State.OK, f"{said}: it had time to spare.", facts)


def machine_check(run: LoadRun) -> Check:
    """How busy the machines of the workers were, phase by phase, with all that runs on them."""
    name = "generator-machine"
    by_phase = usage(run)
    if not by_phase:
        return Check(name, State.NOT_RUN, "How busy the generator's machine was is not known.")

    def worst(what: str) -> tuple[float, str]:
        return max((_mean(of, what), phase) for phase, some in by_phase.items() for of in some.values())

    (busy, where), (stolen, robbed) = worst("machine"), worst("stolen")
    cores = next(
        sample.facts.get("cores") for some in by_phase.values() for of in some.values() for sample in of
    )
    facts = {"phase": where, "busy": round(busy, 4), "stolen": round(stolen, 4), "cores": cores}
    if stolen > STOLEN:
        facts["phase"] = robbed
        said = f"In {robbed} {percent(stolen)} of the generator's machine went to others on its host"
        return Check(name, State.WARNS, f"{said}: latencies hold it.", facts)
    said = f"In {where} the generator's machine was {percent(busy)} busy"
    if busy >= MACHINE_FULL:
        also = " The endpoint is on it too, and had to share." if on_this_machine(run) else ""
        return Check(name, State.WARNS, f"{said}: what waited for a core looks slow.{also}", facts)
    return Check(name, State.OK, f"{said}: there was room.", facts)


def network_check(run: LoadRun) -> Check:
    """How full the network interface towards the endpoint was, phase by phase."""
    name = "generator-network"
    worst: tuple[float, str, Mapping[str, Any]] | None = None
    unknown = ""
    loopback = False
    for phase, samples in ((phase, of) for phase, some in usage(run).items() for of in some.values()):
        way = way_of(samples)
        if way is None:
            continue
        if way["loopback"]:
            loopback = True
        elif not way["bits_per_s"]:
            unknown = str(way["interface"])
        else:
            share = max(_bits_per_s(samples, way["interface"])) / way["bits_per_s"]
            if worst is None or share > worst[0]:
                worst = share, phase, way
    if worst is not None:
        share, where, way = worst
        facts = {"share": round(share, 4), "phase": where, **way}
        said = f"In {where} the network interface {way['interface']} carried {percent(share)} of what it can"
        if share >= NET_FULL:
            said = f"{said}: the generator's network was the limit, not the endpoint."
            return Check(name, State.INVALIDATES, said, facts)
        if share >= NET_BUSY:
            return Check(name, State.WARNS, f"{said}: it may have been the limit.", facts)
        return Check(name, State.OK, f"{said}: it was not the limit.", facts)
    if unknown:
        said = f"How fast the network interface {unknown} is cannot be told, nor how full it was."
        return Check(name, State.NOT_RUN, said, {"interface": unknown})
    if loopback:
        said = "The load went over loopback: no network is part of these figures."
        return Check(name, State.OK, said, {"loopback": True})
    return Check(name, State.NOT_RUN, "Which way the load went is not known.")


def on_this_machine(run: LoadRun) -> bool:
    """Whether the load went over loopback: endpoint and generator share one machine."""
    return any(
        bool((event.facts.get("way") or {}).get("loopback")) for event in run.events if event.what == "usage"
    )


def way_of(samples: Sequence[Sample]) -> Mapping[str, Any] | None:
    """The way to the endpoint, as a worker told it; see `loadgen.validity.sampler.way_to`."""
    return next((sample.facts["way"] for sample in samples if sample.facts.get("way")), None)


def _bits_per_s(samples: Sequence[Sample], interface: str) -> tuple[float, float]:
    """What an interface sent and received, over the time of the samples."""

    def mean(way: str) -> float:
        # A sample is of one speed: what of it lies in the phase counts.
        moved = (
            float(sample.facts["net"].get(interface, {}).get(way, 0))
            * sample.seconds
            / float(sample.facts["wall_s"])
            for sample in samples
        )
        return 8 * sum(moved) / sum(sample.seconds for sample in samples)

    return mean("sent"), mean("received")


def _mean(samples: Sequence[Sample], what: str) -> float:
    """A share over time: longer samples count for more."""
    seconds = sum(sample.seconds for sample in samples)
    return sum(float(sample.facts[what]) * sample.seconds for sample in samples) / seconds
