"""Whether the bytes of a blob are what a client put there in one, in blocks, or by appending. Pure."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from harness.clients.truth import digest
from harness.exchange import Body, Exchange, header
from harness.rules.identify import Identity, identify

_Piece = tuple[int, str]  # length and SHA-256


def accounted(requests: Iterable[Exchange], prefix: str, blob: str, found: bytes) -> bool:
    """Whether requests that could have arrived whole put exactly these bytes there.

    A client may commit less than it was given, or append a piece twice: then that is what it asked for, and
    the endpoint does well to have it so. What is left of a request that broke off accounts for nothing.
    """
    writes = [
        (who, one)
        for one in sorted(requests, key=lambda one: one.started)
        if (who := _identity(one, prefix)).blob == blob and who.method == "PUT" and _whole(one)
    ]
    blocks: dict[str, list[_Piece]] = {}
    for who, one in writes:
        if who.operation == "Put Block":
            blocks.setdefault(_block(who.query.get("blockid", "")), []).append(_piece(one.request.body))
    return any(
        (who.operation == "Put Blob" and _piece(one.request.body) == (len(found), digest(found)))
        or (who.operation == "Put Block List" and _made_of(found, _listed(one.request.body), blocks))
        for who, one in writes
    ) or _appended([one for who, one in writes if who.operation == "Append Block"], found)


def _identity(one: Exchange, prefix: str) -> Identity:
    return identify(one.request.method, one.request.target, one.request.headers, prefix)


def _whole(one: Exchange) -> bool:
    """Whether the whole of its body was sent, and it was not refused."""
    length = header(one.request.headers, "Content-Length")
    if length is not None and length != str(one.request.body.length):
        return False
    return one.response is None or one.response.status < 300


def _piece(body: Body) -> _Piece:
    return body.length, body.sha256


def _block(name: str) -> str:
    """A block id without what encoding it left open."""
    try:
        return binascii.a2b_base64(name).hex()
    except ValueError:
        return name


def _listed(body: Body) -> Sequence[str] | None:
    try:
        root = ElementTree.fromstring(body.data or b"")  # noqa: S314 - expat bounds entities
    except ElementTree.ParseError:
        return None
    return [_block((one.text or "").strip()) for one in root]


def _made_of(found: bytes, names: Sequence[str] | None, blocks: dict[str, list[_Piece]]) -> bool:
    if names is None:
        return False
    at = 0
    for name in names:
        fitting = [length for length, sha in blocks.get(name, ()) if digest(found[at : at + length]) == sha]
        if not fitting:
            return False
        at += fitting[0]
    return at == len(found)


def _appended(requests: Sequence[Exchange], found: bytes) -> bool:
    """Whether the bytes are the pieces in their order; one without an answer may be there or not."""
    ends = {0}  # where what was appended so far may end
    for one in requests:
        length, sha = _piece(one.request.body)
        after = {at + length for at in ends if digest(found[at : at + length]) == sha}
        ends = after if one.response is not None else ends | after
    return bool(requests) and len(found) in ends
