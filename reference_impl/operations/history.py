"""Which snapshot of a blob a request, or the URL of a copy source, means."""

from __future__ import annotations

from reference_impl.protocol import times
from reference_impl.protocol.errors import BlobError, invalid_query
from reference_impl.protocol.query import Query


def snapshot(query: Query) -> int:
    """The tick of the snapshot that is asked for; 0: the blob itself.

    A text that is no time is 400. There are no versions, so naming one is 404.
    """
    moment = _moment(query, "snapshot")
    if _moment(query, "versionid"):
        raise BlobError("BlobNotFound")
    return moment


def _moment(query: Query, name: str) -> int:
    text = query.get(name)
    if not text:
        return 0
    found = times.parse_ticks(text)
    if found is None:
        error = invalid_query(name, text)
        # Recorded: the newer body, which gives no reason, and no x-ms-version.
        raise BlobError(error.code, elements=error.elements[:2], versioned=False, newer=True)
    return found
