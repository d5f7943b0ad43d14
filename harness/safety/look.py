"""What is there after a trial, at the endpoint and in local files: compared with what was and should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.clients.data import read_tree
from harness.clients.truth import PremiseError, Truth, digest, said
from harness.drive.action import Action, Told
from harness.drive.scene import Scene
from harness.exchange import Exchange
from harness.safety.asked import accounted
from harness.safety.damage import damage
from harness.safety.outcome import Wrong
from harness.wire.body import KEEP

_SAID_BY_WRONG = frozenset({Action.GET_SMALL, Action.GET_LARGE, Action.GET_TREE, Action.METADATA})
_LONG = 300


@dataclass(frozen=True, slots=True)
class Holdings:
    """The blobs of a container (name → length and digest), and what could not be read as it must be."""

    blobs: Mapping[str, str]
    trouble: tuple[str, ...] = ()


def holdings(truth: Truth, container: str) -> Holdings:
    """What the endpoint lists and gives back. Never raises for what the endpoint does."""
    try:
        listed = truth.names(container)
    except PremiseError as error:
        return Holdings({}, (f"the listing: {error}",))
    blobs, trouble = {}, []
    for one in listed:
        try:
            stored = truth.get(container, one.name)
        except PremiseError as error:
            trouble.append(f"{one.name}: {error}")
            continue
        if stored is None:
            trouble.append(f"{one.name} is listed and cannot be read")
            continue
        blobs[one.name] = f"{stored.length} bytes, sha256 {stored.sha256}"
        if stored.length != one.length:
            trouble.append(f"{one.name} is listed with {one.length} bytes and has {stored.length}")
    return Holdings(blobs, tuple(trouble))


def wrong(scene: Scene, told: Told) -> tuple[Wrong, ...]:
    """What is not as the task wanted it, each with what is the matter with it."""
    found = (one for one in scene.right(told) if not one.holds)
    return tuple(_explained(scene, told, Wrong(one.about, one.expected, one.observed)) for one in found)


def left(scene: Scene, wrong: tuple[Wrong, ...], before: Holdings, after: Holdings) -> str:
    """What of the task's result is there though the client says that it failed."""
    action = scene.task.action
    if action is Action.LIST:
        return ""
    real = [one for one in wrong if not one.told]
    if not real:
        return "false failure: all is as it should be"
    if action in _SAID_BY_WRONG:
        return "; ".join(str(one) for one in real[:2])
    if action is Action.DELETE:
        return "the blob is still there"
    right = [name for name, data in scene.blobs.items() if after.blobs.get(name) == said(data)]
    parts = [
        name
        for name, data in scene.blobs.items()
        if name in after.blobs and after.blobs[name] not in (said(data), before.blobs.get(name))
    ]
    if len(scene.blobs) > 2:
        more = f", a part of {len(parts)}" if parts else ""
        return f"{len(right)} of {len(scene.blobs)} blobs are there{more}"
    if parts:
        return "; ".join(str(one) for one in real[:2])
    name = scene.task.blob
    return "the old is there" if name in after.blobs else "nothing is there"


def torn(
    scene: Scene, before: Holdings, after: Holdings, requests: Sequence[Exchange], prefix: str
) -> tuple[str, ...]:
    """Blobs that are neither what they were, nor what should be, nor what the client's requests put there."""
    out = []
    for name, now in after.blobs.items():
        wanted = scene.blobs.get(name)
        if now == before.blobs.get(name) or (wanted is not None and now == said(wanted)):
            continue
        found = fetch(scene.truth, scene.task.container, name)
        if found is None or not accounted(requests, prefix, name, found):
            told = "nobody wrote it" if wanted is None else damage(wanted, found)
            out.append(f"{name}: {told}")
    return tuple(out)


def fetch(truth: Truth, container: str, name: str) -> bytes | None:
    """The bytes of a blob, read in pieces; None when they cannot be had."""
    target = f"/{container}/{quote(name, safe='/')}"
    data = b""
    while True:
        piece = f"bytes={len(data)}-{len(data) + KEEP - 1}"
        response = truth.send("GET", target, [("x-ms-range", piece)]).response
        if response is not None and response.status == 416:
            return data
        if response is None or response.status not in (200, 206) or response.body.data is None:
            return None
        data += response.body.data
        if len(response.body.data) < KEEP:
            return data


def _explained(scene: Scene, told: Told, one: Wrong) -> Wrong:
    for name, data in scene.blobs.items():
        if one.about == f"bytes of {name}":
            return Wrong(one.about, one.expected, _of_blob(scene, name, data) or one.observed)
    if one.about.startswith("bytes of the file") and scene.files is not None:
        return Wrong(one.about, one.expected, damage(scene.files[""], _read(scene.task.file)))
    if one.about.startswith("files below") and scene.files is not None:
        return Wrong(one.about, one.expected, _of_files(scene.task.file, scene.files))
    if one.about == "names and sizes listed":
        wanted = {name: len(data) for name, data in scene.blobs.items()}
        return Wrong(one.about, one.expected, _of_names(wanted, told.facts.get("names", {})), told=True)
    told_only = one.about.startswith(("metadata read back", "what became of"))
    return Wrong(one.about, one.expected, one.observed[:_LONG], told=told_only)


def _of_blob(scene: Scene, name: str, data: bytes) -> str:
    return damage(data, fetch(scene.truth, scene.task.container, name))


def _of_files(folder: Path, wanted: Mapping[str, bytes]) -> str:
    there = read_tree(folder)
    spoilt = [
        f"{name}: {damage(data, _read(folder / name))}"
        for name, data in sorted(wanted.items())
        if there.get(name) != digest(data)
    ]
    spoilt += [f"{name}: should not be there" for name in sorted(set(there) - set(wanted))]
    return _some(spoilt)


def _of_names(wanted: Mapping[str, int], listed: Mapping[str, object]) -> str:
    lost = [f"{name} is missing" for name in sorted(set(wanted) - set(listed))]
    more = [f"{name} is no name of a blob" for name in sorted(set(listed) - set(wanted))]
    sizes = [
        f"{name} has {listed[name]} bytes instead of {wanted[name]}"
        for name in sorted(set(wanted) & set(listed))
        if wanted[name] != listed[name]
    ]
    return _some([*lost, *more, *sizes])


def _some(texts: list[str]) -> str:
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
