"""Mutants that go wrong only after certain requests in a certain order, or when a value comes back later."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant, put
from reference_impl.operations import (
    blocks,
    changing,
    copies,
    from_url,
    history,
    reading,
    sources,
    writing,
)
from reference_impl.operations import put as putting
from reference_impl.operations.call import Call
from reference_impl.protocol import conditions, lease, names, times, xml_in
from reference_impl.protocol.query import Query
from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    EntryKind,
    Page,
    Prefix,
    Store,
    UnknownBlock,
    Upload,
    staging,
)

Entries = Sequence[tuple[EntryKind, str]]
Run = Callable[[Call], Awaitable[Response]]
Place = tuple[str, str, str]
_POSITION = ("marker", "since")  # of a page in its listing


# --- in which order requests come ---


@mutant("blocks-join-as-they-came", breaks=("put-block-list.order", "put-block.any-order"))
def blocks_join_as_they_came(patch: Patch) -> None:
    """A commit joins its blocks in the order in which they arrived: every upload of several blocks at once is
    shuffled as soon as one of them overtakes another."""
    arrived: dict[Hashable, int] = {}
    stage, commit = Store.stage_block, Store.commit_blocks

    def staged(self: Store, upload: Upload, name: str, block_id: str, *rest: Any) -> None:
        stage(self, upload, name, block_id, *rest)
        arrived[upload.place.account, upload.place.container, name, block_id] = len(arrived)

    def committed(
        self: Store, account: str, container: str, name: str, entries: Entries, *rest: Any
    ) -> BlobRecord:
        ordered = sorted(entries, key=lambda entry: arrived.get((account, container, name, entry[1]), -1))
        return commit(self, account, container, name, ordered, *rest)

    patch.replace(Store, "stage_block", staged)
    patch.replace(Store, "commit_blocks", committed)


@mutant("commit-knows-its-own-connection", breaks="put-block.any-order")
def commit_knows_its_own_connection(patch: Patch) -> None:
    """A commit finds only the blocks that came over its own connection: an upload over several of them, as
    every fast client makes it, can never be finished."""
    origins: dict[tuple[Hashable, str], Hashable] = {}
    commits: dict[Place, Hashable] = {}
    commit = Store.commit_blocks

    def make_stage(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            origins[call.turn, call.query.get("blockid") or ""] = call.request.client
            return await right(call)

        return wrong

    def make_commit(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            commits[call.account, call.container, call.blob] = call.request.client
            return await right(call)

        return wrong

    def committed(
        self: Store, account: str, container: str, name: str, entries: Entries, *rest: Any
    ) -> BlobRecord:
        place = (account, container, name)
        here = commits[place]
        if any(origins.get((place, block), here) != here for _, block in entries):
            raise UnknownBlock("a block came over another connection")
        return commit(self, account, container, name, entries, *rest)

    patch.wrap(blocks, "put_block", make_stage)
    patch.wrap(from_url, "put_block_from_url", make_stage)
    patch.wrap(blocks, "put_block_list", make_commit)
    patch.replace(Store, "commit_blocks", committed)


@mutant("empty-blob-counts-as-none", breaks="put-block.stages")
def empty_blob_counts_as_none(patch: Patch) -> None:
    """Blocks that are staged on an empty blob are filed as if there were no blob, and the commit does not
    find them: clients that create the file first, as pyarrow does, can write nothing."""

    def make(right: Callable[..., str]) -> Callable[..., str]:
        def wrong(area: Any, place: Any, name: str, digest: str, base: Any, *rest: str) -> str:
            return right(area, place, name, digest, base if base and base.size else None, *rest)

        return wrong

    patch.wrap(staging, "stage", make)


@mutant("deleted-metadata-comes-back", breaks="delete-blob.again")
def deleted_metadata_comes_back(patch: Patch) -> None:
    """A blob that is made where one was deleted has the metadata of the old one: the folder mark, or the
    time, of something that is gone."""
    left: dict[Place, Any] = {}
    delete = Store.delete_blob
    write, commit = Store.commit_blob, Store.commit_blocks

    def deleted(self: Store, account: str, container: str, name: str, *rest: Any) -> None:
        with contextlib.suppress(BlobMissing):
            left[account, container, name] = self.blob(account, container, name).props.metadata
        delete(self, account, container, name, *rest)

    def mixed(place: Place, props: BlobProps) -> BlobProps:
        return replace(props, metadata=props.metadata or left.pop(place, ()))

    def written(self: Store, upload: Upload, name: str, props: BlobProps, *rest: Any) -> BlobRecord:
        place = (upload.place.account, upload.place.container, name)
        return write(self, upload, name, mixed(place, props), *rest)

    def committed(
        self: Store, account: str, container: str, name: str, entries: Entries, props: BlobProps, *rest: Any
    ) -> BlobRecord:
        props = mixed((account, container, name), props)
        return commit(self, account, container, name, entries, props, *rest)

    patch.replace(Store, "delete_blob", deleted)
    patch.replace(Store, "commit_blob", written)
    patch.replace(Store, "commit_blocks", committed)


@mutant("next-page-is-old", breaks=("list-blobs.consistent", "list-blobs.marker-is-stable"))
def next_page_is_old(patch: Patch) -> None:
    """The next page is made together with the one before it, and shows nothing that was written or deleted in
    between: who deletes page by page deletes what is gone, and misses what is new."""
    right = Store.list_blobs
    ready: dict[Hashable, Page[BlobRecord | Prefix]] = {}

    def key(place: tuple[str, ...], options: dict[str, Any], marker: str) -> Hashable:
        return place, marker, repr(sorted(item for item in options.items() if item[0] not in _POSITION))

    def wrong(self: Store, *place: str, **options: Any) -> Page[BlobRecord | Prefix]:
        made = ready.pop(key(place, options, options["marker"]), None)
        found = made or right(self, *place, **options)
        if marker := found.next_marker:
            following = {**options, "marker": marker, "since": found.next_snapshot}
            ready[key(place, options, marker)] = right(self, *place, **following)
        return found

    patch.replace(Store, "list_blobs", wrong)


@mutant("later-markers-skip", breaks="list-blobs.paging")
def later_markers_skip(patch: Patch) -> None:
    """The marker of every page but the first leads one name too far: what fits on two pages is whole, and a
    sync of more than that leaves files out, or deletes them."""
    right = Store.list_blobs

    def wrong(self: Store, *place: str, **options: Any) -> Page[BlobRecord | Prefix]:
        page = right(self, *place, **options)
        if not (options["marker"] and page.next_marker):
            return page
        return replace(page, next_marker=f"{page.next_marker}\0", next_snapshot=0)

    patch.replace(Store, "list_blobs", wrong)


@mutant("copy-hangs-on-its-source", breaks=("copy-blob.copies", "copy-blob.synchronous"))
def copy_hangs_on_its_source(patch: Patch) -> None:
    """A copy is no more than a link to its source, and goes when that is deleted: whoever moves a file, which
    is a copy and a delete, has lost it."""
    copied: dict[str, set[tuple[str, str, str]]] = {}

    def make_copy(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            response = await right(call)
            path = names.decode(urlsplit(sources.source_url(call)).path)
            source = path.removeprefix(f"/{call.account}").removeprefix("/")
            copied.setdefault(source, set()).add((call.account, call.container, call.blob))
            return response

        return wrong

    def make_delete(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            response = await right(call)
            for link in copied.pop(f"{call.container}/{call.blob}", set()):
                with contextlib.suppress(BlobMissing):
                    await call.service.run(call.service.store.delete_blob, *link, None, "include")
            return response

        return wrong

    patch.wrap(copies, "copy_blob", make_copy)
    patch.wrap(copies, "copy_blob_from_url", make_copy)
    patch.wrap(changing, "delete", make_delete)


# --- values that a client sends back ---


@mutant("old-etag-still-matches", breaks=("conditions.read-if-match", "conditions.write-if-match"))
def old_etag_still_matches(patch: Patch) -> None:
    """If-Match is met by every ETag that the blob ever had: a download goes on in the middle of new content,
    and a writer overwrites what he has not seen."""
    born: dict[str, int] = {}
    matches = conditions._matches

    def make(right: Callable[[BlobRecord | None], Any]) -> Callable[[BlobRecord | None], Any]:
        def wrong(record: BlobRecord | None) -> Any:
            if record is not None:
                born[record.etag] = record.created_ticks
            return right(record)

        return wrong

    def matched(etags: Sequence[str], state: conditions.State) -> bool:
        mine = born.get(state.etag)
        return matches(etags, state) or any(mine and born.get(etag) == mine for etag in etags)

    patch.wrap(writing, "state", make)
    patch.replace(conditions, "_matches", matched)


@mutant("listed-etag-is-older", breaks=("properties.etag-everywhere", "list-blobs.properties"))
def listed_etag_is_older(patch: Patch) -> None:
    """A listing shows the ETag and date that a blob had before its metadata or properties were set: a sync
    that compares listings does not see the change, or sees it for ever."""
    data: dict[Hashable, int] = {}
    update, listing = Store.update_blob, Store.list_blobs

    def updated(
        self: Store, account: str, container: str, name: str, change: Any, *, touch: bool = True
    ) -> BlobRecord:
        before = self.blob(account, container, name).ticks
        record = update(self, account, container, name, change, touch=touch)
        data[account, container, record.etag] = data.pop((account, container, f"0x{before:X}"), before)
        return record

    def listed(self: Store, *place: str, **options: Any) -> Page[BlobRecord | Prefix]:
        def older(item: BlobRecord | Prefix) -> BlobRecord | Prefix:
            if isinstance(item, Prefix):
                return item
            return replace(item, ticks=data.get((*place, item.etag), item.ticks))

        page = listing(self, *place, **options)
        return replace(page, items=[older(item) for item in page.items])

    patch.replace(Store, "update_blob", updated)
    patch.replace(Store, "list_blobs", listed)


@mutant("head-rounds-dates-up", breaks=("properties.last-modified", "conditions.own-date"))
def head_rounds_dates_up(patch: Patch) -> None:
    """HEAD rounds Last-Modified up to the next second, where all else rounds it down: AzCopy reads under
    If-Unmodified-Since with that date, which no longer protects it from a write of the same second."""

    def edit(call: Call, response: Response) -> None:
        for name, value in list(response.headers):
            if name == "Last-Modified" and (seconds := times.parse_http_date(value)):
                put(response, name, times.http_date(seconds + 1))

    patch.answers(reading, "get_properties", edit)


@mutant("copy-id-is-another", breaks="copy-blob.copies")
def copy_id_is_another(patch: Patch) -> None:
    """The copy ID that Copy Blob answers with is not the one that HEAD shows: a client that waits for its own
    copy takes it for somebody else's."""
    patch.answers(
        copies, "copy_blob", lambda _call, response: put(response, "x-ms-copy-id", str(uuid.uuid4()))
    )


@mutant("changed-lease-has-two-ids", breaks=("lease-blob.change", "leases.write-wrong-id"))
def changed_lease_has_two_ids(patch: Patch) -> None:
    """After a change both IDs of a lease are good for writes: it was handed over, and has two holders."""
    before: dict[str, str] = {}

    def make_change(right: Callable[..., lease.Lease]) -> Callable[..., lease.Lease]:
        def wrong(held: lease.Lease | None, *rest: Any) -> lease.Lease:
            kept = right(held, *rest)
            if held is not None and held.id != kept.id:
                before[held.id] = kept.id
            return kept

        return wrong

    def make_check(right: Callable[..., None]) -> Callable[..., None]:
        return lambda held, found, sent, kind, *, locks: right(
            held, found, before.get(sent, sent), kind, locks=locks
        )

    patch.wrap(lease, "change", make_change)
    patch.wrap(lease, "check_use", make_check)


@mutant("range-of-a-snapshot-is-the-blobs", breaks=("snapshot-blob.frozen", "snapshot-blob.read"))
def range_of_a_snapshot_is_the_blobs(patch: Patch) -> None:
    """A range of a snapshot is read from the blob as it is now. SDKs and AzCopy read nothing but ranges: what
    they restore is what was to be replaced."""

    def make(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            ranged = call.header("range") or call.header("x-ms-range")
            if ranged and (moment := history.snapshot(call.query)):
                store = call.service.store
                await call.service.run(store.blob, call.account, call.container, call.blob, moment)
                call.query = Query("")
            return await right(call)

        return wrong

    patch.wrap(reading, "get_blob", make)


@mutant("block-ids-are-cut", breaks="put-block.ids")
def block_ids_are_cut(patch: Patch) -> None:
    """Block IDs are told apart by their first 24 bytes: AzCopy counts in the last ones of 36, so that all
    blocks of a file are one block, many times."""
    size = 32  # characters of base64
    patch.wrap(blocks, "block_id", lambda right: lambda call: right(call)[:size])
    patch.wrap(from_url, "block_id", lambda right: lambda call: right(call)[:size])
    patch.wrap(
        xml_in,
        "block_list",
        lambda right: lambda body: [(kind, block[:size]) for kind, block in right(body)],
    )


# --- where a copy comes from ---


@mutant("copy-source-unread", breaks=("put-blob-from-url.copies", "put-blob-from-url.bad-source"))
def copy_source_unread(patch: Patch) -> None:
    """x-ms-copy-source is not looked at, so that Put Blob From URL is a Put Blob of nothing: a copy job ends
    well, and every file is empty."""
    patch.replace(from_url, "put_blob_from_url", putting.put_blob)


@mutant("source-is-in-the-same-container", breaks=("put-blob-from-url.copies", "put-block-from-url.range"))
def source_is_in_the_same_container(patch: Patch) -> None:
    """The From URL operations look for their source in the container that they write to, whatever the URL
    says: a copy between two containers fails, or takes another file of the same name."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, parts: SplitResult, account: str | None, *rest: Any) -> Any:
            if call.header("x-ms-blob-type") or call.query.get("comp") == "block":
                words = parts.path.split("/", 3 if account is None else 2)
                words[-2] = call.container
                parts = parts._replace(path="/".join(words))
            return await right(call, parts, account, *rest)

        return wrong

    patch.wrap(sources, "_open_own", make)


@mutant("second-source-is-the-first", breaks="put-block-from-url.range")
def second_source_is_the_first(patch: Patch) -> None:
    """The source of a blob's first Put Block From URL is kept open for all that follow: a file joined from
    several others is the first of them many times."""
    first: dict[Hashable, str] = {}

    def make(right: Callable[[Call], str]) -> Callable[[Call], str]:
        def wrong(call: Call) -> str:
            url = right(call)
            return first.setdefault(call.turn, url) if call.query.get("comp") == "block" else url

        return wrong

    patch.wrap(sources, "source_url", make)
