"""Changing blobs: every public step that needs the blob's lock, and the order that makes it crash-safe."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from . import annex, fs, generations, lookup, names, snapshots, staging, ticks, tree
from .area import Area, Place
from .assemble import Segment, assemble
from .errors import BlobMissing, ContainerMissing, HasSnapshots, StoreFault, UnknownBlock
from .generations import Generation
from .lookup import Entry
from .records import BlobProps, BlobRecord, Block, BlockLists, EntryKind, Snapshots
from .uploads import Upload

_log = logging.getLogger(__name__)
_ATTEMPTS = 1000

Check = Callable[[BlobRecord | None], None]
"""Runs under the blob's lock with the current record (None: no committed blob); raises to refuse."""


def commit_blob(
    area: Area, upload: Upload, name: str, props: BlobProps, check: Check | None = None
) -> BlobRecord:
    """Publish an upload as a blob."""
    place = upload.place
    with upload:
        stamp = ticks.now()
        stamp_upload(
            area, upload, stamp
        )  # before the lock: this is the slow sync, and nearly always the last
        digest = names.digest(name)
        with area.locks.name(place.account, place.container, digest):
            current = lookup.entry(area, place, name)
            if check is not None:
                check(None if current is None else current.record)
            return publish(area, upload, name, digest, props, (), current, stamp)


def commit_blocks(
    area: Area,
    place: Place,
    name: str,
    entries: Sequence[tuple[EntryKind, str]],
    props: BlobProps,
    check: Check | None = None,
) -> BlobRecord:
    """Publish a blob made of blocks."""
    digest = names.digest(name)
    with ExitStack() as stack:
        stack.enter_context(area.locks.name(place.account, place.container, digest))
        found = lookup.find(area, place, name, keep=True)
        current, committed = found if found is not None else (None, -1)
        if committed >= 0:
            stack.callback(os.close, committed)
        if check is not None:
            check(None if current is None else current.record)
        chosen = staging.selected(area, place, digest, current.identity if current else None)
        staged = -1
        if chosen is not None:
            staged = os.open(chosen, fs.DIRECTORY, dir_fd=area.root)
            stack.callback(os.close, staged)
        segments, blocks = _plan(entries, staged, _committed_blocks(area, place, current))
        upload = stack.enter_context(Upload(area, place))
        upload.size = assemble(upload.fd, staged, committed, segments)
        stamp = ticks.following(None if current is None else current.record.ticks)
        stamp_upload(area, upload, stamp)
        return publish(area, upload, name, digest, props, blocks, current, stamp)


def stage_block(area: Area, upload: Upload, name: str, block_id: str, check: Check | None = None) -> None:
    """Keep an upload as an uncommitted block."""
    place = upload.place
    digest = names.digest(name)
    with upload:
        staging.id_length(block_id)
        if area.durable:
            os.fsync(upload.fd)
        upload.close()
        with area.locks.name(place.account, place.container, digest):
            current = lookup.entry(area, place, name)
            if check is not None:
                check(None if current is None else current.record)
            base = None if current is None else current.identity
            folder = staging.stage(area, place, name, digest, base, upload.name, block_id)
            upload.taken = True
            synced = os.open(folder, fs.DIRECTORY, dir_fd=area.root) if area.durable else -1
        if synced >= 0:  # after the lock, so that many blocks of one blob can be synced together
            try:
                fs.sync_directory(synced)
            finally:
                os.close(synced)


def update_blob(
    area: Area, place: Place, name: str, change: Callable[[BlobRecord], BlobProps], *, touch: bool
) -> BlobRecord:
    """Replace a blob's properties; its data stays."""
    digest = names.digest(name)
    with area.locks.name(place.account, place.container, digest):
        current = lookup.entry(area, place, name)
        if current is None:
            raise BlobMissing(f"no blob {name}")
        record = current.record
        props = change(record)
        stamp = ticks.following(record.ticks) if touch else record.ticks
        generation = Generation(stamp, record.created_ticks, record.block_count, props)
        generations.replace(area, generations.path(place, digest, current.identity), generation)
        return lookup.record(name, current.identity, generation)


def delete_blob(
    area: Area, place: Place, name: str, check: Check | None = None, kept: Snapshots = "refuse"
) -> None:
    """Remove a blob, its properties and its blocks; or the blocks of one that was never committed.

    Its snapshots go first: a crash in between leaves a blob without them, never them without a blob.
    """
    digest = names.digest(name)
    with area.locks.name(place.account, place.container, digest):
        current = lookup.entry(area, place, name)
        held = bool(snapshots.times(area, place, digest))
        # Snapshots without a blob: somebody removed its file over NFS.
        alone = held and kept != "refuse"
        if current is None and not alone and not staging.has_staged(area, place, digest, None):
            raise BlobMissing(f"no blob {name}")
        if check is not None:
            check(None if current is None else current.record)
        if held:
            if kept == "refuse":
                raise HasSnapshots(f"the blob {name} has snapshots")
            snapshots.delete_all(area, place, digest)
        if kept == "only":
            return
        if current is not None:
            staging.drop_stale(area, place, digest)
            annex.remove_file(area, place, digest)  # first: what the tree has hides what the annex has
            if not current.in_annex:
                container = area.open_container(place)
                try:
                    tree.remove_file(area, container, name)
                finally:
                    os.close(container)
            _forget(area, place, current)
            _drop_blocks(area, place, digest)
        else:
            staging.drop(area, place, digest)
            staging.sync(area, place)


def block_list(area: Area, place: Place, name: str) -> BlockLists:
    """Both lists of one moment: the identity ties them to the record, and is looked at again at the end."""
    digest = names.digest(name)
    for _ in range(_ATTEMPTS):
        current = lookup.entry(area, place, name)
        base = None if current is None else current.identity
        committed = _load_blocks(area, place, current)
        uncommitted = staging.staged(area, place, digest, base)
        again = lookup.entry(area, place, name)
        if committed is None or base != (None if again is None else again.identity):
            continue
        if current is None and not uncommitted:
            raise BlobMissing(f"no blob {name}")
        return BlockLists(None if current is None else current.record, committed, uncommitted)
    raise StoreFault(f"{name!r} changes faster than it can be read")


def stamp_upload(area: Area, upload: Upload, stamp: int) -> None:
    """Set the data file's time, which is part of its identity, and make time and data durable."""
    os.utime(upload.fd, ns=(ticks.to_ns(stamp),) * 2)
    if area.durable:
        os.fsync(upload.fd)


def publish(
    area: Area,
    upload: Upload,
    name: str,
    digest: str,
    props: BlobProps,
    blocks: Sequence[Block],
    current: Entry | None,
    stamp: int,
) -> BlobRecord:
    """Under the lock: properties, then the one rename that shows them and the data, then the garbage."""
    place = upload.place
    created = stamp
    lease = ""
    if current is not None:
        created = current.record.created_ticks
        lease = current.record.props.lease
        # Times tell whether a blob changed since its lease ended: one from before the lock is too early.
        if lease or stamp <= current.record.ticks:
            stamp = ticks.following(current.record.ticks)
            stamp_upload(area, upload, stamp)
    identity = fs.identity(os.fstat(upload.fd))
    upload.close()
    where = generations.path(place, digest, identity)
    generation = Generation(stamp, created, len(blocks), replace(props, lease=lease))
    container = area.open_container(place)
    try:
        generations.save_new(area, where, generation, blocks)
        try:
            in_annex = not (names.is_natural(name) and tree.place_file(area, container, upload.name, name))
            if in_annex:
                annex.place_file(area, place, upload.name, name, digest)
        except OSError as error:
            if not _was_placed(area, upload):
                generations.forget(area, where, block_list=bool(blocks))
                if isinstance(error, FileNotFoundError):
                    area.require(place)
            raise
        upload.taken = True
        _still_there(area, place, container)
    finally:
        os.close(container)
    if current is not None:
        if current.in_annex and not in_annex:
            annex.remove_file(area, place, digest)
        _forget(area, place, current)
    _drop_blocks(area, place, digest)
    return lookup.record(name, identity, generation)


def _was_placed(area: Area, upload: Upload) -> bool:
    """After a failure: whether the rename itself was done, so that the properties must stay."""
    try:
        os.stat(upload.name, dir_fd=area.tmp)
    except FileNotFoundError:
        upload.taken = True
        return True
    return False


def _still_there(area: Area, place: Place, container: int) -> None:
    """A container is deleted by renaming it away, without waiting for us. ContainerMissing: it was."""
    status = os.fstat(container)
    now = area.require(place)
    if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
        raise ContainerMissing(f"no container {place.container}")


def _forget(area: Area, place: Place, gone: Entry) -> None:
    if not gone.record.derived:
        where = generations.path(place, gone.digest, gone.identity)
        generations.forget(area, where, block_list=gone.record.block_count > 0)


def _drop_blocks(area: Area, place: Place, digest: str) -> None:
    """Remove staged blocks. What was just published no longer selects them, so failing is no error."""
    try:
        staging.drop(area, place, digest)
    except OSError as error:
        _log.warning("staged blocks stay as garbage: %s", error)


def _load_blocks(area: Area, place: Place, entry: Entry | None) -> list[Block] | None:
    if entry is None or not entry.record.block_count:
        return []
    return generations.load_blocks(area, generations.path(place, entry.digest, entry.identity))


def _committed_blocks(area: Area, place: Place, entry: Entry | None) -> list[Block]:
    """The committed blocks, under the lock (nobody of ours removes them meanwhile)."""
    return _load_blocks(area, place, entry) or []


def _plan(
    entries: Sequence[tuple[EntryKind, str]], staged: int, committed: Sequence[Block]
) -> tuple[list[Segment], list[Block]]:
    """Where each piece of the new blob comes from. UnknownBlock."""
    ranges: dict[str, Segment] = {}
    offset = 0
    for block in committed:
        ranges.setdefault(block.id, Segment(None, offset, block.size))
        offset += block.size
    known: dict[str, Segment | None] = {}

    def uncommitted(block_id: str) -> Segment | None:
        if staged < 0 or not staging.is_id(block_id):
            return None
        if block_id not in known:
            file = staging.file_of(block_id)
            try:
                known[block_id] = Segment(
                    file, 0, os.stat(file, dir_fd=staged, follow_symlinks=False).st_size
                )
            except (FileNotFoundError, NotADirectoryError):
                known[block_id] = None
        return known[block_id]

    segments, blocks = [], []
    for kind, block_id in entries:
        segment = None if kind == "committed" else uncommitted(block_id)
        if segment is None and kind != "uncommitted":
            segment = ranges.get(block_id)
        if segment is None:
            raise UnknownBlock(f"block {block_id} is not {kind}")
        segments.append(segment)
        blocks.append(Block(block_id, segment.size))
    return segments, blocks
