"""A plan made smaller: as many bytes as the scale says, in the structure that the whole has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from loadgen.plan.moved import full_bytes, lane_bytes, once
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan, Share
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.values import Shrinks

LEAST_RANKS = 8
"""Fewer ranks than this are no storm."""


def parse_scale(text: str) -> float:
    """A scale as people write it: 0.001, 1/1000 and 0.1% are the same. Raises `ProfileError`."""
    try:
        part, _, whole = text.strip().partition("/")
        if part.endswith("%") and not whole:
            scale = float(part[:-1]) / 100
        else:
            scale = float(part) / float(whole or 1)
    except (ValueError, ZeroDivisionError):
        scale = math.nan
    return checked_scale(scale, text)


def checked_scale(scale: float, said: str) -> float:
    """A scale above 0 and at most 1. Raises `ProfileError` for another."""
    if 0 < scale <= 1:
        return scale
    raise ProfileError(
        f"a scale is above 0 and at most 1, not {said}",
        "0.001, 1/1000 and 0.1% are the same; a larger load is a profile of its own.",
    )


def shrink(full: Plan, shrinks: Mapping[str, Shrinks], scale: float, ranks: int | None = None) -> Plan:
    """A full plan at a scale (above 0, at most 1), with so many ranks or as many as the scale gives.

    Its `scale` is what was reached, since blobs and bytes are whole. `notes` say what was lost.
    """
    ranks = ranks or max(min(LEAST_RANKS, full.full_ranks), round(full.full_ranks * scale))
    if scale == 1 and ranks == full.full_ranks:
        return full
    of_ranks = ranks / full.full_ranks
    of_bytes = _factor(full, scale, of_ranks)
    files = tuple(
        _fewer(one, of_bytes, of_ranks, ranks)
        if shrinks[one.name] is Shrinks.COUNT
        else _smaller(one, of_bytes, of_ranks)
        for one in full.files
    )
    smaller = replace(full, ranks=ranks, files=files)
    phases = tuple(_phase(full, smaller, phase, of_ranks, scale) for phase in full.phases)
    smaller = replace(smaller, phases=phases)
    reached = full_bytes(smaller) / full.full_bytes
    return replace(smaller, scale=reached, notes=tuple(_lost(full, smaller)))


def _factor(full: Plan, scale: float, of_ranks: float) -> float:
    """By how much the bytes that lie there shrink, for the bytes that are moved to shrink by `scale`.

    Where every rank moves every file, fewer ranks move fewer bytes already.
    """
    by_rank = sum(
        lane_bytes(full, lane)
        for phase in once(full)
        for lane in phase.lanes
        if lane.share is Share.ALL and lane.arrivals is None
    )
    moved = sum(lane_bytes(full, lane) for phase in once(full) for lane in phase.lanes)
    if not moved:
        return scale
    return min(1.0, scale * moved / (moved - by_rank + of_ranks * by_rank))


def _fewer(files: FileSet, of_bytes: float, of_ranks: float, ranks: int) -> FileSet:
    """Fewer blobs of the same size; smaller ones only where a rank would have none."""
    owners = _owners(files, of_ranks)
    least = min(files.count, owners or ranks)
    count = round(files.count * of_bytes)
    if count >= least:
        return replace(files, count=count, owners=owners)
    return _sized(files, least, owners, of_bytes)


def _smaller(files: FileSet, of_bytes: float, of_ranks: float) -> FileSet:
    """As many blobs a rank, each smaller; more a rank only where they would be larger than at full size.

    A blob that there is once, whatever the ranks, stays alone.
    """
    count = max(1, round(files.count * max(of_ranks, of_bytes))) if files.count > 1 else 1
    return _sized(files, count, min(count, _owners(files, of_ranks)), of_bytes)


def _owners(files: FileSet, of_ranks: float) -> int:
    return files.owners and max(1, round(files.owners * of_ranks))


def _sized(files: FileSet, count: int, owners: int, of_bytes: float) -> FileSet:
    each = max(1, round(files.count * files.bytes * of_bytes / count))
    spread = round(files.spread * each / files.bytes)
    return replace(files, count=count, bytes=each, spread=spread, owners=owners)


def _phase(full: Plan, smaller: Plan, phase: Phase, of_ranks: float, scale: float) -> Phase:
    lanes, first = [], 0
    beside = any(lane.first_rank for lane in phase.lanes)
    for place, lane in enumerate(phase.lanes):
        ranks = max(1, round(lane.ranks * of_ranks))
        if beside:
            after = len(phase.lanes) - place - 1
            ranks = min(ranks, max(1, smaller.ranks - first - after))
        lanes.append(replace(_lane(full, smaller, lane, scale), ranks=ranks, first_rank=first))
        first = min(first + ranks, smaller.ranks - 1) if beside else 0
    return replace(phase, lanes=tuple(lanes))


def _lane(full: Plan, smaller: Plan, lane: Lane, scale: float) -> Lane:
    pairs = [(full.file_set(name), smaller.file_set(name)) for name in lane.files]
    sizes = [(old.bytes, new.bytes) for old, new in pairs]
    if lane.action is Action.LIST:
        names = _parted(lane.page_names, [(old.count, new.count) for old, new in pairs])
        return replace(lane, page_names=names)
    if lane.arrivals is not None:
        lane = replace(
            lane, arrivals=replace(lane.arrivals, rate=lane.arrivals.rate * _slower(pairs, scale, lane))
        )
    if lane.action is Action.DOWNLOAD and lane.range_bytes:
        return replace(lane, range_bytes=_parted(lane.range_bytes, sizes))
    if lane.action in (Action.UPLOAD, Action.HYDRATE):
        single = min([lane.single_bytes, *(new - 1 for old, new in sizes if old > lane.single_bytes)])
        return replace(lane, block_bytes=_parted(lane.block_bytes, sizes), single_bytes=single)
    return lane


def _parted(step: int, sizes: Iterable[tuple[int, int]]) -> int:
    """A step that still parts whatever the old one parted; `sizes`: old and new of each."""
    return max(1, min([step, *(new // 2 for old, new in sizes if old > step)]))


def _slower(pairs: Iterable[tuple[FileSet, FileSet]], scale: float, lane: Lane) -> float:
    """By how much arrivals come slower: as many seconds as at full size, so much fewer bytes."""
    pairs = list(pairs)
    old, new = sum(one.count for one, _ in pairs), sum(one.count for _, one in pairs)
    if lane.arrivals is not None and lane.arrivals.seconds:
        mean_old = sum(one.count * one.bytes for one, _ in pairs) / old
        mean_new = sum(one.count * one.bytes for _, one in pairs) / new
        return scale * mean_old / mean_new
    return new / old


def _lost(full: Plan, smaller: Plan) -> Iterable[str]:
    """What is not as in the whole, in words."""
    if smaller.ranks != full.ranks:
        yield f"{smaller.ranks:,} ranks instead of {full.ranks:,}"
    for old, new in zip(full.files, smaller.files, strict=True):
        if new.bytes != old.bytes:
            yield f"{old.name}: blobs of {new.bytes:,} bytes instead of {old.bytes:,}"
        if new.count != old.count:
            yield f"{old.name}: {new.count:,} of {old.count:,} blobs"
    for before, after in zip(full.phases, smaller.phases, strict=True):
        for was, is_ in zip(before.lanes, after.lanes, strict=True):
            for key, what in _STEPS.items():
                if getattr(was, key) != getattr(is_, key):
                    change = what.format(f"{getattr(is_, key):,}", f"{getattr(was, key):,}")
                    yield f"{_place(before, was)}: {change}, so that what came in several pieces still does"
            if was.arrivals is not None and is_.arrivals is not None and was.arrivals != is_.arrivals:
                yield (
                    f"{_place(before, was)}: {_rate(is_.arrivals.rate)} arrivals a second instead of "
                    f"{_rate(was.arrivals.rate)}"
                )


def _place(phase: Phase, lane: Lane) -> str:
    return phase.name if lane.name == phase.name else f"{phase.name}/{lane.name}"


def _rate(one: float) -> str:
    return f"{one:,.0f}" if one >= 100 else f"{one:.3g}"


_STEPS = {
    "block_bytes": "blocks of {} bytes instead of {}",
    "single_bytes": "Put Blob up to {} bytes instead of {}",
    "range_bytes": "ranges of {} bytes instead of {}",
    "page_names": "pages of {} names instead of {}",
}
