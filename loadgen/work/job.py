"""What becomes of one file: its operations in stages, each of which waits for the one before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from loadgen.plan.values import Action, Lane
from loadgen.work.listing import next_marker
from loadgen.work.op import Blob, Keep, Kind, Op, Outcome

HYDRATED = "hydrated/"
"""What stands before the name of a blob that was made from another one by Put Block From URL."""


class Job:
    """A file in work. `ready`, ns, is when its stage could begin: when it was due, or the last one ended."""

    __slots__ = ("_ahead", "_current", "_stages", "_under_way", "failed", "queued", "ready")

    def __init__(self, lane: Lane, rank: int, blob: Blob, ready: int) -> None:
        # The hot path of a load of small blobs is here: a job of one operation makes nothing else.
        self._ahead, self._current, self._stages = _BEGIN[lane.action](lane, rank, blob)
        self._under_way = 0
        self.ready = ready
        self.failed = False
        self.queued = True  # its crew will ask it for more

    def next(self) -> Op | None:
        """An operation that may start; None when there is none for now, or at all."""
        if self.failed:
            return None
        if self._ahead is None:
            if self._under_way or not self._stages:
                return None
            self._current, *self._stages = self._stages
            self._ahead = next(self._current, None)
        op = self._ahead
        self._ahead = None if self._current is _NOTHING else next(self._current, None)
        self._under_way += 1
        return op

    def ended(self, op: Op, outcome: Outcome, *, good: bool) -> None:
        """One of its operations ended for good: it is not made again."""
        self._under_way -= 1
        if not good:
            self.failed = True
            return
        if outcome.last > self.ready:
            self.ready = outcome.last
        if op.kind is Kind.LIST_BLOBS:
            self._go_on(op, outcome)

    def _go_on(self, op: Op, outcome: Outcome) -> None:
        try:
            marker = next_marker(outcome.body)
        except ValueError:  # a page without an end: what it lists is not known
            self.failed = True
            return
        if marker:
            self._stages = [iter((_page(op.lane, op.rank, op.blob, op.limit, marker),))]

    @property
    def over(self) -> bool:
        """Whether nothing of it is left."""
        return not self._under_way and (self.failed or (self._ahead is None and not self._stages))


_Begun = tuple[Op | None, Iterator[Op], Sequence[Iterator[Op]]]
"""The first operation, the others of its stage, and the stages after it."""

_NOTHING: Iterator[Op] = iter(())


def _alone(op: Op) -> _Begun:
    return op, _NOTHING, ()


def _upload(lane: Lane, rank: int, blob: Blob) -> _Begun:
    if blob.size <= lane.single_bytes:
        return _alone(Op(Kind.PUT_BLOB, rank, lane.name, blob, 0, blob.size))
    blocks = _blocks(Kind.PUT_BLOCK, lane, rank, blob)
    return next(blocks), blocks, [_seal(lane, rank, blob)]


def _hydrate(lane: Lane, rank: int, blob: Blob) -> _Begun:
    target = blob._replace(name=HYDRATED + blob.name)
    blocks = _blocks(Kind.PUT_BLOCK_FROM_URL, lane, rank, target, source=blob.name)
    return next(blocks), blocks, [_seal(lane, rank, target)]


def _blocks(kind: Kind, lane: Lane, rank: int, blob: Blob, source: str = "") -> Iterator[Op]:
    for number, offset in enumerate(range(0, blob.size, lane.block_bytes)):
        length = min(lane.block_bytes, blob.size - offset)
        yield Op(kind, rank, lane.name, blob, offset, length, block=number, source=source)


def _seal(lane: Lane, rank: int, blob: Blob) -> Iterator[Op]:
    yield Op(Kind.PUT_BLOCK_LIST, rank, lane.name, blob, block=-(-blob.size // lane.block_bytes))


def _download(lane: Lane, rank: int, blob: Blob) -> _Begun:
    if not lane.range_bytes or blob.size <= lane.range_bytes:
        return _alone(Op(Kind.GET_BLOB, rank, lane.name, blob, 0, blob.size))
    ranges = _ranges(lane, rank, blob)
    return next(ranges), ranges, ()


def _ranges(lane: Lane, rank: int, blob: Blob) -> Iterator[Op]:
    step = lane.range_bytes
    for offset in range(0, blob.size, step):
        yield Op(Kind.GET_BLOB, rank, lane.name, blob, offset, min(step, blob.size - offset))


def _list(lane: Lane, rank: int, blob: Blob) -> _Begun:
    return _alone(_page(lane.name, rank, blob, lane.page_names, ""))


def _page(lane: str, rank: int, blob: Blob, limit: int, marker: str) -> Op:
    return Op(Kind.LIST_BLOBS, rank, lane, blob, marker=marker, limit=limit, keep=Keep.BODY)


def _churn(lane: Lane, rank: int, blob: Blob) -> _Begun:
    later = (Kind.GET_PROPERTIES, Kind.SET_METADATA, Kind.DELETE_BLOB)
    put = Op(Kind.PUT_BLOB, rank, lane.name, blob, 0, blob.size)
    return put, _NOTHING, [iter((Op(kind, rank, lane.name, blob),)) for kind in later]


def _remove(lane: Lane, rank: int, blob: Blob) -> _Begun:
    return _alone(Op(Kind.DELETE_BLOB, rank, lane.name, blob))


_BEGIN: Mapping[Action, Callable[[Lane, int, Blob], _Begun]] = {
    Action.UPLOAD: _upload,
    Action.DOWNLOAD: _download,
    Action.HYDRATE: _hydrate,
    Action.LIST: _list,
    Action.CHURN: _churn,
    Action.REMOVE: _remove,
}
