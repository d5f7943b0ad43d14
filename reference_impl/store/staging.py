"""Uncommitted blocks: one folder per blob, in it one *set* per state of the blob that they were staged on.

<state>/blocks/<digest>/name              the blob's name
<state>/blocks/<digest>/<length>.<key>/   blocks whose ids decode to <length> bytes; <key> is the identity of
                                          the committed data at that time, or `new` when there was none
A commit (or anybody's write) gives the blob a new identity, so it drops the blocks in the same instant; the
folder that remains is garbage. So is a set to which nothing was added for a week; the next block removes it.
All calls but `listed`, `staged` and `has_staged` are made under the blob's lock.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress

from . import annex, fs, names
from .area import Area, Place
from .errors import BlockIdLengthMismatch, InvalidName, TooManyBlocks
from .records import Block

MAX_UNCOMMITTED = 100_000
KEPT = 7 * 24 * 3600
"""Seconds that blocks are kept after the last one arrived."""
_SERVERS = 16  # how many processes may stage blocks of one blob before the limit becomes inexact
_CREDITS = 4096  # blobs whose number of blocks is estimated between two counts

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TO_FILE = str.maketrans("+/", "-_")
_TO_ID = str.maketrans("-_", "+/")


def is_id(block_id: str) -> bool:
    """Whether a text can be a block's id: base64, and short enough to name a file."""
    return 0 < len(block_id) <= 240 and _BASE64.fullmatch(block_id) is not None


def id_length(block_id: str) -> int:
    """The length in bytes that an id decodes to. InvalidName: it is none."""
    if not is_id(block_id):
        raise InvalidName("a block id must be base64 text of at most 240 characters")
    return len(block_id) // 4 * 3 - block_id.count("=")


def _folder(place: Place, digest: str) -> str:
    return f"{place.state}/blocks/{digest}"


def _key(identity: fs.Identity | None) -> str:
    return "new" if identity is None else identity.key


def stage(
    area: Area, place: Place, name: str, digest: str, base: fs.Identity | None, temporary: str, block_id: str
) -> str:
    """Take a synced temp file as a block; the folder that the caller must sync after the lock.

    BlockIdLengthMismatch, TooManyBlocks: the temp file stays.
    """
    length = id_length(block_id)
    folder = _folder(place, digest)
    chosen = f"{folder}/{length}.{_key(base)}"
    target = f"{chosen}/{block_id.translate(_TO_FILE)}"
    credit = area.stage_credit.get(chosen, 0)
    if _expired(area, chosen):
        area.trash.take(chosen)
        credit = 0
    if credit <= 0:
        count = len(fs.entries(chosen, area.root) or ())
        if count >= MAX_UNCOMMITTED and not _exists(area, target):
            raise TooManyBlocks(f"the blob has {count} uncommitted blocks")
        credit = (MAX_UNCOMMITTED - count) // _SERVERS
    try:
        os.rename(temporary, target, src_dir_fd=area.tmp, dst_dir_fd=area.root)
    except FileNotFoundError:
        _open_set(area, name, folder, chosen, _key(base))
        os.rename(temporary, target, src_dir_fd=area.tmp, dst_dir_fd=area.root)
    if len(area.stage_credit) >= _CREDITS:
        area.stage_credit.clear()
    area.stage_credit[chosen] = credit - 1
    return chosen


def _exists(area: Area, path: str) -> bool:
    try:
        os.stat(path, dir_fd=area.root)
    except FileNotFoundError:
        return False
    return True


def _open_set(area: Area, name: str, folder: str, chosen: str, key: str) -> None:
    """Make the folder of a set; sets of other states go, one with other id lengths is in the way."""
    entries = fs.entries(folder, area.root)
    if entries is None or "name" not in entries:
        annex.save_name(area, f"{folder}/name", name)
    for entry in entries or ():
        if entry == "name":
            continue
        path = f"{folder}/{entry}"
        if entry.partition(".")[2] == key and not _expired(area, path) and fs.entries(path, area.root):
            raise BlockIdLengthMismatch(f"the blob's block ids decode to {entry.partition('.')[0]} bytes")
        area.trash.take(path)
    fs.make_directories(chosen, area.root, durable=area.durable)


def selected(area: Area, place: Place, digest: str, base: fs.Identity | None) -> str | None:
    """The folder of the blocks staged on a state of a blob; None: there are none."""
    folder = _folder(place, digest)
    key = _key(base)
    for entry in fs.entries(folder, area.root) or ():
        if entry != "name" and entry.partition(".")[2] == key and not _expired(area, f"{folder}/{entry}"):
            return f"{folder}/{entry}"
    return None


def _expired(area: Area, chosen: str) -> bool:
    """Whether a set is there, and nothing was added to it for so long that it counts no more."""
    try:
        return os.stat(chosen, dir_fd=area.root).st_mtime < time.time() - KEPT
    except FileNotFoundError:
        return False


def staged(area: Area, place: Place, digest: str, base: fs.Identity | None) -> list[Block]:
    """The blocks staged on a state of a blob, by id."""
    chosen = selected(area, place, digest, base)
    blocks: list[Block] = []
    if chosen is None:
        return blocks
    try:
        fd = os.open(chosen, fs.DIRECTORY, dir_fd=area.root)
    except FileNotFoundError:
        return blocks
    try:
        with os.scandir(fd) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    size = entry.stat(follow_symlinks=False).st_size
                    blocks.append(Block(entry.name.translate(_TO_ID), size))
    finally:
        os.close(fd)
    blocks.sort(key=lambda block: block.id)
    return blocks


def has_staged(area: Area, place: Place, digest: str, base: fs.Identity | None) -> bool:
    """Whether any block is staged on a state of a blob."""
    chosen = selected(area, place, digest, base)
    return chosen is not None and bool(fs.entries(chosen, area.root))


def file_of(block_id: str) -> str:
    """The name of a block's file in its set."""
    return block_id.translate(_TO_FILE)


def drop(area: Area, place: Place, digest: str) -> None:
    """Remove all blocks of a blob, whatever state they were staged on."""
    area.trash.take(_folder(place, digest))


def sync(area: Area, place: Place) -> None:
    """Make a removal durable where nothing else says that the blocks are gone."""
    if area.durable:
        fs.sync_path(f"{place.state}/blocks", area.root)


def drop_stale(area: Area, place: Place, digest: str) -> None:
    """Before a committed blob goes away: remove blocks left from when there was none, lest they come back."""
    chosen = selected(area, place, digest, None)
    if chosen is not None and area.trash.take(chosen) and area.durable:
        fs.sync_path(_folder(place, digest), area.root)


def listed(area: Area, place: Place) -> Iterator[str]:
    """The names of all blobs that may have staged blocks, in no order."""
    for digest in fs.entries(f"{place.state}/blocks", area.root) or ():
        name = annex.read_name(area, f"{_folder(place, digest)}/name", digest)
        if name is not None and names.digest(name) == digest:
            yield name
