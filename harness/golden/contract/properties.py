"""What a request makes of a blob's properties, metadata and tags. The tables of the documentation, read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from harness.cases.case import Absent, Equal, Md5Of, Recipe, Text, Xml
from harness.golden.contract.answer import EXPECTED, Refusal, refused
from harness.golden.contract.request import Asked
from harness.golden.contract.state import ABSENT, UNKNOWN, Said, Unknown, Version, said
from harness.golden.contract.text import canonical, literal

HEADERS: Final = MappingProxyType(
    {
        "Content-Type": "x-ms-blob-content-type",
        "Content-Encoding": "x-ms-blob-content-encoding",
        "Content-Language": "x-ms-blob-content-language",
        "Content-Disposition": "x-ms-blob-content-disposition",
        "Cache-Control": "x-ms-blob-cache-control",
    }
)
"""The properties that a read gives, and the headers that set them. Content-MD5 goes its own ways."""

_PLAIN = frozenset({"Content-Type", "Content-Encoding", "Content-Language", "Cache-Control"})
_DEFAULT = "application/octet-stream"
_MOST_METADATA = 8192  # bytes of names and values
_MOST_TAGS = 10
_TAG = re.compile(r"[A-Za-z0-9 +\-./:=_]*")
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TIERS = frozenset({"Hot", "Cool", "Cold", "Archive"})


Metadata = Mapping[str, str | Unknown] | Unknown
"""Names as they were sent, and values."""


def equal(text: str) -> Equal | Md5Of | Absent:
    """A matcher for this value."""
    return Equal(text)


def of_put_blob(asked: Asked) -> dict[str, Said]:
    """Put Blob: an x-ms-blob-* header, else the plain one."""
    out: dict[str, Said] = {}
    for name, header in HEADERS.items():
        own, plain = asked.header(header), asked.header(name)
        if own:
            out[name] = said(canonical(own))
        elif own == "" and plain:
            out[name] = UNKNOWN  # an empty header counts, or it does not
        elif plain and name in _PLAIN:
            out[name] = said(canonical(plain), EXPECTED)
        elif plain:
            out[name] = UNKNOWN
        else:
            out[name] = said(_DEFAULT, EXPECTED) if name == "Content-Type" else ABSENT
    return out


def of_commit(asked: Asked) -> dict[str, Said]:
    """Put Block List and Set Blob Properties: x-ms-blob-* headers alone; what is left out is cleared."""
    out: dict[str, Said] = {}
    for name, header in HEADERS.items():
        own, plain = asked.said(header), asked.header(name)
        if own:
            out[name] = said(canonical(own))
        elif name == "Content-Type":
            out[name] = said(_DEFAULT, EXPECTED)
        else:
            out[name] = UNKNOWN if plain else ABSENT
    md5 = asked.said("x-ms-blob-content-md5")
    out["Content-MD5"] = said(canonical(md5)) if md5 else ABSENT
    return out


def of_copy(asked: Asked, source: Mapping[str, Said], *, keep: bool) -> dict[str, Said]:
    """Put Blob From URL: the request's properties, else the source's; `keep` leaves those behind."""
    out: dict[str, Said] = {}
    for name, header in HEADERS.items():
        own = asked.header(header)
        if own:
            out[name] = said(canonical(own))
        elif own == "" or (name == "Content-Type" and asked.header(name)):
            out[name] = UNKNOWN
        elif keep:
            out[name] = said(_DEFAULT, EXPECTED) if name == "Content-Type" else ABSENT
        else:
            out[name] = weaker(source.get(name, UNKNOWN))
    return out


def weaker(one: Said) -> Said:
    """The same, asserted as expected at most."""
    if one is UNKNOWN or one.level is not None:
        return one
    return type(one)(one.value, EXPECTED)


def metadata(asked: Asked) -> Mapping[str, str | Unknown]:
    """The metadata of a request."""
    out: dict[str, str | Unknown] = {}
    for name, value in asked.metadata:
        out[name] = value if value and value.isascii() else UNKNOWN
    return MappingProxyType(out)


def bad_metadata(asked: Asked) -> Refusal | None:
    """Why the metadata of a request is refused; None where it is not."""
    names = [name for name, _ in asked.metadata]
    if any(not name for name in names):
        return Refusal((400,), ("EmptyMetadataKey", "InvalidMetadata"), EXPECTED)
    if any(not _METADATA_NAME.fullmatch(name) for name in names):
        return refused(400, "InvalidMetadata", level=EXPECTED)
    if len({name.lower() for name in names}) < len(names):
        return Refusal((400,), (), EXPECTED)
    if sum(len(name) + len(value) for name, value in asked.metadata) > _MOST_METADATA:
        return Refusal((400,), (), EXPECTED)
    return None


def bad_tier(asked: Asked) -> Refusal | None:
    """Why the tier of a write is refused; None where it is not, or is none."""
    tier = asked.said("x-ms-access-tier")
    if tier is None or tier in TIERS:
        return None
    return Refusal((400,), ("InvalidHeaderValue", "InvalidBlobTier"), EXPECTED)


def tier(asked: Asked) -> str | None:
    """The tier that a write names."""
    return asked.said("x-ms-access-tier")


def tags(asked: Asked) -> tuple[tuple[str, str], ...] | Unknown:
    """The tags that a write names."""
    header = asked.said("x-ms-tags")
    if header is None:
        return ()
    text = literal(header)
    if text is None:
        return UNKNOWN
    pairs = (item.partition("=") for item in text.split("&") if item)
    return _good_tags([(unquote_plus(key), unquote_plus(value)) for key, _, value in pairs])


def _good_tags(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...] | Unknown:
    """Tags within the limits; whatever lies beyond is not predicted."""
    good = len(pairs) <= _MOST_TAGS and len(dict(pairs)) == len(pairs)
    good &= all(1 <= len(key) <= 128 and len(value) <= 256 for key, value in pairs)
    if not good or not all(_TAG.fullmatch(text) for pair in pairs for text in pair):
        return UNKNOWN
    return tuple((_template(key), _template(value)) for key, value in pairs)


def _template(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def tags_of_body(body: Recipe | None) -> tuple[tuple[str, str], ...] | Unknown:
    """The tags that a document names."""
    text = literal(body.text) if isinstance(body, Text | Xml) else None
    if text is None:
        return UNKNOWN
    try:
        top = ElementTree.fromstring(text.strip().removeprefix("\ufeff").encode())  # noqa: S314 - our own recording
    except ElementTree.ParseError:
        return UNKNOWN
    found = [(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in top.iterfind("TagSet/Tag")]
    return _good_tags(found) if top.tag == "Tags" else UNKNOWN


def shown(version: Version) -> frozenset[str]:
    """The headers, in lower case, that reads of this state have and reads of another may not have."""
    out = {name.lower() for name, value in version.properties.items() if value is not ABSENT}
    if version.metadata is not UNKNOWN:
        out |= {f"x-ms-meta-{name.lower()}" for name in version.metadata}
    if version.copied is not None:
        out |= {"x-ms-copy-id", "x-ms-copy-status"}
    return frozenset(out - {"content-type", "content-md5"})
