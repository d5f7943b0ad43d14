"""Mutants of staged blocks and block lists."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from reference_impl.mutants.registry import Patch, mutant
from reference_impl.protocol import xml_in
from reference_impl.store import BlobMissing, BlobRecord, EntryKind, Store


@mutant("block-list-order-ignored", breaks="put-block-list.order")
def block_list_order_ignored(patch: Patch) -> None:
    """Blocks are joined by id, not in the order of the list: clients with random ids get shuffled data."""
    read = xml_in.block_list

    def wrong(body: bytes) -> list[tuple[xml_in.Kind, str]]:
        return sorted(read(body), key=lambda entry: entry[1])

    patch.replace(xml_in, "block_list", wrong)


@mutant("unknown-block-accepted", breaks="put-block-list.known-ids")
def unknown_block_accepted(patch: Patch) -> None:
    """A list may name blocks that were never staged: an upload that lost one commits with a hole."""
    commit = Store.commit_blocks

    @functools.wraps(commit)
    def wrong(
        self: Store,
        account: str,
        container: str,
        name: str,
        entries: Sequence[tuple[EntryKind, str]],
        *rest: Any,
    ) -> BlobRecord:
        try:
            lists = self.block_list(account, container, name)
            known = {block.id for block in (*lists.committed, *lists.uncommitted)}
        except BlobMissing:
            known = set()
        return commit(self, account, container, name, [e for e in entries if e[1] in known], *rest)

    patch.replace(Store, "commit_blocks", wrong)


@mutant("uncommitted-visible", breaks=("put-block.invisible", "list-blobs.uncommitted"))
def uncommitted_visible(patch: Patch) -> None:
    """Listings show blobs of which only blocks are staged: readers pick up uploads that are still running."""
    listing = Store.list_blobs

    @functools.wraps(listing)
    def wrong(self: Store, *place: Any, **options: Any) -> Any:
        return listing(self, *place, **{**options, "uncommitted": True})

    patch.replace(Store, "list_blobs", wrong)
