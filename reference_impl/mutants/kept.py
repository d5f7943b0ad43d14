"""Mutants of snapshots, tags and tiers: what is kept beside a blob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import changing, history, lists, reading, snapshots, sources, tiers, writing
from reference_impl.operations.call import Call
from reference_impl.protocol import conditions
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query
from reference_impl.store import BlobProps, BlobRecord, Store


@mutant("snapshot-follows-the-blob", breaks="snapshot-blob.frozen")
def snapshot_follows_the_blob(patch: Patch) -> None:
    """A snapshot reads as the blob does now: the backup that it was is gone with the first write."""
    for name in ("open", "blob"):
        right = getattr(Store, name)

        def wrong(
            self: Store, account: str, container: str, blob: str, snapshot: int = 0, right: Any = right
        ) -> Any:
            if snapshot:
                right(self, account, container, blob, snapshot)  # one that is missing stays missing
            return right(self, account, container, blob)

        patch.replace(Store, name, wrong)


@mutant("snapshots-do-not-protect", breaks="snapshot-blob.protects")
def snapshots_do_not_protect(patch: Patch) -> None:
    """Deleting a blob takes its snapshots along, unasked: one command, and the backups are gone."""
    kept(patch, {"refuse": "include"})


@mutant("only-snapshots-means-all", breaks="snapshot-blob.delete-only")
def only_snapshots_means_all(patch: Patch) -> None:
    """Deleting only the snapshots deletes the blob as well."""
    kept(patch, {"only": "include"})


@mutant("include-keeps-snapshots", breaks="snapshot-blob.delete-include")
def include_keeps_snapshots(patch: Patch) -> None:
    """A delete that includes the snapshots is refused because of them: AzCopy's remove never ends well."""
    kept(patch, {"include": "refuse"})


def kept(patch: Patch, instead: dict[str, str]) -> None:
    """Take one wish about snapshots for another."""
    patch.wrap(changing, "_kept", lambda right: lambda call: instead.get(right(call), right(call)))


@mutant("snapshot-makes-an-etag", breaks=("snapshot-blob.leaves-blob-alone", "snapshot-blob.takes"))
def snapshot_makes_an_etag(patch: Patch) -> None:
    """Taking a snapshot gives the blob a new ETag: a backup job throws writers out."""
    take = Store.take_snapshot

    def wrong(self: Store, account: str, container: str, name: str, *rest: Any, **options: Any) -> BlobRecord:
        record = take(self, account, container, name, *rest, **options)
        self.update_blob(account, container, name, lambda found: found.props)
        return record

    patch.replace(Store, "take_snapshot", wrong)


@mutant("snapshot-metadata-ignored", breaks="snapshot-blob.metadata")
def snapshot_metadata_ignored(patch: Patch) -> None:
    """Metadata that is given with a snapshot is dropped: nobody knows what it was taken for."""
    right = snapshots.snapshot_blob

    async def wrong(call: Call) -> Response:
        with patch.meanwhile(Call, "metadata", lambda _self: ()):
            return await right(call)

    patch.replace(snapshots, "snapshot_blob", wrong)


@mutant("snapshot-query-ignored", breaks=("snapshot-blob.read", "snapshot-blob.unknown"))
def snapshot_query_ignored(patch: Patch) -> None:
    """snapshot= on a read is not looked at: a restore brings back what it was to replace."""
    patch.replace(history, "snapshot", lambda _query: 0)


@mutant("snapshots-writable", breaks="snapshot-blob.read-only")
def snapshots_writable(patch: Patch) -> None:
    """A write that names a snapshot goes to the blob: what should be refused overwrites."""
    patch.replace(writing, "refuse_snapshot", lambda _call: None)


@mutant("snapshots-never-listed", breaks="list-blobs.snapshot-properties")
def snapshots_never_listed(patch: Patch) -> None:
    """include=snapshots shows nothing more: backups cannot be found."""
    right = Store.list_blobs

    def wrong(self: Store, *place: str, **options: Any) -> Any:
        return right(self, *place, **{**options, "with_snapshots": False})

    patch.replace(Store, "list_blobs", wrong)


@mutant("snapshot-has-lease-headers", breaks="snapshot-blob.read")
def snapshot_has_lease_headers(patch: Patch) -> None:
    """A snapshot says that it is unlocked, as if it could be leased."""

    def edit(call: Call, response: Response) -> None:
        if call.query.get("snapshot"):
            put(response, "x-ms-lease-status", "unlocked")
            put(response, "x-ms-lease-state", "available")

    for name in ("get_blob", "get_properties"):
        patch.answers(reading, name, edit)


@mutant("overwriting-drops-snapshots", breaks="snapshot-blob.survive-writes")
def overwriting_drops_snapshots(patch: Patch) -> None:
    """A new Put Blob throws the old snapshots away: history ends with every release."""
    commit = Store.commit_blob

    def wrong(self: Store, upload: Any, name: str, *rest: Any) -> BlobRecord:
        place = upload.place
        record = commit(self, upload, name, *rest)
        self.delete_blob(place.account, place.container, name, None, "only")
        return record

    patch.replace(Store, "commit_blob", wrong)


@mutant("tags-survive-writes", breaks="blob-tags.replaced-by-write")
def tags_survive_writes(patch: Patch) -> None:
    """A write leaves the old tags on the new blob: rules by tag touch what was never marked."""
    commit = Store.commit_blob

    def wrong(self: Store, upload: Any, name: str, props: BlobProps, *rest: Any) -> BlobRecord:
        try:
            old = self.blob(upload.place.account, upload.place.container, name).props.tags
        except Exception:
            old = ()
        return commit(self, upload, name, replace(props, tags=props.tags or old), *rest)

    patch.replace(Store, "commit_blob", wrong)


@mutant("tags-make-an-etag", breaks="blob-tags.leaves-blob-alone")
def tags_make_an_etag(patch: Patch) -> None:
    """Setting tags gives the blob a new ETag: an indexer throws readers and writers out."""
    touching(patch, "set_tags")


def touching(patch: Patch, name: str) -> None:
    """Have an operation of `changing` make a new ETag."""
    right = getattr(changing, name)
    update = changing._update

    async def wrong(call: Call) -> Response:
        async def touched(call: Call, change: writing.Change, *, touch: bool = True) -> BlobRecord:
            return await update(call, change)

        with patch.meanwhile(changing, "_update", touched):
            response: Response = await right(call)
        return response

    patch.replace(changing, name, wrong)


@mutant("tag-count-missing", breaks="blob-tags.count")
def tag_count_missing(patch: Patch) -> None:
    """Reads do not tell that there are tags: AzCopy does not ask for them, and copies without."""
    for name in ("get_blob", "get_properties"):
        patch.answers(reading, name, lambda _call, response: drop(response, "x-ms-tag-count"))


@mutant("tags-on-write-ignored", breaks="blob-tags.on-write")
def tags_on_write_ignored(patch: Patch) -> None:
    """x-ms-tags of a write is dropped."""
    patch.replace(writing, "tags", lambda _call: ())


@mutant("tag-condition-ignored", breaks="blob-tags.conditions")
def tag_condition_ignored(patch: Patch) -> None:
    """x-ms-if-tags is not looked at: what must only touch marked blobs touches all."""
    patch.replace(conditions, "tags_hold", lambda _found, _state: True)


@mutant("tags-add", breaks="blob-tags.replaces")
def tags_add(patch: Patch) -> None:
    """Set Blob Tags adds to what is there: tags that were to go stay for ever."""
    right = changing._update

    async def wrong(call: Call, change: writing.Change, *, touch: bool = True) -> BlobRecord:
        def added(record: BlobRecord) -> BlobProps:
            new = change(record)
            both = {**dict(record.props.tags), **dict(new.tags)}
            return replace(new, tags=tuple(both.items()))

        return await right(call, added, touch=touch)

    patch.replace(changing, "_update", wrong)


@mutant("eleven-tags-taken", breaks="blob-tags.limits")
def eleven_tags_taken(patch: Patch) -> None:
    """Any number of tags is taken: what is marked here cannot be moved to the service."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(pairs: list[tuple[str, str]]) -> Any:
            try:
                return right(pairs)
            except BlobError as error:
                if error.code != "TagsTooLarge":
                    raise
                return tuple(pairs)

        return wrong

    patch.wrap(writing, "check_tags", make)


@mutant("duplicate-tags-taken", breaks="blob-tags.duplicates")
def duplicate_tags_taken(patch: Patch) -> None:
    """Of a tag that comes twice the last one counts: a client's mistake goes unseen."""
    patch.wrap(writing, "check_tags", lambda right: lambda pairs: right(list(dict(pairs).items())))


@mutant("tier-makes-an-etag", breaks="set-blob-tier.leaves-blob-alone")
def tier_makes_an_etag(patch: Patch) -> None:
    """Setting a tier gives the blob a new ETag: a lifecycle rule throws readers out."""
    touching(patch, "set_tier")


@mutant("tier-not-kept", breaks="set-blob-tier.sets")
def tier_not_kept(patch: Patch) -> None:
    """Set Blob Tier is acknowledged and forgotten: the bill does not change."""
    patch.replace(tiers, "changed", lambda props, _wanted, _priority: props)


@mutant("explicit-tier-inferred", breaks="set-blob-tier.explicit")
def explicit_tier_inferred(patch: Patch) -> None:
    """A tier that somebody set is shown as inferred, without the time of its change."""

    def edit(_call: Call, response: Response) -> None:
        drop(response, "x-ms-access-tier-change-time")
        put(response, "x-ms-access-tier-inferred", "true")

    patch.answers(reading, "get_properties", edit)


@mutant("archive-is-read", breaks="set-blob-tier.archived")
def archive_is_read(patch: Patch) -> None:
    """An archived blob is read like any other: what works here takes hours at the service."""
    patch.replace(tiers, "refuse_archived", lambda _record: None)


@mutant("any-tier-taken", breaks=("set-blob-tier.names", "set-blob-tier.on-write-names"))
def any_tier_taken(patch: Patch) -> None:
    """A tier that does not exist is taken for Hot."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(call: Call, **options: bool) -> Any:
            try:
                return right(call, **options)
            except BlobError as error:
                if error.code != "InvalidHeaderValue":
                    raise
                return "Hot"

        return wrong

    patch.wrap(tiers, "chosen", make)


@mutant("tier-on-write-ignored", breaks="set-blob-tier.on-write")
def tier_on_write_ignored(patch: Patch) -> None:
    """x-ms-access-tier of a write is dropped: terabytes land in the dearest tier."""
    patch.wrap(
        tiers, "chosen", lambda right: lambda call, **options: right(call, **options) if options else None
    )


@mutant("rehydration-is-200", breaks="set-blob-tier.rehydrate")
def rehydration_is_200(patch: Patch) -> None:
    """A blob on its way out of Archive is said to have arrived: its reader fails."""

    def edit(_call: Call, response: Response) -> None:
        response.status = 200

    patch.answers(changing, "set_tier", edit)


@mutant("copies-take-tags-along", breaks="blob-tags.copy-option")
def copies_take_tags_along(patch: Patch) -> None:
    """A copy always has the tags of its source, also when nobody asked for them."""
    patch.replace(sources, "tags", lambda _call, source, sent: sent or source.props.tags)


@mutant("delimiter-with-snapshots", breaks="list-blobs.snapshots-delimiter")
def delimiter_with_snapshots(patch: Patch) -> None:
    """A delimiter together with snapshots is answered, in a way that no client expects."""
    values = Query.values
    listing = lists.blobs

    async def wrong(call: Call) -> Response:
        if not call.query.get("delimiter"):
            return await listing(call)
        with patch.meanwhile(
            Query, "values", lambda self, name: [] if name == "include" else values(self, name)
        ):
            return await listing(call)

    patch.replace(lists, "blobs", wrong)
