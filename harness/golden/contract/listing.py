"""List Blobs: which names come in which order, where a page ends, and what each entry says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.cases.case import Absent, Contains, Equal, EqualList, Graded, Matches, Md5Of
from harness.golden.contract.answer import (
    EXPECTED,
    Answer,
    Refusal,
    done,
    exactly,
    nothing,
    refusal,
    refused,
    weakened,
)
from harness.golden.contract.content import md5, pieces
from harness.golden.contract.gate import Stage
from harness.golden.contract.request import Asked
from harness.golden.contract.state import UNKNOWN, Blob, Container, Unknown, Version
from harness.golden.contract.text import begins, compare, in_order, literal, plain, rolled_up, symbol
from harness.vocabulary import Level

_TOP = "EnumerationResults"
_BLOB, _PREFIX, _NEXT = f"{_TOP}/Blobs/Blob", f"{_TOP}/Blobs/BlobPrefix", f"{_TOP}/NextMarker"
_MOST = 5000
_KNOWN = frozenset(
    {
        *("snapshots", "metadata", "uncommittedblobs", "copy", "deleted", "tags", "versions"),
        *("deletedwithversions", "immutabilitypolicy", "legalhold", "permissions"),
    }
)
_START_SINCE = "2026-02-06"
_RARE = frozenset({"deletedwithversions", "immutabilitypolicy", "legalhold", "permissions"})
_HISTORY = frozenset({"deleted", "versions", "deletedwithversions"})

Xml = list[tuple[str, Graded[Any]]]


class UnclearListError(Exception):
    """What a listing holds, or in which order, is not known. The message says why."""


class UnclearMarkerError(UnclearListError):
    """A marker of which nobody knows whether it is taken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a listing: a blob, a snapshot, or a prefix."""

    name: str
    version: Version | None = None  # None: a prefix, or a blob of staged blocks only
    blob: Blob | None = None  # None: a prefix
    snapshot: int | None = None  # the step that took it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the listing that goes on there, and the first entry that it did not give."""

    container: str
    prefix: str
    delimiter: str
    last: tuple[str, int | None]
    next: tuple[str, int | None]


def list_blobs(stage: Stage) -> Answer:
    """List Blobs."""
    asked = stage.asked
    if (answer := stage.container()) is not None:
        return answer
    include = frozenset(part.strip().lower() for part in asked.query.get("include", "").split(",")) - {""}
    stopped = _refusals(asked, include)
    if stopped:
        return refusal(stopped)
    container = stage.world.container(asked.container)
    if not plain(asked.query.get("prefix", "")) or not plain(asked.query.get("delimiter", "")):
        return nothing("what a service makes of odd characters in a prefix is not known")
    try:
        _known_marker(stage)
        entries = _entries(stage, container, include)
        page, after = _page(stage, entries)
    except UnclearMarkerError as error:
        return nothing(str(error))
    except UnclearListError as error:
        return replace(done(200), unknown=(str(error),))
    xml = _names(page, delimited=bool(asked.query.get("delimiter")))
    xml += _details(stage, [entry for entry in page if entry.blob is not None], include)
    if after is None:
        xml.append((_NEXT, exactly("")))
    else:
        xml.append((_NEXT, Graded(Matches(".+"))))
        stage.marks.append(
            Place(asked.container, asked.query.get("prefix", ""), asked.query.get("delimiter", ""), *after)
        )
    answer = done(200)
    answer = replace(answer, expect=replace(answer.expect, xml=tuple(xml)))
    soft = any(
        blob.soft for name, blob in container.blobs.items() if begins(name, asked.query.get("prefix", ""))
    )
    rare = len(asked.query.get("delimiter", "")) > 1 or bool(include & _RARE) or "startfrom" in asked.query
    rare |= any(entry.snapshot is not None for entry in page)
    return weakened(answer) if soft or rare else answer


def _refusals(asked: Asked, include: frozenset[str]) -> list[Refusal]:
    out = []
    most = asked.query.get("maxresults", "")
    text = literal(most) or ""
    if text and not text.isdecimal() and not text.removeprefix("-").isdecimal():
        out.append(Refusal((400,), (), EXPECTED))
    elif text and int(text) <= 0:
        out.append(refused(400, "OutOfRangeQueryParameterValue", level=EXPECTED))
    if include - _KNOWN:
        out.append(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    if "snapshots" in include and asked.query.get("delimiter"):
        out.append(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    return out


# --- what is listed ---


def _entries(stage: Stage, container: Container, include: frozenset[str]) -> list[Entry]:
    asked = stage.asked
    if not container.own or asked.container == "{container}":
        raise UnclearListError(f"what others have in {asked.container} is not known")
    if include & _HISTORY and container.rewritten:
        raise UnclearListError("whether the account keeps old versions and deleted blobs is not known")
    if "showonly" in asked.query or asked.query.get("endbefore"):
        raise UnclearListError("endBefore and showonly are not part of the model")
    start = _start_from(asked)
    prefix, delimiter = asked.query.get("prefix", ""), asked.query.get("delimiter", "")
    found: dict[str, Blob | None] = {}
    for name, blob in container.blobs.items():
        inside = begins(name, prefix)
        if inside is None or (inside and blob.lost):
            raise UnclearListError(f"whether {name} is listed is not known")
        if not inside or not _listed(blob, include):
            continue
        if (place := compare(name, start)) is None:
            raise UnclearListError(f"whether {name} comes before the start is not known")
        if place < 0:
            continue
        if not plain(name):
            raise UnclearListError(f"how {name} is listed is not known")
        rolled = _rolled(name, prefix, delimiter)
        found[rolled or name] = None if rolled else blob
    names = in_order(list(found))
    if names is None:
        raise UnclearListError("the order of names that are chosen at the replay is not known")
    return [entry for name in names for entry in _of(name, found[name], include)]


def _start_from(asked: Asked) -> str:
    """The name at which a listing begins."""
    start = asked.query.get("startfrom", "")
    if start and (asked.version < _START_SINCE or asked.query.get("delimiter")):
        raise UnclearListError(f"what startFrom means before {_START_SINCE} or with a delimiter is not known")
    return start


def _listed(blob: Blob, include: frozenset[str]) -> bool:
    if blob.current is not None:
        return True
    if blob.staged and "uncommittedblobs" in include:
        return True
    return bool(blob.snapshots) and "snapshots" in include


def _rolled(name: str, prefix: str, delimiter: str) -> str | None:
    try:
        return rolled_up(name, prefix, delimiter) if delimiter else None
    except ValueError:
        raise UnclearListError(f"whether {name} holds the delimiter is not known") from None


def _of(name: str, blob: Blob | None, include: frozenset[str]) -> Iterator[Entry]:
    if blob is None:
        yield Entry(name)
        return
    if "snapshots" in include:
        for one in blob.snapshots:
            yield Entry(name, one.version, blob, one.by)
    if blob.current is not None or (blob.staged and "uncommittedblobs" in include):
        yield Entry(name, blob.current, blob)


Ends = tuple[tuple[str, int | None], tuple[str, int | None]]


def _page(stage: Stage, entries: list[Entry]) -> tuple[list[Entry], Ends | None]:
    """The entries of the page, and where it ends: the last entry of it and the one after that."""
    asked = stage.asked
    start = 0
    if (place := _known_marker(stage)) is not None:
        start = _start(asked, place, entries)
    text = literal(asked.query.get("maxresults", ""))
    if text is None:
        raise UnclearListError("how many entries a page has is not known")
    most = min(int(text), _MOST) if text else _MOST
    page = entries[start : start + most]
    if start + most >= len(entries):
        return page, None
    last, following = entries[start + most - 1], entries[start + most]
    return page, ((last.name, last.snapshot), (following.name, following.snapshot))


def _known_marker(stage: Stage) -> Place | None:
    """The place that the marker of a request names; None where it has none. Raises UnclearMarkerError."""
    marker = stage.asked.query.get("marker")
    if not marker:
        return None
    bound = stage.world.symbols.get(symbol(marker) or "")
    if bound is None or not isinstance(bound.of, Place):
        raise UnclearMarkerError(f"where the marker {marker} goes on is not known")
    return bound.of


def _start(asked: Asked, place: Place, entries: list[Entry]) -> int:
    """The place of the first entry that a marker has not passed."""
    same = (asked.container, asked.query.get("prefix", ""), asked.query.get("delimiter", ""))
    if (place.container, place.prefix, place.delimiter) != same:
        raise UnclearListError("the marker is of another listing")
    keys = [(entry.name, entry.snapshot) for entry in entries]
    if place.next in keys:
        at = keys.index(place.next)
        # A marker names the next entry, or the last one: what came in between is listed, or not.
        if at and keys[at - 1] != place.last and (compare(keys[at - 1][0], place.last[0]) or 0) > 0:
            raise UnclearListError("entries came between two pages")
        return at
    if any(compare(place.last[0], key[0]) in (None, 0) for key in keys):
        raise UnclearListError("where a page goes on whose next entry is gone is not known")
    between = [key for key in keys if (compare(key[0], place.last[0]) or 0) > 0]
    if any((compare(key[0], place.next[0]) or 0) < 0 for key in between):
        raise UnclearListError("entries came between two pages")
    return len(keys) - len(between)


# --- what entries say ---


def _list(path: str, values: Sequence[str], level: Level | None = None) -> tuple[str, Graded[Any]]:
    return path, Graded(EqualList(tuple(values)) if values else Absent(), level)


def _names(page: Sequence[Entry], *, delimited: bool) -> Xml:
    out = [_list(f"{_BLOB}/Name", [entry.name for entry in page if entry.blob is not None])]
    if delimited:
        out.append(_list(f"{_PREFIX}/Name", [entry.name for entry in page if entry.blob is None]))
    return out


def _details(stage: Stage, blobs: Sequence[Entry], include: frozenset[str]) -> Xml:
    if not blobs:
        return []
    out: Xml = []
    out += _column(f"{_BLOB}/Properties/Content-Length", [_size(entry) for entry in blobs])
    committed = [entry for entry in blobs if entry.version is not None]
    out += _column(f"{_BLOB}/Properties/Last-Modified", [_modified(stage, entry) for entry in committed])
    hashes = [_md5(entry) for entry in committed]
    # That a blob without a hash has an empty element is how the service writes it; no client needs it.
    out += _column(f"{_BLOB}/Properties/Content-MD5", hashes, Level.EXPECTED if "" in hashes else None)
    if "metadata" in include:
        out += _metadata(committed)
    if "snapshots" in include:
        taken = [entry.snapshot for entry in blobs if entry.snapshot is not None]
        out += _column(f"{_BLOB}/Snapshot", [stage.names.value(by, "x-ms-snapshot") for by in taken])
    if "tags" in include:
        out += _tags(committed)
    return out


def _column(path: str, values: Sequence[str | None], level: Level | None = None) -> Xml:
    known = [value for value in values if value is not None]
    return [_list(path, known, level)] if known and len(known) == len(values) else []


def _size(entry: Entry) -> str | None:
    if entry.version is None:
        return "0"
    return None if entry.version.size is UNKNOWN else str(entry.version.size)


def _modified(stage: Stage, entry: Entry) -> str | None:
    version = entry.version
    if version is None or not version.settled:
        return None
    return stage.names.of(version.state, "Last-Modified")


def _md5(entry: Entry) -> str | None:
    stored = entry.version.properties.get("Content-MD5", UNKNOWN) if entry.version is not None else UNKNOWN
    if stored is UNKNOWN:
        return None
    if isinstance(stored.value, Equal):
        return stored.value.text
    if isinstance(stored.value, Md5Of):
        return md5(pieces(stored.value.recipe))
    return ""


def _metadata(entries: Sequence[Entry]) -> Xml:
    """Values by name, of all entries that have it. Names keep their case, which is expected only."""
    columns: dict[str, list[str | Unknown]] = {}
    for entry in entries:
        metadata = entry.version.metadata if entry.version is not None else UNKNOWN
        if metadata is UNKNOWN:
            return []
        for name, value in metadata.items():
            columns.setdefault(name, []).append(value)
    out: Xml = []
    folded = [name.lower() for name in columns]
    for name, values in columns.items():
        known = [value for value in values if value is not UNKNOWN]
        if len(known) == len(values) and folded.count(name.lower()) == 1:
            level = None if name == name.lower() else EXPECTED
            out.append(_list(f"{_BLOB}/Metadata/{name}", known, level))
    return out


def _tags(entries: Sequence[Entry]) -> Xml:
    keys: list[str] = []
    values: list[str] = []
    for entry in entries:
        tags = entry.blob.tags if entry.blob is not None and entry.snapshot is None else UNKNOWN
        if tags is UNKNOWN or in_order([key for key, _ in tags]) != [key for key, _ in tags]:
            return []
        keys += [key for key, _ in tags]
        values += [value for _, value in tags]
    path = f"{_BLOB}/Tags/TagSet/Tag"
    return [_list(f"{path}/Key", keys), _list(f"{path}/Value", values)] if keys else []


# --- List Containers ---


def _container_refusals(asked: Asked) -> list[Refusal]:
    include = frozenset(asked.query.get("include", "").split(",")) - {"", "metadata", "deleted", "system"}
    out = [refused(400, "InvalidQueryParameterValue", level=EXPECTED)] if include else []
    return out + _refusals(asked, frozenset())


def list_containers(stage: Stage) -> Answer:
    """List Containers: ours are among them."""
    asked = stage.asked
    path = f"{_TOP}/Containers/Container/Name"
    answer = done(200)
    if stopped := _container_refusals(asked):
        return refusal(stopped)
    prefix = asked.query.get("prefix", "")
    if asked.query.get("marker") or asked.query.get("maxresults"):
        return replace(answer, unknown=("which page of all containers has ours is not known",))
    ours = [
        name
        for name, container in stage.world.containers.items()
        if container.exists is True and container.own and name.startswith(("{own", "{new"))
    ]
    within = sorted(name for name in ours if begins(name, prefix))
    if not within:
        return answer
    level = None if prefix else EXPECTED  # an account may have more than one page of them
    item: tuple[str, Graded[Any]] = (path, Graded(Contains(within[0]), level))
    return replace(answer, expect=replace(answer.expect, xml=(item,)))
