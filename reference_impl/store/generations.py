"""Generations: a blob's properties and block list on disk, selected by the identity of its data file.

They are written before the data is renamed into place, under a name that only that data selects; so the
one rename publishes both. What no data file selects is garbage, and harmless.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from . import fs
from .area import Area, Place
from .records import BlobProps, Block, NameValues

_log = logging.getLogger(__name__)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_encode = json.JSONEncoder(separators=(",", ":")).encode

_TEXTS = (
    "content_type",
    "content_encoding",
    "content_language",
    "content_disposition",
    "cache_control",
    "content_md5",
    "tier",
)


@dataclass(frozen=True, slots=True)
class Generation:
    """What is kept about one state of a blob, beside its data."""

    ticks: int
    created_ticks: int
    block_count: int
    props: BlobProps


def pairs(value: Iterable[Sequence[str]]) -> NameValues:
    """Names and values as they come from JSON."""
    return tuple((name, text) for name, text in value)


def encode(generation: Generation) -> bytes:
    """A generation as JSON; what is unset is left out."""
    props = generation.props
    fields: dict[str, Any] = {"ticks": generation.ticks, "created": generation.created_ticks}
    if generation.block_count:
        fields["blocks"] = generation.block_count
    for name in _TEXTS:
        if (text := getattr(props, name)) is not None:
            fields[name] = text
    if props.metadata:
        fields["metadata"] = props.metadata
    if props.tags:
        fields["tags"] = props.tags
    if props.extra:
        fields["extra"] = dict(props.extra)
    if props.appended is not None:
        fields["appended"] = props.appended
    if props.sealed:
        fields["sealed"] = True
    if props.lease:
        fields["lease"] = props.lease
    return _encode(fields).encode()


@lru_cache(maxsize=4096)  # the same bytes mean the same: a write looks twice, a list again and again
def decode(data: bytes) -> Generation:
    """The reverse. ValueError, KeyError or TypeError when it is no generation."""
    fields: Mapping[str, Any] = json.loads(data)
    text = fields.get
    props = BlobProps(
        text("content_type"),
        text("content_encoding"),
        text("content_language"),
        text("content_disposition"),
        text("cache_control"),
        text("content_md5"),
        pairs(fields["metadata"]) if "metadata" in fields else (),
        text("tier"),
        pairs(fields["tags"]) if "tags" in fields else (),
        fields.get("extra", {}),
        fields.get("appended"),
        fields.get("sealed", False),
        fields.get("lease", ""),
    )
    return Generation(fields["ticks"], fields["created"], fields.get("blocks", 0), props)


def path(place: Place, digest: str, identity: fs.Identity) -> str:
    """The properties file that a state of a name selects. Sixteen folders keep each one within file systems'
    limits (ten million entries) for as long as the blobs themselves are."""
    return f"{place.state}/props/{digest[0]}/{digest}.{identity.key}"


def load(area: Area, where: str) -> Generation | None:
    """The generation at a path; None when there is none, or none that can be read."""
    data = fs.read_all(where, area.root)
    if data is None:
        return None
    try:
        return decode(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Only a crash of the whole machine without fsync (durable=False) leaves such a file. The data is
        # whole, so it is served, as a file without properties.
        _log.warning("damaged properties, not used: %s", where)
        return None


def save_new(area: Area, where: str, generation: Generation, blocks: Sequence[Block]) -> None:
    """Write a generation that nobody selects yet; durable when this returns. OSError: nothing is left."""
    folder = where.rpartition("/")[0]
    try:
        if blocks:
            listed = "".join(chain.from_iterable((b.id, " ", str(b.size), "\n") for b in blocks))
            _write(area, f"{where}.blocks", listed.encode(), folder)
        _write(area, where, encode(generation), folder)
        if area.durable:
            fs.sync_path(folder, area.root)
    except OSError:
        forget(area, where, block_list=bool(blocks))
        raise


def _write(area: Area, where: str, content: bytes, folder: str) -> None:
    try:
        fd = os.open(where, _CREATE, 0o666, dir_fd=area.root)
    except FileNotFoundError:
        fs.make_directories(folder, area.root, durable=area.durable)
        fd = os.open(where, _CREATE, 0o666, dir_fd=area.root)
    try:
        fs.write_all(fd, content)
        if area.durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def replace(area: Area, where: str, generation: Generation) -> None:
    """Replace the properties of a state of a blob that stays; whole or not at all."""
    area.replace_file(where, encode(generation))


def load_blocks(area: Area, where: str) -> list[Block] | None:
    """The committed blocks of a generation that has some; None: the generation is gone."""
    data = fs.read_all(f"{where}.blocks", area.root)
    if data is None:
        return None
    blocks = []
    for line in data.decode().splitlines():
        block_id, size = line.split(" ")
        blocks.append(Block(block_id, int(size)))
    return blocks


def forget(area: Area, where: str, *, block_list: bool) -> None:
    """Remove a generation that nobody selects (any more). What cannot be removed is garbage, no error."""
    try:
        fs.discard(where, area.root)
        if block_list:
            fs.discard(f"{where}.blocks", area.root)
    except OSError as error:
        _log.warning("garbage stays: %s: %s", where, error)
