"""A store with one container, and short ways to write to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reference_impl.store import BlobProps, BlobRecord, Check, ContainerProps, Prefix, Store

ACCOUNT = "acct"
CONTAINER = "box"


def block_id(number: int, width: int = 5) -> str:
    """A block id that decodes to `width` bytes."""
    return base64.b64encode(f"{number:0{width}d}".encode()).decode()


@dataclass(frozen=True)
class Box:
    """One container of a store."""

    store: Store
    root: Path

    def put(
        self, name: str, data: bytes = b"", props: BlobProps | None = None, check: Check | None = None
    ) -> BlobRecord:
        with self.store.upload(ACCOUNT, CONTAINER) as upload:
            upload.write(data)
            return self.store.commit_blob(upload, name, props or BlobProps(), check)

    def stage(self, name: str, number: int, data: bytes, width: int = 5) -> None:
        with self.store.upload(ACCOUNT, CONTAINER) as upload:
            upload.write(data)
            self.store.stage_block(upload, name, block_id(number, width))

    def commit(self, name: str, *numbers: int, props: BlobProps | None = None) -> BlobRecord:
        entries = [("latest", block_id(number)) for number in numbers]
        return self.store.commit_blocks(ACCOUNT, CONTAINER, name, entries, props or BlobProps())  # type: ignore[arg-type]

    def append(self, name: str, data: bytes) -> tuple[int, BlobRecord]:
        """Append a block to an append blob, counting it."""

        def change(record: BlobRecord) -> BlobProps:
            return replace(record.props, appended=(record.props.appended or 0) + 1)

        with self.store.upload(ACCOUNT, CONTAINER) as upload:
            upload.write(data)
            return self.store.append(upload, name, change)

    def head(self, name: str) -> BlobRecord:
        return self.store.blob(ACCOUNT, CONTAINER, name)

    def get(self, name: str) -> bytes:
        with self.store.open(ACCOUNT, CONTAINER, name) as blob:
            with open(blob.fd, "rb", closefd=False) as file:
                data = file.read(blob.record.length)
            assert len(data) == blob.record.length
            return data

    def delete(self, name: str) -> None:
        self.store.delete_blob(ACCOUNT, CONTAINER, name)

    def names(
        self,
        prefix: str = "",
        delimiter: str = "",
        marker: str = "",
        limit: int = 5000,
        *,
        uncommitted: bool = False,
    ) -> list[str]:
        """All names of a listing, page after page; prefixes are marked with a star."""
        found: list[str] = []
        while True:
            page = self.store.list_blobs(
                ACCOUNT,
                CONTAINER,
                prefix=prefix,
                delimiter=delimiter,
                marker=marker,
                limit=limit,
                uncommitted=uncommitted,
            )
            assert len(page.items) <= limit
            found += [f"*{item.name}" if isinstance(item, Prefix) else item.name for item in page.items]
            if not page.next_marker:
                return found
            marker = page.next_marker

    @property
    def path(self) -> Path:
        """Where the container's natural tree is."""
        return self.root / ACCOUNT / CONTAINER

    def incoming(self) -> list[Path]:
        """Temp files that are there now."""
        found = (self.root / ".blobproof" / "_incoming").rglob("*")
        return [path for path in found if path.is_file() and path.name != "alive"]


def make_box(root: Path, *, durable: bool = False) -> Box:
    store = Store(root, durable=durable)
    store.create_container(ACCOUNT, CONTAINER, ContainerProps())
    return Box(store, root)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    with made.store:
        yield made
