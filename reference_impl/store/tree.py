"""The natural tree of one container: placing, removing and finding files, without following a symlink.

Two names can exclude each other here (`a` and `a/b`), and writers and removers of neighbours run at the same
time; so what was seen a moment ago is never relied on, and steps are repeated instead.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from . import fs
from .area import Area

_ATTEMPTS = 1000  # each one means that a neighbour removed the directory that we had just made


def open_file(container: int, name: str) -> tuple[int, os.stat_result] | None:
    """A readable descriptor of a regular file and its status; None: there is no such file."""
    try:
        fd = fs.open_beneath(container, name, fs.READ)
    except OSError as error:
        if error.errno in fs.ABSENT or error.errno in fs.UNHOLDABLE:
            return None
        raise
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return fd, status
    os.close(fd)
    return None


def open_update(container: int, name: str) -> int:
    """A descriptor of a file for reading and writing. OSError: it is not there."""
    return fs.open_beneath(container, name, fs.UPDATE)


def place_file(area: Area, container: int, temporary: str, name: str) -> bool:
    """Rename a temp file to its natural path, durably. False: the tree cannot hold the name now.

    FileNotFoundError when the container or the temp file is gone.
    """
    folder, _, base = name.rpartition("/")
    for _ in range(_ATTEMPTS):
        try:
            parent = _open_folder(container, folder)
        except FileNotFoundError:
            if not _make_folders(container, folder, durable=area.durable):
                return False
            continue
        except OSError as error:
            if error.errno in fs.ABSENT or error.errno in fs.UNHOLDABLE:
                return False
            raise
        try:
            os.rename(temporary, base, src_dir_fd=area.tmp, dst_dir_fd=parent)
            if area.durable:
                fs.sync_directory(parent)
            return True
        except OSError as error:
            if error.errno in fs.OCCUPIED:
                if not _make_room(parent, base):
                    return False
            elif error.errno in fs.UNHOLDABLE:
                prune(container, folder)
                return False
            elif error.errno != errno.ENOENT:
                prune(container, folder)
                raise
        finally:
            os.close(parent)
    raise FileNotFoundError(errno.ENOENT, "the folder or the temp file keeps going away", name)


def remove_file(area: Area, container: int, name: str) -> None:
    """Unlink a file and the parents that this leaves empty, durably."""
    folder, _, base = name.rpartition("/")
    try:
        parent = _open_folder(container, folder)
    except OSError as error:
        if error.errno in fs.ABSENT:
            return
        raise
    try:
        with suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(base, dir_fd=parent)
        if area.durable:
            fs.sync_directory(parent)
    finally:
        os.close(parent)
    prune(container, folder)


def prune(container: int, folder: str) -> None:
    """Remove a folder, and those above it up to the container, as long as they are empty.

    Not synced: an empty folder that comes back after a power cut shows nowhere.
    """
    while folder:
        above, _, base = folder.rpartition("/")
        try:
            parent = _open_folder(container, above)
        except OSError as error:
            if error.errno in fs.ABSENT:
                return
            raise
        try:
            os.rmdir(base, dir_fd=parent)
        except OSError:  # not empty, gone, or not ours to remove: in any case, the end
            return
        finally:
            os.close(parent)
        folder = above


def _open_folder(container: int, folder: str) -> int:
    return fs.open_beneath(container, folder, fs.DIRECTORY) if folder else os.dup(container)


def _make_room(parent: int, base: str) -> bool:
    """Remove an empty directory from where a file should go. False: it holds something."""
    try:
        os.rmdir(base, dir_fd=parent)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in fs.OCCUPIED or error.errno == errno.EBUSY:
            return False
        if error.errno == errno.ENOTDIR:  # no longer a directory: the rename will do
            return True
        raise
    return True


def _make_folders(container: int, folder: str, *, durable: bool) -> bool:
    """Make the folders of a path, each durable before it is used. False: the tree cannot hold them.

    True also when a neighbour removed one meanwhile: the caller looks again.
    """
    at = os.dup(container)
    try:
        for part in folder.split("/"):
            try:
                os.mkdir(part, dir_fd=at)
                if durable:
                    fs.sync_directory(at)
            except FileExistsError:
                pass
            except OSError as error:
                if error.errno in fs.UNHOLDABLE:
                    return False
                if error.errno == errno.ENOENT and os.fstat(at).st_ino != os.fstat(container).st_ino:
                    return True
                raise
            try:
                below = os.open(part, fs.DIRECTORY, dir_fd=at)
            except FileNotFoundError:
                return True
            except OSError as error:
                if error.errno in fs.ABSENT:
                    return False
                raise
            os.close(at)
            at = below
    finally:
        os.close(at)
    return True
