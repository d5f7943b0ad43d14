"""What the work needs to know of a List Blobs answer: where to go on."""

from __future__ import annotations

from html import unescape


def next_marker(document: bytes) -> str:
    """The continuation marker; "" on the last page. Raises `ValueError` when the answer is cut off."""
    _, found, rest = document.rpartition(b"<NextMarker")
    if not found:
        if b"</EnumerationResults>" not in document:
            raise ValueError("no whole answer of List Blobs")
        return ""
    if rest.lstrip().startswith(b"/>"):
        return ""
    text, end, _ = rest.partition(b">")[2].partition(b"</NextMarker>")
    if not end:
        raise ValueError("no whole answer of List Blobs")
    return unescape(text.decode())
