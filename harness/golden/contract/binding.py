"""What the names that a step saves stand for: the ETag of a state, a snapshot, a lease, a place in a list."""

from __future__ import annotations

import re

from harness.cases.case import Save
from harness.golden.contract.answer import Answer
from harness.golden.contract.gate import Stage
from harness.golden.contract.state import Bound, State, World

_ENTRY = re.compile(
    r"EnumerationResults/Blobs/Blob(?:\[Name=(?P<name>.*)\])?/(?:Properties/)?(?P<what>Etag|Last-Modified|Snapshot)",
    re.DOTALL,
)
_KINDS = {"Etag": "etag", "Last-Modified": "modified"}


def bind(stage: Stage, answer: Answer, saves: tuple[Save, ...]) -> None:
    """Keep what the saved names of a step stand for, as far as that is known."""
    for save in saves:
        stage.world.symbols.pop(save.name, None)
        bound = _header(stage, answer, save) if save.source == "header" else _element(stage, save)
        if bound is not None:
            stage.world.symbols[save.name] = bound


def named_entry(save: Save) -> str | None:
    """The name of the listed blob that a value is taken of; None: it is taken of something else."""
    match = _ENTRY.fullmatch(save.path) if save.source == "xml" else None
    return match["name"] if match is not None else None


def _header(stage: Stage, answer: Answer, save: Save) -> Bound | None:
    asked = stage.asked
    match save.path.lower():
        case "etag":
            return None if answer.shows is None else Bound("etag", answer.shows)
        case "last-modified":
            return None if answer.shows is None else Bound("modified", answer.shows)
        case "x-ms-snapshot" if asked.operation == "Snapshot Blob":
            return Bound("snapshot", asked.index)
        case "x-ms-lease-id":
            lease = (
                stage.world.container(asked.container).lease
                if asked.depth == "container"
                else stage.blob.lease
            )
            return None if lease.id is None else Bound("lease", lease.id)
        case "x-ms-copy-id":
            return Bound("copy", asked.index)
    return None


def _element(stage: Stage, save: Save) -> Bound | None:
    if save.path == "EnumerationResults/NextMarker":
        return Bound("marker", stage.marks[-1]) if stage.marks else None
    match = _ENTRY.fullmatch(save.path)
    if match is None or match["name"] is None or match["what"] not in _KINDS:
        return None
    state = _state(stage.world, stage.asked.container, match["name"])
    if state is None:
        return None
    return Bound("etag" if match["what"] == "Etag" else "modified", state)


def _state(world: World, container: str, name: str) -> State | None:
    blob = world.blob(container, name)
    version = blob.current
    return version.state if version is not None and version.settled and not blob.lost else None
