"""What is asked of a load run, as a value, and what of it goes into the head of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.endpoint import Endpoint, Secret
from harness.signing.authorise import account_sas, face_for
from harness.signing.spec import AccountSas, Bearer, Default
from harness.vocabulary import ExitCode
from loadgen.client.target import auth_of
from loadgen.fleet.job import WAITS, Auth, Job, Place, Waits
from loadgen.fleet.launch import Formation
from loadgen.fleet.machine import facts
from loadgen.kpi.objectives import Objective
from loadgen.kpi.values import NOTHING, Given
from loadgen.payload.recipes import recipe
from loadgen.plan import document
from loadgen.plan.values import Plan
from loadgen.record.lines import Header
from loadgen.record.write import utc_now
from loadgen.storm.plan import Storm
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.world import Bound

_SAS_LIFE = timedelta(days=2)


class WishError(Exception):
    """Something is asked for that cannot be."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Wish:
    """A load run that is to be made. `plan` names the run's container."""

    plan: Plan
    shown: str  # the endpoint, as it may be shown
    auth: Auth | None  # None: as the endpoint is configured
    formation: Formation
    folder: Path
    expected: int = 0  # workers that join from elsewhere
    connections: int = 0
    waits: Waits = WAITS
    op_log: bool = False
    keep: bool = False  # the container stays
    self_test: bool = True  # the generator's ceiling is measured before
    ceiling: Ceiling | None = None  # it was measured for an earlier run of this work: no self-test is made
    objectives: tuple[Objective, ...] = ()
    given: Given = NOTHING
    substrate: str | None = None
    substrate_provenance: str | None = None
    bounds: tuple[Bound, ...] = ()
    disclosure: Mapping[str, Any] = field(default_factory=dict)
    storm: Storm | None = None  # what is to go wrong

    @property
    def workers(self) -> int:
        """All of them."""
        return self.formation.local + self.expected


def authorised(endpoint: Endpoint, auth: Auth | None) -> tuple[Endpoint, Auth]:
    """How an endpoint's load is authorised, and the endpoint with what that needs. Raises `WishError`."""
    chosen = auth_of(endpoint) if auth is None else auth.value
    if chosen == "anonymous":
        raise WishError(
            f"there are no credentials for {endpoint.name}",
            "Set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or give a TOML file that names them.",
        )
    if chosen == "sas" and endpoint.sas is None and endpoint.key is not None:
        made = account_sas(endpoint, AccountSas(expiry=_SAS_LIFE), datetime.now(UTC))
        endpoint = replace(endpoint, sas=Secret(made))
    has = {"shared-key": endpoint.key, "sas": endpoint.sas, "bearer": endpoint.tokens}
    if has[chosen] is None:
        words = {"shared-key": "account key", "sas": "SAS", "bearer": "source of tokens"}
        raise WishError(
            f"--auth {chosen}: the endpoint {endpoint.name} has no {words[chosen]}",
            f"It has: {', '.join(name for name, one in has.items() if one is not None) or 'nothing'}.",
        )
    return endpoint, Auth(chosen)


def job_of(wish: Wish, endpoint: Endpoint, auth: Auth) -> Job:
    """What the fleet is told."""
    return Job(wish.plan, Place.of(endpoint), auth, wish.workers, wish.connections, wish.waits, wish.op_log)


def header_of(wish: Wish, endpoint: Endpoint, auth: Auth) -> Header:
    """The first line of the run's file."""
    face = endpoint.face(face_for(Bearer() if auth is Auth.BEARER else Default(), endpoint))
    plan = wish.plan
    payloads = {name: recipe(name).facts for name in sorted({files.payload for files in plan.files})}
    return Header(
        tool=version("blobproof"),
        started=utc_now(),
        profile=plan.profile,
        title=plan.title,
        scale=plan.scale,
        ranks=plan.ranks,
        seed=plan.seed,
        workers=wish.workers,
        plan=document.dump(plan),
        endpoint={
            "name": endpoint.name,
            "shown": wish.shown,
            "scheme": face.scheme,
            "style": face.style.value,
            "authorised": auth.value,
            "version": endpoint.version,
            "declared": endpoint.declared,
        },
        measured_on=facts(),
        substrate=wish.substrate,
        substrate_provenance=wish.substrate_provenance,
        payloads=payloads,
        disclosure={
            "connections_per_worker": wish.connections or "as many as the ranks use at once",
            "operation_timeout_s": wish.waits.operation,
            "container": plan.container,
            **wish.disclosure,
        },
    )
