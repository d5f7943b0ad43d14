"""Checks of the generator: how near its ceiling, how busy its processes, its machine, its network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from loadgen.record.lines import Event
from loadgen.record.read import LoadRun
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.check import Check, State, percent
from loadgen.validity.share import shares

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


def usage(run: LoadRun) -> Mapping[str, Sequence[Event]]:
    """The samples of `loadgen.validity.sampler` that were taken in measured phases, by worker or `master`."""
    spans = [
        (phase.begin_s, phase.end_s if phase.end_s is not None else float("inf"))
        for phase in run.phases
        if phase.measured
    ]
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for event in run.events:
        if event.what == "usage" and any(
            begin < event.t_s and event.t_s - float(event.facts["wall_s"]) < end for begin, end in spans
        ):
            found[str(event.facts.get("worker", "master"))].append(event)
    return found


def processor_check(run: LoadRun) -> Check:
    """How busy each worker was: it has one thread, so one core is all it can use."""
    name = "generator-processor"
    busy = {
        worker: _mean(events, "cpu") for worker, events in usage(run).items() if worker != "master" and events
    }
    if not busy:
        return Check(name, State.NOT_RUN, "How busy the workers were is not known.")
    worker, share = max(busy.items(), key=lambda one: one[1])
    facts = {
        "worker": worker,
        "share": round(share, 4),
        "shares": {name: round(one, 4) for name, one in busy.items()},
    }
    said = f"The busiest worker ({worker}) used {percent(share)} of a core"
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
    """How busy the machines of the workers were, with all that runs on them."""
    name = "generator-machine"
    events = [event for events in usage(run).values() for event in events]
    if not events:
        return Check(name, State.NOT_RUN, "How busy the generator's machine was is not known.")
    by_worker = [(_mean(of, "machine"), _mean(of, "stolen")) for of in usage(run).values() if of]
    busy, stolen = max(one[0] for one in by_worker), max(one[1] for one in by_worker)
    facts = {"busy": round(busy, 4), "stolen": round(stolen, 4), "cores": events[0].facts.get("cores")}
    if stolen > STOLEN:
        said = f"{percent(stolen)} of the generator's machine went to others on its host: latencies hold it."
        return Check(name, State.WARNS, said, facts)
    if busy >= MACHINE_FULL:
        also = " The endpoint is on it too, and had to share." if on_this_machine(run) else ""
        said = f"The generator's machine was {percent(busy)} busy: what waited for a core looks slow."
        return Check(name, State.WARNS, said + also, facts)
    return Check(name, State.OK, f"The generator's machine was {percent(busy)} busy: there was room.", facts)


def network_check(run: LoadRun) -> Check:
    """How full the network interface towards the endpoint was."""
    name = "generator-network"
    worst: tuple[float, Mapping[str, Any]] | None = None
    unknown = ""
    loopback = False
    for events in usage(run).values():
        way = next((event.facts["way"] for event in events if event.facts.get("way")), None)
        if way is None:
            continue
        if way["loopback"]:
            loopback = True
            continue
        if not way["bits_per_s"]:
            unknown = str(way["interface"])
            continue
        moved = [
            8
            * max(event.facts["net"].get(way["interface"], {"sent": 0, "received": 0}).values())
            / float(event.facts["wall_s"])
            for event in events
        ]
        share = sum(moved) / len(moved) / way["bits_per_s"]
        if worst is None or share > worst[0]:
            worst = share, way
    if worst is not None:
        share, way = worst
        facts = {"share": round(share, 4), **way}
        said = f"The network interface {way['interface']} carried {percent(share)} of what it can"
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


def _mean(events: Sequence[Event], what: str) -> float:
    """A share over time: longer samples count for more."""
    seconds = sum(float(event.facts["wall_s"]) for event in events)
    total = sum(float(event.facts[what]) * float(event.facts["wall_s"]) for event in events)
    return total / seconds if seconds else 0.0
