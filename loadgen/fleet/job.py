"""What a fleet is told to do, as a frozen value that travels as JSON. It holds no secret."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import Any

from harness.endpoint import Endpoint
from loadgen.plan import document
from loadgen.plan.values import Phase, Plan


class Auth(enum.StrEnum):
    """How load is authorised."""

    SHARED_KEY = "shared-key"
    SAS = "sas"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long is waited for what, seconds. Nothing is waited for without an end."""

    gather: float = 60.0  # until all workers are there
    ready: float = 60.0  # until a worker has its job, and until it stands at a barrier
    stop: float = 10.0  # until a worker that was told to stop has told what it did
    give_up: float = 15.0  # every operation fails: after so long the endpoint counts as lost
    operation: float = 60.0  # one operation


WAITS = Waits()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the endpoint is, for a worker on another host. Its credentials are that host's own."""

    name: str
    url: str
    account: str
    style: str
    version: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> Place:
        """What of an endpoint everybody may know."""
        return cls(endpoint.name, endpoint.url, endpoint.account, endpoint.style.value, endpoint.version)


@dataclass(frozen=True, slots=True)
class Job:
    """A load run as its fleet sees it."""

    plan: Plan
    place: Place
    auth: Auth
    workers: int
    connections: int = 0  # of a worker, at most; 0: as many as its ranks use at once
    waits: Waits = WAITS
    op_log: bool = False  # each worker writes down every operation

    def phase(self, number: int) -> Phase:
        """A phase by its place in the plan, from 0."""
        return self.plan.phases[number]


def dump(job: Job) -> dict[str, Any]:
    """The job as JSON data."""
    return {
        "plan": document.dump(job.plan),
        "place": asdict(job.place),
        "auth": job.auth.value,
        "workers": job.workers,
        "connections": job.connections,
        "waits": asdict(job.waits),
        "op_log": job.op_log,
    }


def load(data: dict[str, Any]) -> Job:
    """The job that `dump` described."""
    return Job(
        plan=document.load(data["plan"]),
        place=Place(**data["place"]),
        auth=Auth(data["auth"]),
        workers=data["workers"],
        connections=data["connections"],
        waits=Waits(**data["waits"]),
        op_log=data["op_log"],
    )
