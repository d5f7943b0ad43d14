"""The ground that all of the store stands on: the root, its state folder, temp files, trash.

ROOT/<account>/<container>/…            blobs at their natural paths
ROOT/.blobproof/_lock                   byte-range locks
ROOT/.blobproof/_incoming/<owner>/…     data on its way in; an owner holds a lock on its `alive` as it lives
ROOT/.blobproof/_trash/…                what was moved out of sight and waits for its removal
ROOT/.blobproof/<account>/<container>/  container.json, props/, blocks/, annex/
(No account starts with an underscore.)
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import fs, names
from .errors import ContainerMissing, RootUnusable, fault
from .locks import Locks, lock
from .trash import Trash

STATE = ".blobproof"


@dataclass(frozen=True, slots=True)
class Place:
    """A container's two folders, as paths relative to the root."""

    account: str
    container: str

    @property
    def data(self) -> str:
        """Where its blobs are."""
        return f"{self.account}/{self.container}"

    @property
    def state(self) -> str:
        """Where everything else about it is."""
        return f"{STATE}/{self.account}/{self.container}"


def _host() -> str:
    """This machine's name, as the first part of a folder's name."""
    return socket.gethostname().partition(".")[0].replace("/", "_")[:64] or "localhost"


class Area:
    """Open descriptors of the root and of our folders in it."""

    def __init__(self, root: Path, *, durable: bool) -> None:
        self.durable = durable
        if sys.getfilesystemencoding() != "utf-8":
            raise RootUnusable("file names are not UTF-8 here", hint="set PYTHONUTF8=1, or a UTF-8 locale")
        try:
            self.root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fs.make_directories(STATE, self.root, durable=durable)
            for folder in ("_incoming", "_trash"):
                fs.make_directories(f"{STATE}/{folder}", self.root, durable=durable)
            self.locks = Locks(f"{STATE}/_lock", self.root)
            self._owner = f"{_host()}.{os.getpid()}.{secrets.token_hex(4)}"
            self.tmp = self._own_tmp()
        except OSError as error:
            code = error.errno or errno.EIO
            hint = None if code in fs.ABSENT else fault(error).hint
            raise RootUnusable(f"{root} cannot hold a store: {os.strerror(code)}", code, hint) from error
        self._numbers = itertools.count(1)
        self.stage_credit: dict[str, int] = {}  # staging's estimate of how soon to count blocks again
        self.trash = Trash(self.root, f"{STATE}/_trash", self._owner)
        self.trash.sweep(f"{STATE}/_incoming")

    def _own_tmp(self) -> int:
        path = f"{STATE}/_incoming/{self._owner}"
        os.mkdir(path, dir_fd=self.root)
        directory = os.open(path, fs.DIRECTORY, dir_fd=self.root)
        self._alive = os.open("alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666, dir_fd=directory)
        lock(self._alive, fcntl.F_WRLCK, 0, 1)
        return directory

    def close(self) -> None:
        """Give everything back; temp files of uploads still open are left to their aborts."""
        self.trash.close()
        self.locks.close()
        fs.discard("alive", self.tmp)
        os.close(self._alive)
        with suppress(OSError):  # not empty: an upload is still open
            os.rmdir(f"{STATE}/_incoming/{self._owner}", dir_fd=self.root)
        os.close(self.tmp)
        os.close(self.root)

    def temporary(self) -> tuple[str, int]:
        """A new temp file in our folder (`tmp`): its name and a descriptor for reading and writing."""
        name = f"{next(self._numbers):x}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return name, os.open(name, flags, 0o666, dir_fd=self.tmp)

    def place(self, account: str, container: str) -> Place:
        """The folders of a container that may or may not exist. ContainerMissing: no name for one."""
        if not names.is_account(account) or not names.is_container(container):
            raise ContainerMissing(f"no container {container}")
        return Place(account, container)

    def require(self, place: Place) -> os.stat_result:
        """The status of a container's directory. ContainerMissing."""
        fd = self.open_container(place)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def open_container(self, place: Place) -> int:
        """A descriptor of a container's directory, for the caller to close. ContainerMissing."""
        try:
            return fs.open_beneath(self.root, place.data, fs.DIRECTORY)
        except OSError as error:
            if error.errno in fs.ABSENT:
                raise ContainerMissing(f"no container {place.container}") from None
            raise

    def replace_file(self, path: str, content: bytes) -> None:
        """Put a small file of ours in place, whole or not at all; its folder is made if need be."""
        name, fd = self.temporary()
        folder = path.rpartition("/")[0]
        try:
            try:
                fs.write_all(fd, content)
                if self.durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            try:
                os.rename(name, path, src_dir_fd=self.tmp, dst_dir_fd=self.root)
            except FileNotFoundError:
                fs.make_directories(folder, self.root, durable=self.durable)
                os.rename(name, path, src_dir_fd=self.tmp, dst_dir_fd=self.root)
        except OSError:
            fs.discard(name, self.tmp)
            raise
        if self.durable:
            fs.sync_path(folder, self.root)
