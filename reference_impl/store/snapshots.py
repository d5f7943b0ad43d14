"""Snapshots: copies of a blob's bytes and properties, beside the tree, that nobody writes to any more.

<state>/snapshots/<digest>/name             the blob's name
<state>/snapshots/<digest>/<ticks>          the bytes; the file's name is the snapshot's time, 19 digits
<state>/snapshots/<digest>/<ticks>.props    its properties, in place before the bytes are
The bytes are a copy and not a hard link: an NFS user who writes into the blob's file changes what all links
to it show. Where the file system shares extents the copy takes no room and no time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from . import annex, fs, generations, lookup, names, ticks
from .area import Area, Place
from .assemble import clone
from .errors import BlobMissing, StoreFault
from .generations import Generation
from .lookup import Entry
from .records import BlobProps, BlobRecord, Block, BlockLists
from .uploads import Upload

_ATTEMPTS = 8  # each one means that somebody wrote into the blob's file while it was copied
_DIGITS = 19

Change = Callable[[BlobRecord], BlobProps]
"""Runs under the blob's lock with a record; gives the properties to keep, or raises to refuse."""


def folder(place: Place, digest: str) -> str:
    """Where the snapshots of a name are."""
    return f"{place.state}/snapshots/{digest}"


def _path(place: Place, digest: str, moment: int) -> str:
    return f"{folder(place, digest)}/{moment:0{_DIGITS}d}"


def _props(path: str) -> str:
    return f"{path}.props"


def times(area: Area, place: Place, digest: str) -> list[int]:
    """The times of a name's snapshots, oldest first."""
    entries = fs.entries(folder(place, digest), area.root) or ()
    return sorted(int(entry) for entry in entries if entry.isdigit())


def listed(area: Area, place: Place) -> Iterator[str]:
    """All names that may have snapshots, in no order."""
    for digest in fs.entries(f"{place.state}/snapshots", area.root) or ():
        name = annex.read_name(area, f"{folder(place, digest)}/name", digest)
        if name is not None:
            yield name


def take(area: Area, place: Place, name: str, change: Change, *, touch: bool) -> BlobRecord:
    """Keep a blob as it is now. touch: the snapshot gets an ETag of its own. BlobMissing.

    StoreFault: somebody keeps writing into the blob's file.
    """
    digest = names.digest(name)
    with area.locks.name(place.account, place.container, digest):
        for _ in range(_ATTEMPTS):
            found = lookup.find(area, place, name, keep=True)
            if found is None:
                raise BlobMissing(f"no blob {name}")
            current, data = found
            try:
                props = change(current.record)
                with Upload(area, place) as upload:
                    if _copied(area, place, current, data, upload.fd):
                        return _keep(area, upload, current, props, touch=touch)
            finally:
                os.close(data)
    raise StoreFault("the blob's file is being written to, so that no snapshot of it can be taken")


def _copied(area: Area, place: Place, current: Entry, source: int, target: int) -> bool:
    """Copy a blob's bytes. False: they are not those of the entry, because somebody wrote over NFS."""
    before = fs.identity(os.fstat(source))
    if current.identity not in (before, lookup.marked(area, place, current.digest, before)):
        return False
    clone(source, target, current.record.length)
    return fs.identity(os.fstat(source)) == before


def _keep(area: Area, upload: Upload, current: Entry, props: BlobProps, *, touch: bool) -> BlobRecord:
    """Under the blob's lock: properties, then the rename that shows them and the bytes."""
    place, digest, record = upload.place, current.digest, current.record
    if area.durable:
        os.fsync(upload.fd)
    upload.close()
    blocks: list[Block] = []
    if record.block_count:
        blocks = generations.load_blocks(area, generations.path(place, digest, current.identity)) or []
    moment = ticks.following(max((record.ticks, *times(area, place, digest))))
    stamp = moment if touch else record.ticks
    generation = Generation(stamp, record.created_ticks, len(blocks), props)
    path = _path(place, digest, moment)
    _name(area, place, digest, record.name)
    generations.save_new(area, _props(path), generation, blocks)
    os.rename(upload.name, path, src_dir_fd=area.tmp, dst_dir_fd=area.root)
    upload.taken = True
    if area.durable:
        fs.sync_path(folder(place, digest), area.root)
    area.require(place)  # deleted meanwhile: then all of this goes with it
    return _record(record.name, moment, record.length, generation)


def _name(area: Area, place: Place, digest: str, name: str) -> None:
    path = f"{folder(place, digest)}/name"
    if fs.read_all(path, area.root) is None:
        annex.save_name(area, path, name)


def open_one(area: Area, place: Place, name: str, moment: int) -> lookup.OpenBlob:
    """A snapshot, open for reading. BlobMissing, ContainerMissing."""
    area.require(place)
    path = _path(place, names.digest(name), moment)
    try:
        fd = os.open(path, fs.READ, dir_fd=area.root)
    except FileNotFoundError:
        raise _missing(name) from None
    try:
        generation = generations.load(area, _props(path))
        if generation is None:  # being deleted: the bytes go first
            raise _missing(name)
        return lookup.OpenBlob(_record(name, moment, os.fstat(fd).st_size, generation), fd)
    except BaseException:
        os.close(fd)
        raise


def get(area: Area, place: Place, name: str, moment: int) -> BlobRecord:
    """The record of a snapshot. BlobMissing, ContainerMissing."""
    with open_one(area, place, name, moment) as found:
        return found.record


def block_list(area: Area, place: Place, name: str, moment: int) -> BlockLists:
    """The committed blocks of a snapshot; staged ones are not kept. BlobMissing, ContainerMissing."""
    record = get(area, place, name, moment)
    if not record.block_count:
        return BlockLists(record, (), ())
    blocks = generations.load_blocks(area, _props(_path(place, names.digest(name), moment)))
    if blocks is None:
        raise _missing(name)
    return BlockLists(record, blocks, ())


def update(area: Area, place: Place, name: str, moment: int, change: Change) -> BlobRecord:
    """Replace what can be replaced of a snapshot's properties: never its bytes, ETag or Last-Modified."""
    digest = names.digest(name)
    with area.locks.name(place.account, place.container, digest):
        record = get(area, place, name, moment)
        generation = Generation(record.ticks, record.created_ticks, record.block_count, change(record))
        generations.replace(area, _props(_path(place, digest, moment)), generation)
        return _record(name, moment, record.length, generation)


def delete_one(area: Area, place: Place, name: str, moment: int, check: Callable[[BlobRecord], None]) -> None:
    """Remove one snapshot. BlobMissing, or what check raises."""
    digest = names.digest(name)
    with area.locks.name(place.account, place.container, digest):
        record = get(area, place, name, moment)
        check(record)
        path = _path(place, digest, moment)
        os.unlink(path, dir_fd=area.root)
        if area.durable:
            fs.sync_path(folder(place, digest), area.root)
        generations.forget(area, _props(path), block_list=record.block_count > 0)
        if not times(area, place, digest):
            area.trash.take(folder(place, digest))


def delete_all(area: Area, place: Place, digest: str) -> None:
    """Remove all snapshots of a name in one step, under its lock."""
    if area.trash.take(folder(place, digest)) and area.durable:
        fs.sync_path(f"{place.state}/snapshots", area.root)


def _record(name: str, moment: int, length: int, generation: Generation) -> BlobRecord:
    return BlobRecord(
        name,
        generation.props,
        length,
        generation.ticks,
        generation.created_ticks,
        block_count=generation.block_count,
        snapshot=moment,
    )


def _missing(name: str) -> BlobMissing:
    return BlobMissing(f"no such snapshot of {name}")
