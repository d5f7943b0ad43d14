"""Metadata headers: names that are identifiers, duplicates, and the size limit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reference_impl.protocol.errors import BlobError

PREFIX = "x-ms-meta-"
LIMIT = 8 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def collect(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The metadata of a request, in order, names in the case they were sent.

    Raises 400 EmptyMetadataKey, InvalidMetadata (bad characters, the same name twice) or MetadataTooLarge.
    """
    found: dict[str, tuple[str, str]] = {}
    size = 0
    for header, value in headers:
        if header[: len(PREFIX)].lower() != PREFIX:
            continue
        name = header[len(PREFIX) :]
        if not name:
            raise BlobError("EmptyMetadataKey")
        if not _NAME.fullmatch(name) or not _printable(value) or name.lower() in found:
            raise BlobError("InvalidMetadata")
        found[name.lower()] = (name, value)
        size += len(name) + len(value)
    if size > LIMIT:
        raise BlobError("MetadataTooLarge")
    return tuple(found.values())


def _printable(value: str) -> bool:
    return all(character >= " " or character == "\t" for character in value)
