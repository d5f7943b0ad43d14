"""Mutants of conditional requests and of the ETags they compare."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.mutants.registry import Patch, mutant
from reference_impl.protocol import conditions
from reference_impl.protocol.conditions import Conditions, HeaderView, State
from reference_impl.protocol.errors import BlobError
from reference_impl.store import BlobRecord


@mutant("etag-never-changes", breaks="put-blob.new-etag")
def etag_never_changes(patch: Patch) -> None:
    """A blob keeps its first ETag for ever: writers that guard with If-Match overwrite each other's data."""
    patch.replace(BlobRecord, "etag", property(lambda record: f"0x{record.created_ticks:X}"))


@mutant("if-match-ignored", breaks=("conditions.read-if-match", "conditions.write-if-match"))
def if_match_ignored(patch: Patch) -> None:
    """If-Match is not looked at: lost updates, and downloads stitched together from two versions."""
    parse = conditions.parse

    def wrong(headers: HeaderView, prefix: str = "") -> Conditions:
        return replace(parse(headers, prefix), if_match=())

    patch.replace(conditions, "parse", wrong)


@mutant(
    "if-none-match-ignored",
    breaks=("conditions.create-only", "conditions.read-if-none-match", "conditions.write-if-none-match"),
)
def if_none_match_ignored(patch: Patch) -> None:
    """If-None-Match is not looked at: uploads that must not overwrite do, and locks are taken twice."""
    parse = conditions.parse

    def wrong(headers: HeaderView, prefix: str = "") -> Conditions:
        return replace(parse(headers, prefix), if_none_match=())

    patch.replace(conditions, "parse", wrong)


@mutant(
    "if-unmodified-since-ignored",
    breaks=("conditions.read-if-unmodified-since", "conditions.write-if-unmodified-since"),
)
def if_unmodified_since_ignored(patch: Patch) -> None:
    """If-Unmodified-Since is not looked at: AzCopy says a download is whole that changed under it."""
    parse = conditions.parse

    def wrong(headers: HeaderView, prefix: str = "") -> Conditions:
        return replace(parse(headers, prefix), if_unmodified_since=None)

    patch.replace(conditions, "parse", wrong)


@mutant(
    "unmet-read-answers-412", breaks=("conditions.read-if-none-match", "conditions.read-if-modified-since")
)
def unmet_read_answers_412(patch: Patch) -> None:
    """A read whose If-None-Match fails is 412 instead of 304: caches take a hit for an error."""
    check = conditions.check_read

    def wrong(found: Conditions, state: State) -> None:
        try:
            check(found, state)
        except BlobError as error:
            error.status = 412
            raise

    patch.replace(conditions, "check_read", wrong)


@mutant("create-only-answers-412", breaks="conditions.create-only")
def create_only_answers_412(patch: Patch) -> None:
    """If-None-Match: * on a blob is 412, not 409: SDKs raise another exception than callers catch."""
    patch.replace(conditions, "check_create", conditions.check_write)
