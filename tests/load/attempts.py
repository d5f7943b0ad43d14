"""Attempts made by hand, for tests of what records them. Times are milliseconds from the start of a run."""

from __future__ import annotations

from hypothesis import strategies as st

from loadgen.work.op import Blob, Kind, Op, Outcome

START = 7_000_000_000_000
"""The start of the run, ns of the worker's clock."""
MS = 1_000_000
BLOB = Blob("a/b", 4096, "text", 1)

Attempt = tuple[Op, Outcome]


def attempt(
    intended: float = 0,
    last: float = 10,
    *,
    started: float | None = None,
    first: float | None = None,
    status: int = 200,
    code: str = "",
    failure: str = "",
    kind: Kind = Kind.GET_BLOB,
    lane: str = "read",
    rank: int = 0,
    number: int = 1,
    sent: int = 0,
    received: int = 4096,
) -> Attempt:
    """An operation and its outcome."""
    op = Op(kind, rank, lane, BLOB, intended=_ns(intended), attempt=number)
    began = _ns(intended if started is None else started)
    came = 0 if first is None else _ns(first)
    return op, Outcome(status, code, began, came, _ns(last), sent, received, failure)


def _ns(ms: float) -> int:
    return START + round(ms * MS)


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    """Any attempt of a short run."""
    intended = draw(st.integers(0, 4_000))
    started = intended + draw(st.integers(0, 300))
    first = started + draw(st.integers(0, 1_500))
    status = draw(st.sampled_from([200, 201, 206, 404, 503, 0]))
    return attempt(
        intended,
        first + draw(st.integers(0, 900)),
        started=started,
        first=first if status else None,
        status=status,
        code={404: "BlobNotFound", 503: "ServerBusy"}.get(status, ""),
        failure=draw(st.sampled_from(["", "short"]))
        if status
        else draw(st.sampled_from(["reset", "timeout"])),
        kind=draw(st.sampled_from([Kind.GET_BLOB, Kind.PUT_BLOCK])),
        lane=draw(st.sampled_from(["read", "write"])),
        rank=draw(st.integers(0, 7)),
        sent=draw(st.integers(0, 1 << 40)),
        received=draw(st.integers(0, 1 << 40)),
    )
