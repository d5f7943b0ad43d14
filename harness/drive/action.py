"""What every client is asked to do, as values: action, task, and what became of it by its own word."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

Outcome = Literal["done", "failed", "hung"]


class Action(enum.StrEnum):
    """The uniform scenarios."""

    PUT_SMALL = "put-small"  # a file in one piece
    PUT_LARGE = "put-large"  # a file in several blocks
    PUT_EMPTY = "put-empty"
    GET_SMALL = "get-small"
    GET_LARGE = "get-large"  # a file in several ranges, where the client splits at all
    PUT_TREE = "put-tree"  # a folder with all below it, by one call of the client
    GET_TREE = "get-tree"
    LIST = "list"  # every blob below a prefix, with its size
    COPY = "copy"  # one blob, by the server
    SYNC = "sync"  # a prefix becomes as a folder is, left-over blobs deleted
    DELETE = "delete"  # one blob
    METADATA = "metadata"  # set, and read back by the client
    CREATE_ONLY = "create-only"  # a blob that must not be there yet, twice


@dataclass(frozen=True, slots=True)
class Task:
    """One thing for a client to do.

    `blob` is the name of a blob; for put-tree, get-tree, list and sync it is a prefix without the last "/".
    `path` is the local file or folder: what a put sends, where a get writes. For metadata it is a file with
    the blob's own bytes, for clients that can only write metadata together with content.
    """

    action: Action
    container: str
    blob: str = ""
    path: Path | None = None
    source: str = ""  # the blob to copy, in the same container
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # metadata

    @property
    def file(self) -> Path:
        """`path`, of a task that has one."""
        assert self.path is not None, f"{self.action} has no local file"
        return self.path

    @property
    def second(self) -> Path:
        """Of create-only: the file of the second try, with other bytes than the first."""
        return self.file.with_name(f"{self.file.name}.second")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a task, by the client's own word: never a measure of what is there now.

    Facts: of list `{"names": {name: size}}` with whole blob names; of metadata `{"metadata": {name: value}}`;
    of create-only `{"second": "refused" | "replaced"}`.
    """

    outcome: Outcome
    said: str = ""  # one line without secrets: the reason of a failure, or its last words
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float = 0.0
