"""Whether reads brought what had been written. An endpoint that answers anything else can be very fast."""

from __future__ import annotations

from loadgen.record.read import LoadRun
from loadgen.validity.check import Check, State

CONTENTS = "contents"
"""The events whose facts are those of `loadgen.work.reads.CheckedReads.compared`, with worker and phase."""
_NULL = "null"


def contents_check(run: LoadRun) -> Check:
    """What the sample of reads that the workers compared says."""
    told = [event.facts for event in run.events if event.what == CONTENTS]
    reads, compared, wrong = (sum(one[name] for one in told) for name in ("reads", "compared", "wrong"))
    facts = {"reads": reads, "compared": compared, "bytes": sum(one["bytes"] for one in told), "wrong": wrong}
    if not reads:
        return Check(CONTENTS, State.OK, "Nothing was read, so nothing was to be compared.")
    if run.header.endpoint.get("name") == _NULL:
        return Check(CONTENTS, State.NOT_RUN, "The null server keeps nothing: what it answers means nothing.")
    if not compared:
        said = (
            f"None of {reads:,} reads could be compared with what was written: all of the sample failed, or "
            "what was written last is not known."
        )
        return Check(CONTENTS, State.NOT_RUN, said, facts)
    sample = f"{compared:,} of {reads:,} reads, a sample, were compared with what was written"
    if wrong:
        first = next(one["which"][0] for one in told if one["wrong"])
        facts["which"] = [place for one in told for place in one["which"]]
        said = f"{sample}, and {wrong:,} brought something else (the first: {first})"
        if _unwritten(run):
            return Check(
                CONTENTS, State.WARNS, f"{said}; but not all was written, so it may be older.", facts
            )
        return Check(CONTENTS, State.INVALIDATES, f"{said}: it answers, and lies.", facts)
    return Check(CONTENTS, State.OK, f"{sample}: all are the same.", facts)


def _unwritten(run: LoadRun) -> bool:
    """Whether something was given up: what was there before may be there still, and rightly so."""
    lost = any(event.what == "worker-lost" for event in run.events)
    return lost or any(one.failed for one in run.ranks) or any(one.missing_ranks for one in run.phases)
