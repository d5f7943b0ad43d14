"""Containers: created, described, changed and deleted."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from harness.cases.case import Absent, Empty, Equal, Graded
from harness.golden.contract import properties
from harness.golden.contract.answer import EXPECTED, Answer, Refusal, done, exactly, nothing, refused
from harness.golden.contract.conditions import asking, writing
from harness.golden.contract.gate import Checks, Stage
from harness.golden.contract.state import UNKNOWN, Container, Lease

_ACCESS = ("container", "blob")


def create(stage: Stage) -> Answer:
    """Create Container."""
    asked = stage.asked
    old = stage.world.container(asked.container)
    checks = Checks()
    checks.add(properties.bad_metadata(asked))
    access = asked.said("x-ms-blob-public-access")
    if access is not None and access not in _ACCESS:
        checks.add(Refusal((400,), (), EXPECTED))
    if old.exists is UNKNOWN:
        stage.world.containers[asked.container] = replace(old, exists=UNKNOWN)
        return nothing(f"whether {asked.container} exists is not known")
    if old.exists:
        checks.add(refused(409, "ContainerAlreadyExists"))
    if (answer := checks.answer) is not None:
        return answer
    if old.state[0] == -2:  # it was deleted, and its name may not be free again
        stage.world.containers[asked.container] = replace(old, exists=UNKNOWN)
        return nothing(f"how soon the name {asked.container} is free again is up to the service")
    if access is not None:
        stage.world.containers[asked.container] = replace(old, exists=UNKNOWN)
        return nothing("whether the account allows public access is up to the account")
    made = Container(True, own=True, state=(asked.index, 0), metadata=properties.metadata(asked))
    stage.world.containers[asked.container] = made
    return done(201, shows=made.state)


def delete(stage: Stage) -> Answer:
    """Delete Container."""
    if (answer := stage.container()) is not None:
        return answer
    container = stage.world.container(stage.asked.container)
    checks = Checks()
    _dates(stage, container, checks)
    _lock(stage, container, checks, needed=True)
    if (answer := checks.answer) is not None:
        return answer
    gone = Container(False, state=(-2, 0))
    if checks.maybe:
        gone.exists = UNKNOWN
        stage.world.containers[stage.asked.container] = gone
        return nothing(f"whether {stage.asked.name} is done is not sure")
    stage.world.containers[stage.asked.container] = gone
    return done(202)


def get_properties(stage: Stage) -> Answer:
    """Get Container Properties."""
    return _read(stage, everything=True)


def get_metadata(stage: Stage) -> Answer:
    """Get Container Metadata."""
    return _read(stage, everything=False)


def _read(stage: Stage, *, everything: bool) -> Answer:
    if (answer := stage.container()) is not None:
        return answer
    container = stage.world.container(stage.asked.container)
    checks = Checks()
    _lock(stage, container, checks, needed=False)
    if (answer := stage.decide_read(checks)) is not None:
        return answer
    answer = done(200, shows=container.state).with_headers(_metadata(container))
    lease = container.lease
    if everything and lease.state is not UNKNOWN and not lease.untouched:
        answer = answer.saying(x_ms_lease_state=Graded(Equal(lease.state)))
    return replace(answer, expect=replace(answer.expect, body=Graded(Empty())))


def _metadata(container: Container) -> list[tuple[str, Graded[Any]]]:
    if container.metadata is UNKNOWN:
        return []
    has = {f"x-ms-meta-{name.lower()}" for name in container.metadata}
    out: list[tuple[str, Graded[Any]]] = [
        (f"x-ms-meta-{name}", exactly(value))
        for name, value in container.metadata.items()
        if value is not UNKNOWN
    ]
    return out + [(name, Graded(Absent())) for name in sorted(container.seen - has)]


def set_metadata(stage: Stage) -> Answer:
    """Set Container Metadata."""
    if (answer := stage.container()) is not None:
        return answer
    asked = stage.asked
    container = stage.world.container(asked.container)
    checks = Checks()
    checks.add(properties.bad_metadata(asked))
    _dates(stage, container, checks)
    _lock(stage, container, checks, needed=False)
    if (answer := checks.answer) is not None:
        return answer
    old = container.metadata
    if checks.maybe:
        container.metadata, container.state = UNKNOWN, (asked.index, -1)
        return nothing(f"whether {asked.name} is done is not sure")
    if old is not UNKNOWN:
        container.seen |= {f"x-ms-meta-{name.lower()}" for name in old}
    container.metadata = MappingProxyType(dict(properties.metadata(asked)))
    container.state = (asked.index, asked.round)
    return done(200, shows=container.state)


def get_acl(stage: Stage) -> Answer:
    """Get Container ACL."""
    if stage.asked.auth != "shared-key":
        return nothing("policies are read with a key alone: it depends on the way of signing")
    return stage.container() or done(200, shows=stage.world.container(stage.asked.container).state)


def set_acl(stage: Stage) -> Answer:
    """Set Container ACL: the policies themselves are not part of the model."""
    if (answer := stage.container()) is not None:
        return answer
    container = stage.world.container(stage.asked.container)
    container.public = UNKNOWN
    container.state = (stage.asked.index, -1)
    return nothing("whether policies and public access are taken is not part of the model")


def _dates(stage: Stage, container: Container, checks: Checks) -> None:
    wish = replace(asking(stage.asked), match=None, none_match=None)
    unmet = refused(412, "ConditionNotMet", level=EXPECTED)
    checks.take(writing(wish, container.state, stage.world, lambda kind: unmet, unmet))


def _lock(stage: Stage, container: Container, checks: Checks, *, needed: bool) -> None:
    lease: Lease = container.lease
    given = stage.lease_id()
    if lease.state is UNKNOWN:
        checks.maybe.append(Refusal((412,), (), EXPECTED))
    elif lease.state in ("leased", "breaking"):
        if given is None and needed:
            checks.add(refused(412, "LeaseIdMissing"))
        elif given is not None and given != lease.id:
            checks.add(refused(412, "LeaseIdMismatchWithContainerOperation", level=EXPECTED))
    elif given is not None and lease.state == "broken":
        checks.add(refused(412, "LeaseLost", level=EXPECTED))
    elif given is not None:
        checks.add(refused(412, "LeaseNotPresentWithContainerOperation", level=EXPECTED))
