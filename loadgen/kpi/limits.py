"""Requests and bytes against the limits of a storage account: what a plan needs, and a run's share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from loadgen.kpi.iterations import Group, Iteration
from loadgen.kpi.values import Given, Origin
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Action, Lane, Phase, Plan
from loadgen.record.lines import Metric
from loadgen.substrates.account import phase_floor
from loadgen.substrates.values import Substrate

BLOCKS = tuple(size << 20 for size in (4, 8, 32, 64, 100))
"""The block and range sizes that a planning table compares, bytes."""

_BLOCKED = frozenset({Action.UPLOAD, Action.HYDRATE})


@dataclass(frozen=True, slots=True)
class Need:
    """A row of the planning table: a phase, once, with one block size, in one account. All is modelled."""

    phase: str
    scale: float
    account: str  # the id of the substrate
    block_bytes: int | None  # of blocks, and of ranges where blobs are read; None: as the plan has them
    requests: int
    bytes: int
    floor_s: float  # the least time that the account's limits ask for
    limited_by: str  # "ingress", "egress" or "requests"
    requests_per_s: float  # at that floor
    requests_limit: float  # of the account, a second
    blob_requests: int  # of the largest blob
    blob_floor_s: float | None  # what the limit of one blob asks for it; None: the account states none
    assumed: tuple[str, ...]  # limits that are assumptions


def planning(
    plan: Plan, accounts: Sequence[Substrate], blocks: Sequence[int | None] = (None, *BLOCKS)
) -> tuple[Need, ...]:
    """What the measured phases of a plan need, once each. Raises `SubstrateError` for what is no account."""
    once = [phase for phase in plan.phases if phase.measured and phase.iteration == 1]
    return tuple(
        _need(plan, phase, account, block) for phase in once for account in accounts for block in blocks
    )


def figures(plan: Plan, group: Group, given: Given) -> Iterator[Metric]:
    """How a phase of a run stands to the limits of the account that the user names; nothing without one."""
    phase = next((one for one in plan.phases if one.measured and one.name == group.name), None)
    if given.account is None or phase is None:
        return
    need = _need(plan, phase, given.account, None)
    why = _assumed(need.assumed)
    said = f"the least that {need.account} asks for, by its {need.limited_by} limit"
    yield Metric(
        f"{group.name}.account_floor_s",
        need.floor_s,
        "s",
        Origin.MODELLED,
        n=len(group.iterations),
        said="; ".join(filter(None, (said, why))),
        no_verdict=why,
    )
    found = group.over("account_requests_ratio", "ratio", lambda one: _share(one, need.requests_limit))
    if found:
        why = _assumed([name for name in need.assumed if name == "requests_per_s"])
        said = f"attempts a second of this run, also those that failed / limit of {need.account}"
        said = "; ".join(filter(None, (said, why, found.said)))
        yield replace(found, kind=Origin.MODELLED, said=said, no_verdict=why)


def _share(one: Iteration, limit: float) -> float | None:
    """What an account counts is what came to it, whatever became of it."""
    return (one.ops + one.errors - one.unsent) / one.barrier_s / limit if one.barrier_s else None


def _assumed(limits: Sequence[str]) -> str:
    """Why there is no verdict."""
    return f"{', '.join(limits)} assumed, and assumptions never lead to a verdict" if limits else ""


def names(phase: str, given: Given) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give for a phase."""
    if given.account is not None:
        yield f"{phase}.account_floor_s", "s"
        yield f"{phase}.account_requests_ratio", "ratio"


def _need(plan: Plan, phase: Phase, account: Substrate, block: int | None) -> Need:
    phase = replace(phase, lanes=tuple(_cut(lane, block) for lane in phase.lanes))
    floor = phase_floor(plan, phase, account)
    limits = account.parameters
    most = max((_of_blob(plan, lane) for lane in phase.lanes), default=0)
    for_blob = limits.get("blob_requests_per_s")
    return Need(
        phase.name,
        plan.scale,
        account.id,
        block,
        sum(phase_requests(plan, phase).values()),
        floor.bytes_in + floor.bytes_out,
        floor.seconds,
        floor.limited_by,
        floor.requests / floor.seconds if floor.seconds else 0.0,
        limits["requests_per_s"].number,
        most,
        most / for_blob.number if for_blob else None,
        floor.assumed,
    )


def _cut(lane: Lane, block: int | None) -> Lane:
    """The lane with other blocks, or other ranges."""
    if block is None:
        return lane
    if lane.action in _BLOCKED:
        return replace(lane, block_bytes=block, single_bytes=min(lane.single_bytes, block))
    return replace(lane, range_bytes=block) if lane.action is Action.DOWNLOAD else lane


def _of_blob(plan: Plan, lane: Lane) -> int:
    """Requests for the largest blob of a lane, once."""
    size = max((plan.file_set(name).bytes for name in lane.files), default=0)
    if lane.action in _BLOCKED and (size > lane.single_bytes or lane.action is Action.HYDRATE):
        return -(-size // lane.block_bytes) + 1
    if lane.action is Action.DOWNLOAD:
        return -(-size // (lane.range_bytes or size or 1))
    return 1
