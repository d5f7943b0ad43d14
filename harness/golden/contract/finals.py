"""Our own reads of what must be there at the end: each blob that was touched, and the names beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.cases.case import Batch, Recipe, Step
from harness.golden.contract.answer import Answer, exactly
from harness.golden.contract.gate import Stage
from harness.golden.contract.names import Names
from harness.golden.contract.operations import answer
from harness.golden.contract.order import touch
from harness.golden.contract.request import Asked, asked, parts
from harness.golden.contract.simulate import Played
from harness.golden.contract.state import UNKNOWN, World
from harness.golden.contract.text import in_path

_READ = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Finals:
    """The reads, and what cannot be read because it is not known."""

    steps: tuple[Step, ...]
    unknown: tuple[str, ...]


def finals(world: World, played: Sequence[Played], names: Names, payloads: Mapping[str, Recipe]) -> Finals:
    """The reads of the final state."""
    names.at = len(names.steps)
    steps: list[Step] = []
    unknown: list[str] = []
    containers, blobs = _touched(played)
    for container in containers:
        exists = world.container(container).exists
        if exists is UNKNOWN:
            unknown.append(f"at the end: whether {container} exists is not known")
        elif not exists:
            steps.append(Step("HEAD", f"/{in_path(container)}?restype=container"))
    for container, name in blobs:
        if world.container(container).exists is not True:
            continue
        if world.blob(container, name).lost:
            unknown.append(f"at the end: nothing is known of {name} in {container}")
            continue
        steps.append(_read(world, container, name))
    for container in containers:
        inside = [name for where, name in blobs if where == container]
        known = not any(world.blob(container, name).lost for name in inside)
        if inside and known and world.container(container).exists is True:
            steps.append(Step("GET", f"/{in_path(container)}?restype=container&comp=list"))
    said = [_expected(step, world, names, payloads) for step in steps]
    unknown += [f"at the end: {why}" for one in said for why in one.unknown]
    return Finals(
        tuple(replace(step, expect=one.expect) for step, one in zip(steps, said, strict=True)),
        tuple(unknown),
    )


def _read(world: World, container: str, name: str) -> Step:
    blob = world.blob(container, name)
    target = f"/{in_path(container)}/{in_path(name)}"
    if blob.current is None or blob.tier in ("Archive", UNKNOWN) or blob.current.content is UNKNOWN:
        return Step("HEAD", target)
    return Step("GET", target)


def _expected(step: Step, world: World, names: Names, payloads: Mapping[str, Recipe]) -> Answer:
    stage = Stage(asked(len(names.steps), "the read", step), world, names, payloads)
    said = answer(stage)
    return said if said.shows is None else _validated(said, names)


def _validated(said: Answer, names: Names) -> Answer:
    assert said.shows is not None
    etag = names.of(said.shows, "ETag")
    return said if etag is None else said.saying(ETag=exactly(etag))


def _touched(played: Sequence[Played]) -> tuple[list[str], list[tuple[str, str]]]:
    """Containers and blobs that the steps wrote, or meant to."""
    containers: list[str] = []
    blobs: list[tuple[str, str]] = []
    for one in _requests(played):
        if one.method in _READ or one.depth == "account" or not touch(one).writes:
            continue
        if one.container.startswith(("{own-container", "{new-container")):
            if one.container not in containers:
                containers.append(one.container)
            if one.depth == "blob" and (one.container, one.blob) not in blobs:
                blobs.append((one.container, one.blob))
    return containers, blobs


def _requests(played: Sequence[Played]) -> Iterator[Asked]:
    for step in played:
        for one in step.rounds:
            if isinstance(one.body, Batch) and one.operation == "Blob Batch":
                yield from parts(one, one.body.parts)
            else:
                yield one
