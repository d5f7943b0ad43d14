"""Mutants of listings."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import lists
from reference_impl.store import Store


@mutant("list-skips-last", breaks="list-blobs.paging")
def list_skips_last(patch: Patch) -> None:
    """Every page of List Blobs lacks its last entry: sync deletes or never copies those files."""
    listing = Store.list_blobs

    @functools.wraps(listing)
    def wrong(self: Store, *place: Any, **options: Any) -> Any:
        page = listing(self, *place, **options)
        return replace(page, items=page.items[:-1])

    patch.replace(Store, "list_blobs", wrong)


@mutant("list-delimiter-ignored", breaks="list-blobs.delimiter")
def list_delimiter_ignored(patch: Patch) -> None:
    """List Blobs never rolls names up: tools that walk directories see none, and read everything instead."""
    listing = Store.list_blobs

    @functools.wraps(listing)
    def wrong(self: Store, *place: Any, **options: Any) -> Any:
        return listing(self, *place, **{**options, "delimiter": ""})

    patch.replace(Store, "list_blobs", wrong)


@mutant("list-marker-exclusive", breaks="list-blobs.paging")
def list_marker_exclusive(patch: Patch) -> None:
    """The next page starts one entry late: every listing of more than a page misses files at its seams."""
    decode = lists.decode_marker
    patch.replace(lists, "decode_marker", lambda text: decode(text) + "\0")


@mutant("list-includes-rejected", breaks=("list-blobs.include", "list-blobs.metadata"))
def list_includes_rejected(patch: Patch) -> None:
    """include=metadata is refused: AzCopy, which always asks for it, cannot list at all."""
    patch.replace(lists, "_BLOB_INCLUDES", frozenset({"copy"}))
