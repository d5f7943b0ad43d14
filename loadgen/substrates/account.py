"""How long the limits of a storage account make a plan take at least, whatever the clients do."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.plan.moved import lane_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Action, Phase, Plan
from loadgen.substrates.values import Kind, Provenance, Substrate, SubstrateError

_BYTES_PER_GBIT = 125_000_000
_IN = frozenset({Action.UPLOAD, Action.HYDRATE, Action.CHURN})
_OUT = frozenset({Action.DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Floor:
    """The least seconds that each limit of an account asks for; the largest rules."""

    phase: str
    bytes_in: int
    bytes_out: int
    requests: int
    ingress_s: float
    egress_s: float
    requests_s: float
    assumed: tuple[str, ...]  # limits that are assumptions: they lead to no verdict

    @property
    def seconds(self) -> float:
        """The least seconds that all limits together ask for."""
        return max(self.ingress_s, self.egress_s, self.requests_s)

    @property
    def limited_by(self) -> str:
        """The limit that rules: ingress, egress or requests."""
        limits = {"ingress": self.ingress_s, "egress": self.egress_s, "requests": self.requests_s}
        return max(limits, key=limits.__getitem__)


def account_floors(plan: Plan, account: Substrate) -> tuple[Floor, ...]:
    """The floor of each measured phase, in order, all iterations. Raises `SubstrateError`."""
    return tuple(phase_floor(plan, phase, account) for phase in plan.phases if phase.measured)


def account_floor(plan: Plan, account: Substrate) -> float:
    """The least seconds of all measured phases, one after the other. Raises `SubstrateError`."""
    return sum(floor.seconds for floor in account_floors(plan, account))


def phase_floor(plan: Plan, phase: Phase, account: Substrate) -> Floor:
    """The floor of one phase. Raises `SubstrateError` for a substrate that is no account.

    A blob that the endpoint fetches counts once each way where its source is in the same account.
    """
    if account.kind is not Kind.ACCOUNT or account.missing:
        raise SubstrateError(
            f"{account.id} has no account limits",
            "Take blob-account, or a substrate of your own of kind account.",
        )
    into = sum(lane_bytes(plan, lane) for lane in phase.lanes if lane.action in _IN)
    fetched = sum(lane_bytes(plan, lane) for lane in phase.lanes if lane.action is Action.HYDRATE)
    out = sum(lane_bytes(plan, lane) for lane in phase.lanes if lane.action in _OUT) + fetched
    count = sum(phase_requests(plan, phase).values())
    limits = account.parameters
    used = ("ingress_gbps", "egress_gbps", "requests_per_s")
    return Floor(
        phase=phase.name,
        bytes_in=round(into),
        bytes_out=round(out),
        requests=count,
        ingress_s=into / (limits["ingress_gbps"].number * _BYTES_PER_GBIT),
        egress_s=out / (limits["egress_gbps"].number * _BYTES_PER_GBIT),
        requests_s=count / limits["requests_per_s"].number,
        assumed=tuple(name for name in used if limits[name].provenance is Provenance.ASSUMED),
    )
