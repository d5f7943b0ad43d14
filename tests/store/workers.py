"""What the processes of the concurrency and crash tests do."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import sys
from pathlib import Path

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    Check,
    ContainerExists,
    ContainerMissing,
    ContainerProps,
    Store,
)

from .conftest import ACCOUNT, CONTAINER, Box


class Lost(Exception):  # noqa: N818
    """Somebody else was first."""


def unless_changed(etag: str | None) -> Check:
    """If-Match (or, without an ETag, If-None-Match: *)."""

    def check(record: BlobRecord | None) -> None:
        if (None if record is None else record.etag) != etag:
            raise Lost

    return check


def sealed(data: bytes) -> BlobProps:
    """Properties from which the data can be checked."""
    return BlobProps(content_md5=base64.b64encode(hashlib.md5(data).digest()).decode())


def is_whole(box: Box, name: str) -> bool:
    """Whether data and properties of a blob belong together. BlobMissing."""
    with box.store.open(ACCOUNT, CONTAINER, name) as blob:
        data = os.pread(blob.fd, 1 << 24, 0)
        return len(data) == blob.record.length and blob.record.props.content_md5 == sealed(data).content_md5


def count_up(root: Path, times: int) -> None:
    """Increase a number in a blob, each time on condition that nobody did it meanwhile."""
    with Store(root, durable=False) as store:
        box = Box(store, root)
        done = 0
        while done < times:
            try:
                with store.open(ACCOUNT, CONTAINER, "n") as blob:
                    value, etag = int(os.pread(blob.fd, 20, 0)), blob.record.etag
            except BlobMissing:
                value, etag = 0, None
            try:
                box.put("n", str(value + 1).encode(), check=unless_changed(etag))
                done += 1
            except Lost:
                continue


def come_and_go(root: Path, number: int, times: int) -> None:
    """Make and remove blobs in folders that neighbours make and remove, and that exclude theirs."""
    mine = [f"d/e/f/{number}", f"d/e{number % 2}", "d/e/f/g/h" if number % 2 else "d/e/f/g", f"d/{number}/"]
    mine[2] += f"/{number}" if number % 2 else f".{number}"
    with Store(root, durable=False) as store:
        box = Box(store, root)
        for turn in range(times):
            for name in mine:
                data = f"{name} {turn}".encode()
                shared = name.startswith(("d/e0", "d/e1"))
                box.put(name, data, sealed(data))
                if not shared:
                    assert box.get(name) == data
            box.names()
            for name in mine:
                try:
                    box.delete(name)
                except BlobMissing:
                    assert name == mine[1]  # a neighbour has the same name


def overwrite(root: Path, times: int) -> None:
    """Overwrite one blob by both ways of writing and change its properties, as fast as it goes."""
    with Store(root, durable=False) as store:
        box = Box(store, root)
        for turn in range(times):
            data = os.urandom(1 + turn % 5000)
            box.put("hot", data, sealed(data))
            box.stage("hot", 1, data)
            box.commit("hot", 1, 1, props=sealed(data * 2))
            store.update_blob(ACCOUNT, CONTAINER, "hot", lambda record: record.props)


def write_into_a_vanishing_container(root: Path, times: int) -> None:
    """Write and delete the container in turn with others."""
    with Store(root, durable=False) as store:
        box = Box(store, root)
        for turn in range(times):
            try:
                box.put(f"a/{os.getpid()}", b"x")
                box.put(f"{os.getpid()}/", b"annex")
                box.stage("s", turn % 7, b"block")
                if turn % 10 == 9:
                    store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
            except ContainerMissing:
                try:
                    store.create_container(ACCOUNT, CONTAINER, ContainerProps())
                except ContainerExists:
                    continue


def write_until_killed(root: Path, number: int) -> None:
    """Write blobs for ever; each acknowledged one is a line on stdout."""
    with Store(root) as store:
        box = Box(store, root)
        for turn in itertools.count():
            data = f"{number} {turn} ".encode() * (1 + turn * 37 % 3000)
            name = (f"p{number}/{turn % 5}/x", f"p{number}/{turn % 5}", f"p{number}/b{turn % 3}")[turn % 3]
            if turn % 3 == 2:
                half = len(data) // 2
                box.stage(name, 1, data[:half])
                box.stage(name, 2, data[half:])
                box.commit(name, 1, 2, props=sealed(data))
            else:
                box.put(name, data, sealed(data))
            os.write(1, f"{turn} {name} {sealed(data).content_md5}\n".encode())


if __name__ == "__main__":
    write_until_killed(Path(sys.argv[1]), int(sys.argv[2]))
