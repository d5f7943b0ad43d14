"""Append blobs: adding to a blob's data file in place, so that a crash at any moment leaves a whole blob.

While bytes are added the file is in a state that selects no properties. A *mark* beside them keeps the
identity of the last whole state; whoever finds such a file serves that state, which is the file's beginning.
The new properties lie ready under the identity that the finished file will have, so that setting its time
publishes bytes and properties together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from . import annex, fs, generations, lookup, names, ticks, tree
from .area import Area, Place
from .assemble import copy
from .blobs import publish, stamp_upload
from .errors import BlobMissing, StoreFault
from .fs import Identity
from .generations import Generation
from .lookup import Entry
from .records import BlobProps, BlobRecord
from .uploads import Upload

Change = Callable[[BlobRecord], BlobProps]
"""Runs under the blob's lock with the current record; gives the new properties, or raises to refuse."""


def append(area: Area, upload: Upload, name: str, change: Change) -> tuple[int, BlobRecord]:
    """Add an upload to the end of a blob: where it begins there, and the blob's new record."""
    place = upload.place
    digest = names.digest(name)
    with upload, area.locks.name(place.account, place.container, digest):
        current = lookup.entry(area, place, name)
        if current is None:
            raise BlobMissing(f"no blob {name}")
        props = change(current.record)
        offset = current.record.length
        stamp = ticks.following(current.record.ticks)
        upload.unname()  # so that nothing but the append itself is left to fail
        fd = _open(area, place, name, current)
        try:
            if os.fstat(fd).st_nlink > 1:  # somebody keeps a link to this state: it must not change
                return offset, _as_copy(area, upload, name, props, current, fd, stamp)
            return offset, _in_place(area, upload, name, props, current, fd, stamp)
        finally:
            os.close(fd)


def _open(area: Area, place: Place, name: str, current: Entry) -> int:
    """The data file for reading and writing, in its last whole state. BlobMissing: somebody replaced it."""
    if current.in_annex:
        fd = os.open(f"{annex.folder(place)}/{current.digest}", fs.UPDATE, dir_fd=area.root)
    else:
        fd = tree.open_update(area.root, f"{place.data}/{name}")
    try:
        found = fs.identity(os.fstat(fd))
        if found != current.identity:
            marked = lookup.marked(area, place, current.digest, found)
            if marked != current.identity:
                raise BlobMissing(f"{name!r} was replaced meanwhile")
            _restore(fd, marked)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _restore(fd: int, whole: Identity) -> None:
    """Take a file back to its last whole state."""
    os.ftruncate(fd, whole.size)
    os.utime(fd, ns=(whole.mtime_ns, whole.mtime_ns))


def _in_place(
    area: Area, upload: Upload, name: str, props: BlobProps, current: Entry, fd: int, stamp: int
) -> BlobRecord:
    place, whole = upload.place, current.identity
    moment = (ticks.to_ns(stamp),) * 2
    os.utime(upload.fd, ns=moment)  # a file system may keep less of a time than it is given
    kept = os.fstat(upload.fd).st_mtime_ns
    future = Identity(whole.inode, whole.size + upload.size, kept)
    generation = Generation(stamp, current.record.created_ticks, 0, props)
    where = generations.path(place, current.digest, future)
    mark = lookup.mark_path(place, current.digest)
    area.replace_file(mark, json.dumps(whole).encode())
    generations.save_new(area, where, generation, ())
    try:
        copy(upload.fd, 0, fd, whole.size, upload.size)
        if area.durable:
            os.fsync(fd)  # the time below must not reach the disk before the bytes do
        os.utime(fd, ns=moment)
        if area.durable:
            os.fsync(fd)
    except (OSError, StoreFault):
        _restore(fd, whole)
        generations.forget(area, where, block_list=False)
        raise
    fs.discard(mark, area.root)
    if not current.record.derived:
        before = generations.path(place, current.digest, whole)
        generations.forget(area, before, block_list=False)
    return lookup.record(name, future, generation)


def _as_copy(
    area: Area, upload: Upload, name: str, props: BlobProps, current: Entry, fd: int, stamp: int
) -> BlobRecord:
    place = upload.place
    with Upload(area, place) as whole:
        copy(fd, 0, whole.fd, 0, current.identity.size)
        copy(upload.fd, 0, whole.fd, current.identity.size, upload.size)
        whole.size = current.identity.size + upload.size
        stamp_upload(area, whole, stamp)
        return publish(area, whole, name, current.digest, props, (), current, stamp)
