"""The order of response headers on the wire, and the ones that every response carries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

# Azure's own Server value is kept as a comment, so that nobody takes this server for Azure.
SERVER = "Blobproof-Reference/0.1 (compatible; Windows-Azure-Blob/1.0)"
EDGE_SERVER = "Blobproof-Reference/0.1"

Fields = list[tuple[str, str]]

# What stands before Server, in this order.
LEADING = (
    "Cache-Control",
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-MD5",
    "Content-Range",
    "Last-Modified",
    "Accept-Ranges",
    "ETag",
    "Vary",
)
_RANK = {name: rank for rank, name in enumerate(LEADING)}


def new_request_id() -> str:
    """A request id in the service's shape: a GUID whose last six digits are zero."""
    text = str(uuid.uuid4())
    return text[:30] + "000000"


def new_part_id(request_id: str) -> str:
    """The id of a batch part: the outer id's first three groups, a tail of its own."""
    return request_id[:19] + str(uuid.uuid4())[19:]


def compose(
    fields: Iterable[tuple[str, str]],
    *,
    request_id: str,
    client_request_id: str | None,
    version: str | None,
    date: str,
    edge: bool = False,
) -> Fields:
    """All headers of a response in the service's order.

    `fields` come in any order before Server and in their own order after x-ms-version. `version` None
    leaves x-ms-version out; `edge` gives the short Server value of the service's front end.
    """
    leading: Fields = []
    trailing: Fields = []
    for field in fields:
        (leading if field[0] in _RANK else trailing).append(field)
    leading.sort(key=lambda field: _RANK[field[0]])
    leading.append(("Server", EDGE_SERVER if edge else SERVER))
    leading.append(("x-ms-request-id", request_id))
    if client_request_id is not None:
        leading.append(("x-ms-client-request-id", client_request_id))
    if version is not None:
        leading.append(("x-ms-version", version))
    leading.extend(trailing)
    leading.append(("Date", date))
    return leading


def echoable(client_request_id: str | None, version: str | None) -> str | None:
    """The client request id when it is echoed: from 2019-02-02, up to 1024 visible ASCII characters."""
    if client_request_id is None or (version is not None and version < "2019-02-02"):
        return None
    if len(client_request_id) > 1024 or not all("!" <= c <= "~" for c in client_request_id):
        return None
    return client_request_id


def present(pairs: Sequence[tuple[str, str | None]]) -> Fields:
    """The pairs that have a value: an unset property is never an empty header."""
    return [(name, value) for name, value in pairs if value]
