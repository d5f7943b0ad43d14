"""Mutants of what List Blobs and List Containers show, in which order, and how they are written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import blob_xml, lists
from reference_impl.operations.call import Call
from reference_impl.protocol import xml_out
from reference_impl.protocol.errors import BlobError, query_out_of_range
from reference_impl.store import BlobRecord, ContainerMissing, Page, Prefix, Store

List = Callable[..., Page[BlobRecord | Prefix]]


def listing(patch: Patch, change: Callable[[List, Store, tuple[str, ...], dict[str, Any]], Any]) -> None:
    """Replace the listing of blobs: `change` gets the right one, its place and its options."""
    right = Store.list_blobs

    @functools.wraps(right)
    def wrong(self: Store, *place: str, **options: Any) -> Any:
        return change(right, self, place, options)

    patch.replace(Store, "list_blobs", wrong)


@mutant("prefix-is-a-folder", breaks="list-blobs.prefix")
def prefix_is_a_folder(patch: Patch) -> None:
    """A prefix selects what is in the folder of that name: tools that ask for `run-1` miss `run-10`."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        prefix = options.get("prefix") or ""
        folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        return right(self, *place, **{**options, "prefix": folder})

    listing(patch, change)


@mutant("prefixes-come-first", breaks="list-blobs.delimiter")
def prefixes_come_first(patch: Patch) -> None:
    """A page shows all its prefixes before its blobs: clients that merge two listings see phantoms."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        page = right(self, *place, **options)
        return replace(page, items=sorted(page.items, key=lambda item: isinstance(item, BlobRecord)))

    listing(patch, change)


@mutant("prefixes-do-not-count", breaks="list-blobs.prefixes-count")
def prefixes_do_not_count(patch: Patch) -> None:
    """Prefixes come on top of maxresults: a page is longer than the client asked for."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        limit = options.get("limit", 5000)
        page = right(self, *place, **options)
        while page.next_marker and sum(isinstance(item, BlobRecord) for item in page.items) < limit:
            more = right(self, *place, **{**options, "marker": page.next_marker, "limit": 1})
            page = Page([*page.items, *more.items], more.next_marker)
        return page

    listing(patch, change)


@mutant("listing-ignores-case", breaks="list-blobs.order")
def listing_ignores_case(patch: Patch) -> None:
    """Names are listed without regard to case: a sync that walks two listings side by side goes wrong."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        page = right(self, *place, **options)
        return replace(page, items=sorted(page.items, key=lambda item: item.name.lower()))

    listing(patch, change)


@mutant("only-slash-delimits", breaks="list-blobs.any-delimiter")
def only_slash_delimits(patch: Patch) -> None:
    """A delimiter other than a slash is ignored: tools that group by another character get everything."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        slash = options.get("delimiter") == "/"
        return right(self, *place, **{**options, "delimiter": "/" if slash else ""})

    listing(patch, change)


@mutant("staged-blobs-never-listed", breaks="list-blobs.uncommitted")
def staged_blobs_never_listed(patch: Patch) -> None:
    """include=uncommittedblobs shows nothing more: nobody finds uploads that were given up."""
    listing(
        patch, lambda right, self, place, options: right(self, *place, **{**options, "uncommitted": False})
    )


@mutant("missing-container-lists-empty", breaks="list-blobs.missing-container")
def missing_container_lists_empty(patch: Patch) -> None:
    """A listing of a container that does not exist is empty: a sync with deletion removes the other side."""

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        try:
            return right(self, *place, **options)
        except ContainerMissing:
            return Page(())

    listing(patch, change)


@mutant("listing-is-late", breaks="list-blobs.consistent")
def listing_is_late(patch: Patch) -> None:
    """A listing shows what the one before it should have: a job that lists what it wrote misses the end."""
    last: dict[str, Any] = {}

    def change(right: List, self: Store, place: tuple[str, ...], options: dict[str, Any]) -> Any:
        if options.get("marker"):
            return right(self, *place, **options)
        key = repr((place, sorted(options.items())))
        now = right(self, *place, **options)
        return last.pop(key, None) or last.setdefault(key, now)

    listing(patch, change)


@mutant("listed-etag-quoted", breaks="list-blobs.etag-unquoted")
def listed_etag_quoted(patch: Patch) -> None:
    """The ETag of a listed blob is in quotes: compared with what SDKs stored, every blob looks changed."""
    pairs(patch, lambda name, text: f'"{text}"' if name == "Etag" else text)


@mutant("listed-size-zero", breaks="list-blobs.properties")
def listed_size_zero(patch: Patch) -> None:
    """Listed blobs have no length: AzCopy plans to copy empty files."""
    pairs(patch, lambda name, text: "0" if name == "Content-Length" else text)


@mutant("unset-properties-left-out", breaks="list-blobs.unset-properties")
def unset_properties_left_out(patch: Patch) -> None:
    """Properties that are not set are left out of a listing: strict readers miss their elements."""
    pairs(patch, lambda _name, text: text or None)


@mutant("content-crc64-left-out", breaks="list-blobs.content-crc64")
def content_crc64_left_out(patch: Patch) -> None:
    """A listing has no Content-CRC64, as its documentation does not know it either."""
    pairs(patch, lambda name, text: None if name == "Content-CRC64" else text)


def pairs(patch: Patch, change: Callable[[str, str | None], str | None]) -> None:
    """Change the properties of listed blobs, one by one; None leaves a property out."""
    elements = xml_out.elements

    def make(right: Callable[..., str]) -> Callable[..., str]:
        def wrong(*entry: Any) -> str:
            with patch.meanwhile(
                xml_out,
                "elements",
                lambda found: elements(
                    [(name, change(name, text)) for name, text in found if text is not None]
                ),
            ):
                return right(*entry)

        return wrong

    patch.wrap(blob_xml, "_properties", make)


@mutant("names-never-encoded", breaks="names.encoded")
def names_never_encoded(patch: Patch) -> None:
    """A name that XML cannot hold is listed as it is: one such blob, and no client can list its container."""
    patch.replace(xml_out, "name_element", lambda name: f"<Name>{xml_out.escape(name)}</Name>")


@mutant("names-always-encoded", breaks="names.escaped")
def names_always_encoded(patch: Patch) -> None:
    """Names with an ampersand are percent-encoded in listings: copies have other names than their sources."""

    def make(right: Callable[[str], str]) -> Callable[[str], str]:
        def wrong(name: str) -> str:
            if "&" not in name:
                return right(name)
            return f'<Name Encoded="true">{quote(name, safe="")}</Name>'

        return wrong

    patch.wrap(xml_out, "name_element", make)


@mutant("listed-metadata-lowercased", breaks="list-blobs.metadata-names")
def listed_metadata_lowercased(patch: Patch) -> None:
    """Listed metadata has its names in small letters: a sync that compares them copies everything again."""
    patch.wrap(
        xml_out,
        "metadata",
        lambda right: lambda found: right([(name.lower(), value) for name, value in found]),
    )


@mutant("metadata-listed-unasked", breaks="list-blobs.metadata")
def metadata_listed_unasked(patch: Patch) -> None:
    """Metadata is in every listing: pages are ten times as long as they need be."""
    patch.wrap(
        lists,
        "blob_xml",
        lambda right: (
            lambda record, version, include, *rest: right(
                record, version, frozenset({*include, "metadata"}), *rest
            )
        ),
    )


@mutant("or-metadata-left-out", breaks="list-blobs.or-metadata")
def or_metadata_left_out(patch: Patch) -> None:
    """A listed blob does not end with OrMetadata, as the service's always do."""
    patch.wrap(lists, "blob_xml", lambda right: lambda *entry: right(*entry).replace("<OrMetadata />", ""))


@mutant("many-results-refused", breaks="list-blobs.maxresults")
def many_results_refused(patch: Patch) -> None:
    """maxresults above 5000 is refused, not cut: clients that ask for 10,000 cannot list."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(call: Call, known: frozenset[str]) -> Any:
            found = right(call, known)
            if (found.max_results or 0) > lists.MAX_RESULTS:
                raise query_out_of_range("maxresults", str(found.max_results), 1, lists.MAX_RESULTS)
            return found

        return wrong

    patch.wrap(lists, "paging", make)


@mutant("no-results-accepted", breaks=("list-blobs.maxresults", "list-blobs.maxresults-error"))
def no_results_accepted(patch: Patch) -> None:
    """maxresults=0 is taken for no limit: a client that asked for nothing gets everything."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(call: Call, known: frozenset[str]) -> Any:
            try:
                return right(call, known)
            except BlobError as error:
                if error.code != "OutOfRangeQueryParameterValue":
                    raise
                return lists.Paging(call.query.get("prefix"), call.query.get("marker"), None, frozenset())

        return wrong

    patch.wrap(lists, "paging", make)


@mutant("unknown-include-ignored", breaks="list-blobs.include-unknown")
def unknown_include_ignored(patch: Patch) -> None:
    """A misspelt include is ignored: a client waits for what was never asked."""

    class Anything(frozenset[str]):
        def __rsub__(self, other: object) -> frozenset[str]:
            return frozenset()

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        return lambda call, _known: right(call, Anything())

    patch.wrap(lists, "paging", make)


@mutant("marker-left-out-at-the-end", breaks=("wire.next-marker", "list-blobs.document"))
def marker_left_out_at_the_end(patch: Patch) -> None:
    """The last page has no NextMarker: readers that look for an empty one ask for ever."""
    patch.wrap(
        Call,
        "xml",
        lambda right: lambda self, root, *rest: right(self, root.replace("<NextMarker />", ""), *rest),
    )


@mutant("echo-left-out", breaks=("list-blobs.echo", "wire.list-echo"))
def echo_left_out(patch: Patch) -> None:
    """A listing does not repeat prefix and delimiter: stored pages do not tell what they are of."""
    patch.replace(lists.Paging, "echo", lambda *_of: "")


@mutant("endpoint-without-account", breaks="addressing.service-endpoint")
def endpoint_without_account(patch: Patch) -> None:
    """ServiceEndpoint leaves the account out in path style: addresses that are made from it lead nowhere."""
    patch.replace(
        Call,
        "endpoint",
        property(lambda self: f"{self.request.scheme}://{self.request.headers.get('host') or ''}/"),
    )


@mutant("byte-order-mark-missing", breaks="wire.byte-order-mark")
def byte_order_mark_missing(patch: Patch) -> None:
    """XML begins without the mark that the service always sends."""
    patch.replace(xml_out, "BOM", b"")


@mutant("containers-not-filtered", breaks="list-containers.entries")
def containers_not_filtered(patch: Patch) -> None:
    """List Containers shows all, whatever the prefix: a clean-up by prefix deletes everybody's."""
    right = Store.containers
    patch.replace(
        Store, "containers", lambda self, account, _prefix="", *rest: right(self, account, "", *rest)
    )


@mutant("container-etag-unquoted", breaks="list-containers.etag-quoted")
def container_etag_unquoted(patch: Patch) -> None:
    """The ETag of a listed container has no quotes, unlike the header's: compared, they differ."""
    patch.wrap(
        lists,
        "record_xml",
        lambda right: (
            lambda record, *rest, **named: right(record, *rest, **named).replace(
                f'"{record.etag}"', record.etag
            )
        ),
    )
