"""List Containers and List Blobs: parameters, paging with an opaque marker, and the exact XML."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from reference_impl.http.message import Response
from reference_impl.operations.blob_xml import blob_xml, prefix_xml
from reference_impl.operations.call import Call
from reference_impl.operations.containers import record_xml
from reference_impl.protocol import times, xml_out
from reference_impl.protocol.errors import invalid_query, query_out_of_range
from reference_impl.store import Prefix

MAX_RESULTS = 5000
_BLOB_INCLUDES = frozenset(
    {
        "copy",
        "deleted",
        "deletedwithversions",
        "immutabilitypolicy",
        "legalhold",
        "metadata",
        "permissions",
        "snapshots",
        "tags",
        "uncommittedblobs",
        "versions",
    }
)
_CONTAINER_INCLUDES = frozenset({"deleted", "metadata", "system"})
_COUNT = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
# Stands for the blob itself, which comes after all of its snapshots.
_ITSELF = "9999-12-31T23:59:59.9999999Z"


@dataclass(frozen=True, slots=True)
class Paging:
    """The parameters that every listing has; None means that the request did not send one."""

    prefix: str | None
    marker: str | None
    max_results: int | None
    include: frozenset[str]

    @property
    def limit(self) -> int:
        """Entries in this page."""
        return min(self.max_results or MAX_RESULTS, MAX_RESULTS)

    def echo(self, delimiter: str | None = None) -> str:
        """The parameters as the listing repeats them, each only when it was sent."""
        parts = [
            xml_out.text_element(name, text)
            for name, text in (("Prefix", self.prefix), ("Marker", self.marker))
            if text
        ]
        if self.max_results is not None:
            parts.append(f"<MaxResults>{self.max_results}</MaxResults>")
        if delimiter:
            parts.append(xml_out.text_element("Delimiter", delimiter))
        return "".join(parts)


def paging(call: Call, known: frozenset[str]) -> Paging:
    """Read the parameters; 400 for a count out of range or an include that does not exist."""
    text = call.query.get("maxresults")
    count = None
    if text:
        if _COUNT.fullmatch(text) is None:
            raise invalid_query("maxresults", text)
        count = int(text)
        if count < 1:
            raise query_out_of_range("maxresults", text, 1, MAX_RESULTS)
    include = frozenset(
        part.strip().lower()
        for value in call.query.values("include")
        for part in value.split(",")
        if part.strip()
    )
    if include - known:
        raise invalid_query("include", ",".join(call.query.values("include")))
    return Paging(call.query.get("prefix"), call.query.get("marker"), count, include)


def encode_marker(name: str, snapshot: int = 0) -> str:
    """The opaque marker of the page that starts at a blob, or at one of its snapshots: `2!length!base64`."""
    raw = name.encode("utf-8", "surrogatepass")
    moment = (times.iso_ticks(snapshot) if snapshot else _ITSELF).encode()
    inner = b"%06d!%s!%06d!%s!" % (len(raw), raw, len(moment), moment)
    coded = base64.b64encode(inner).decode("ascii").replace("=", "-")
    return f"2!{len(coded)}!{coded}"


def decode_marker(text: str) -> str:
    """The blob name that a marker starts at; 400 for a text that is no marker of ours."""
    try:
        kind, size, coded = text.split("!", 2)
        inner = base64.b64decode(coded.replace("-", "="), validate=True)
        length = int(inner[:6])
        name = inner[7 : 7 + length].decode("utf-8", "surrogatepass")
        if kind != "2" or int(size) != len(coded) or len(inner) < 8 + length:
            raise ValueError("not the shape of a marker")
    except (ValueError, binascii.Error):
        raise invalid_query("marker", text) from None
    return name


def marker_moment(text: str) -> int:
    """The tick of the snapshot that a marker of ours starts at; that of the blob itself is later than all."""
    moment = base64.b64decode(text.rpartition("!")[2].replace("-", "=")).rstrip(b"!").rpartition(b"!")[2]
    return times.parse_ticks(moment.decode("ascii", "replace")) or 0


async def blobs(call: Call) -> Response:
    """List Blobs, flat or by a delimiter."""
    page = paging(call, _BLOB_INCLUDES)
    delimiter = call.query.get("delimiter") or ""
    if delimiter and "snapshots" in page.include:
        raise invalid_query("include", ",".join(call.query.values("include")))
    start, since = "", 0
    if page.marker:
        start, since = decode_marker(page.marker), marker_moment(page.marker)
    # Documented since 2026-02-06; the service heeds it at 2023-11-03 too, and object_store counts on that.
    start = max(start, call.query.get("startfrom") or "", key=lambda name: name.encode("utf-8"))
    # Nothing is soft-deleted here, so a listing of only that is empty.
    nothing = (call.query.get("showonly") or "").lower() == "deleted"

    def make() -> str:
        found = call.service.store.list_blobs(
            call.account,
            call.container,
            prefix=page.prefix or "",
            delimiter=delimiter,
            marker=start,
            limit=page.limit,
            uncommitted="uncommittedblobs" in page.include,
            with_snapshots="snapshots" in page.include,
            since=since,
        )
        entries = "".join(
            prefix_xml(item) if isinstance(item, Prefix) else blob_xml(item, call.version, page.include)
            for item in (() if nothing else found.items)
        )
        following = encode_marker(found.next_marker, found.next_snapshot) if found.next_marker else None
        return (
            f'<EnumerationResults ServiceEndpoint="{xml_out.attribute(call.endpoint)}" '
            f'ContainerName="{xml_out.attribute(call.container)}">{page.echo(delimiter)}'
            f"{f'<Blobs>{entries}</Blobs>' if entries else '<Blobs />'}"
            f"{xml_out.element('NextMarker', following)}</EnumerationResults>"
        )

    return call.xml(await call.service.run(make))


async def containers(call: Call) -> Response:
    """List Containers."""
    page = paging(call, _CONTAINER_INCLUDES)
    start = (page.marker or "").rpartition("/")[2]
    store = call.service.store
    found = await call.service.run(store.containers, call.account, page.prefix or "", start, page.limit)
    entries = "".join(
        record_xml(record, call.version, metadata="metadata" in page.include)
        for record in found.items
        if "system" in page.include or not record.name.startswith("$") or record.name in ("$root", "$web")
    )
    following = f"/{call.account}/{found.next_marker}" if found.next_marker else None
    return call.xml(
        f'<EnumerationResults ServiceEndpoint="{xml_out.attribute(call.endpoint)}">{page.echo()}'
        f"{f'<Containers>{entries}</Containers>' if entries else '<Containers />'}"
        f"{xml_out.element('NextMarker', following)}</EnumerationResults>"
    )
