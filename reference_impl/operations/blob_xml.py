"""One entry of List Blobs: a `Blob` or a `BlobPrefix` element, children in the service's order."""

from __future__ import annotations

from collections.abc import Set

from reference_impl.operations import leasing, tiers
from reference_impl.operations.reading import COPY_FIELDS, COUNTS_NO_TAGS, DEFAULT_TYPE, blob_type
from reference_impl.protocol import since, times, xml_out
from reference_impl.store import BlobRecord, Prefix

_COPY_ELEMENTS = (
    "CopyId",
    "CopySource",
    "CopyStatus",
    "CopyProgress",
    "CopyCompletionTime",
    "CopyStatusDescription",
)


def prefix_xml(item: Prefix) -> str:
    """A `BlobPrefix`."""
    return f"<BlobPrefix>{xml_out.name_element(item.name)}</BlobPrefix>"


def blob_xml(record: BlobRecord, version: str, include: Set[str]) -> str:
    """A `Blob`. `include` are the details that the request asked for."""
    props = _properties(record, version, include) if record.committed else _UNCOMMITTED
    extra = ""
    if "metadata" in include:
        extra += xml_out.metadata(record.props.metadata)
    if "tags" in include and record.props.tags:
        extra += tags_xml(record.props.tags)
    if version >= "2019-12-12":
        extra += "<OrMetadata />"
    name = xml_out.name_element(record.name)
    if record.snapshot:
        name += xml_out.element("Snapshot", times.iso_ticks(record.snapshot))
    return f"<Blob>{name}<Properties>{props}</Properties>{extra}</Blob>"


_UNCOMMITTED = (
    "<Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
    "<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"
    "<LeaseState>available</LeaseState><ServerEncrypted>false</ServerEncrypted>"
)


def _properties(record: BlobRecord, version: str, include: Set[str]) -> str:
    props = record.props
    pairs: list[tuple[str, str | None]] = [
        ("Creation-Time", times.ticks_date(record.created_ticks)),
        ("Last-Modified", times.ticks_date(record.ticks)),
        ("Etag", record.etag),
        ("Content-Length", str(record.length)),
        ("Content-Type", props.content_type or DEFAULT_TYPE),
        ("Content-Encoding", props.content_encoding or ""),
        ("Content-Language", props.content_language or ""),
        ("Content-CRC64", ""),
        ("Content-MD5", props.content_md5 or ""),
        ("Cache-Control", props.cache_control or ""),
        ("Content-Disposition", props.content_disposition or ""),
        ("BlobType", blob_type(record)),
        *tiers.shown(record, version),
    ]
    if not record.snapshot:
        pairs += leasing.elements(leasing.blob_lease(record))
    if "copy" in include:
        pairs += [(name, props.extra.get(key)) for name, key in zip(_COPY_ELEMENTS, COPY_FIELDS, strict=True)]
    pairs.append(("ServerEncrypted", "true"))
    if props.sealed:
        pairs.append(("Sealed", "true"))
    if props.tags or version in COUNTS_NO_TAGS:
        pairs.append(("TagCount", str(len(props.tags))))
    return xml_out.elements(since.elements(pairs, version))


def tags_xml(tags: tuple[tuple[str, str], ...]) -> str:
    """A `Tags` element."""
    inner = "".join(
        f"<Tag>{xml_out.element('Key', name)}{xml_out.element('Value', value)}</Tag>" for name, value in tags
    )
    return f"<Tags><TagSet>{inner}</TagSet></Tags>" if inner else "<Tags><TagSet /></Tags>"
