"""Checks of how the run went: errors, lost workers, missing ranks, clocks, schedules, an early end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from loadgen.plan import document
from loadgen.record.read import LoadRun
from loadgen.validity.check import Check, State, percent
from loadgen.validity.generator import usage
from loadgen.validity.share import titled

ERRORS_WARN, ERRORS_INVALIDATE = 0.001, 0.01
"""Shares of attempts that did not succeed: a reader must know; these are figures of a failure."""
CLOCK_WARN, CLOCK_INVALIDATE = 0.01, 0.1
"""Uncertainties of a worker's clock, as shares of the shortest measured phase."""


def errors_check(run: LoadRun) -> Check:
    """How many attempts did not succeed."""
    name = "errors"
    measured = {(phase.name, phase.iteration) for phase in run.phases if phase.measured}
    failed: Counter[str] = Counter()
    good = 0
    for one in run.intervals:
        if (one.phase, one.iteration) in measured:
            failed.update(one.errors)
            good += one.ops
    total = good + failed.total()
    given_up = sum(one.failed for one in run.ranks if (one.phase, one.iteration) in measured)
    if not total:
        return Check(name, State.INVALIDATES, "Nothing was done in any measured phase: there is no figure.")
    share = failed.total() / total
    # What the client sends again by itself is one attempt, with the time that was lost in its latency.
    twice = sum(
        int(sample.facts.get("resent", 0))
        for some in usage(run).values()
        for of in some.values()
        for sample in of
    )
    facts = {
        "attempts": total,
        "failed": failed.total(),
        "share": share,
        "by_kind": dict(failed.most_common()),
        "files_given_up": given_up,
        "sent_twice": twice,
    }
    again = f" {twice:,} were sent twice: a kept connection had been closed." if twice else ""
    if not failed:
        return Check(name, State.OK, f"All {total:,} attempts succeeded.{again}", facts)
    most = failed.most_common(1)[0][0]
    said = f"{failed.total():,} of {total:,} attempts failed ({percent(share)}, mostly {most})"
    if given_up and not faults_of(run):
        said += f", and {given_up:,} files were given up"
        return Check(
            name, State.INVALIDATES, f"{said}: less was done than the figures are about.{again}", facts
        )
    if share > ERRORS_INVALIDATE and not faults_of(run):
        return Check(
            name, State.INVALIDATES, f"{said}: these are figures of an endpoint that fails.{again}", facts
        )
    if share > ERRORS_WARN or faults_of(run):
        why = "faults were injected" if faults_of(run) else "each was made again"
        why += f", and {given_up:,} files were given up" if given_up else ""
        return Check(name, State.WARNS, f"{said}: {why}.{again}", facts)
    return Check(name, State.OK, f"{said}: too few to matter.{again}", facts)


def workers_check(run: LoadRun) -> Check:
    """Whether all workers were there to the end."""
    name = "workers"
    lost = [event for event in run.events if event.what == "worker-lost"]
    if not lost:
        return Check(name, State.OK, f"All {run.header.workers} workers were there to the end.")
    workers = sorted({str(event.facts.get("worker", "?")) for event in lost})
    facts = {"lost": workers, "of": run.header.workers}
    said = (
        f"{len(workers)} of {run.header.workers} workers were lost ({', '.join(workers)}): "
        "what their ranks did since they last spoke is not in the figures."
    )
    return Check(name, State.INVALIDATES, said, facts)


def ranks_check(run: LoadRun) -> Check:
    """Whether every rank came through every measured phase before its deadline."""
    name = "ranks"
    missing = {titled(phase): phase.missing_ranks for phase in run.phases if phase.missing_ranks}
    late = [event.said for event in run.events if event.what == "deadline"]
    if not missing and not late:
        return Check(name, State.OK, "Every rank came through every phase.")
    where, ranks = next(iter(missing.items()), ("a phase", ()))
    facts = {"missing": {phase: [*some] for phase, some in missing.items()}, "deadlines": late}
    said = f"{len(ranks)} ranks did not come through {where}" if ranks else late[0]
    return Check(name, State.INVALIDATES, f"{said}: its time from barrier to barrier is unknown.", facts)


def complete_check(run: LoadRun) -> Check:
    """Whether the run came to its end, with all its phases."""
    name = "complete"
    planned = [(phase.name, phase.iteration) for phase in document.load(run.header.plan).phases]
    done = {(phase.name, phase.iteration) for phase in run.phases}
    left = [name if turn == 1 else f"{name} {turn}" for name, turn in planned if (name, turn) not in done]
    early = [event for event in run.events if event.what in ("interrupted", "endpoint-lost", "abandoned")]
    if not left and not early:
        return Check(name, State.OK, f"All {len(planned)} phases were run.")
    why = early[0].said if early else "the run was cut off"
    said = f"The run is partial ({why})" + (f"; not run: {', '.join(left)}" if left else "")
    facts = {"left": left, "why": why}
    return Check(name, State.INVALIDATES, f"{said}. What was done is kept, and is no whole result.", facts)


def clock_check(run: LoadRun) -> Check:
    """How well the workers' clocks were known: phases begin, and end, by the master's."""
    name = "clock"
    compared = [
        one for event in run.events if event.what == "clock" for one in event.facts.get("workers", ())
    ]
    if not compared:
        return Check(name, State.NOT_RUN, "The workers' clocks were not compared with the master's.")
    unsure = max(float(one["round_trip_s"]) / 2 for one in compared)
    offsets: dict[str, list[float]] = {}
    for one in compared:
        offsets.setdefault(str(one["worker"]), []).append(float(one["offset_s"]))
    drift = max(max(some) - min(some) for some in offsets.values())
    error = max(unsure, drift)
    spans = [phase.barrier_s for phase in run.phases if phase.measured and phase.barrier_s]
    facts = {
        "uncertain_s": round(unsure, 6),
        "drift_s": round(drift, 6),
        "offsets_s": {worker: round(some[-1], 6) for worker, some in offsets.items()},
        "walls_apart_s": round(
            max((abs(float(one.get("wall_offset_s", 0))) for one in compared), default=0.0), 6
        ),
    }
    known = f"The workers' clocks are known to {1000 * error:.3g} ms"
    if not spans:
        return Check(name, State.OK, f"{known}.", facts)
    share = error / min(spans)
    facts["share_of_shortest_phase"] = round(share, 6)
    if share > CLOCK_INVALIDATE:
        said = f"{known}, {percent(share)} of the shortest phase: when phases began and ended is a guess."
        return Check(name, State.INVALIDATES, said, facts)
    if share > CLOCK_WARN:
        said = f"{known}, {percent(share)} of the shortest phase: its time is that uncertain."
        return Check(name, State.WARNS, said, facts)
    return Check(name, State.OK, f"{known}: good enough for phases of {min(spans):.3g} s.", facts)


def faults_of(run: LoadRun) -> Mapping[str, int]:
    """How often each fault was injected."""
    return Counter(
        str(event.facts.get("fault", ""))
        for event in run.events
        if event.what == "fault" and event.facts.get("state") == "begins"
    )


def faults_check(run: LoadRun) -> Check:
    """Whether faults were injected: such a run is about recovery."""
    name = "faults"
    faults = faults_of(run)
    if not faults:
        return Check(name, State.OK, "No fault was injected.")
    said = (
        f"Faults were injected ({', '.join(faults)}): these figures do not compare with those of quiet runs."
    )
    return Check(name, State.WARNS, said, {"faults": dict(faults)}, forbids_verdict=True)
