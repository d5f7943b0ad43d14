"""Block ids of a recording: those that a client makes up anew become numbers, in the order of the list."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from harness.golden.compile.bodies import ENTRY, LIST, unescaped
from harness.recording.flow import Flow, Recording

Block = tuple[str, str]
"""The path on the request line, and the id."""


def templates(recordings: Sequence[Recording]) -> list[Mapping[Block, str]]:
    """For each recording its block ids as templates; ids that are the same in all of them are left out."""
    found = [_numbered(recording.flows) for recording in recordings]
    ids = [frozenset(block_id for _, block_id in one) for one in found]
    constant = frozenset.intersection(*ids) if len(ids) > 1 else frozenset()
    return [
        {
            block: f"{{block:{number}/{length}}}"
            for block, number in one.items()
            if block[1] not in constant and (length := _decoded_length(block[1]))
        }
        for one in found
    ]


def _numbered(flows: Sequence[Flow]) -> Mapping[Block, int]:
    """A number for each block: committed ones as they are listed, then the others as they came."""
    listed = [block for flow in flows for block in _committed(flow)]
    staged = [block for flow in flows for block in _staged(flow)]
    out: dict[Block, int] = {}
    count: dict[str, int] = {}
    for path, block_id in (*listed, *staged):
        if (path, block_id) not in out:
            count[path] = count.get(path, 0) + 1
            out[path, block_id] = count[path]
    return out


def _committed(flow: Flow) -> Iterator[Block]:
    request = flow.exchange.request
    path, _, query = request.target.partition("?")
    if "comp=blocklist" not in query or request.method != "PUT" or not request.body.data:
        return
    match = LIST.fullmatch(request.body.data.decode("utf-8", "replace"))
    for _, block_id in ENTRY.findall(match["entries"]) if match else ():
        yield path, unescaped(block_id)


def _staged(flow: Flow) -> Iterator[Block]:
    path, _, query = flow.exchange.request.target.partition("?")
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "blockid":
            yield path, unquote(value)


def _decoded_length(block_id: str) -> int:
    """Bytes that a block id stands for; 0 for what is no base64."""
    try:
        return len(base64.b64decode(block_id, validate=True))
    except (binascii.Error, ValueError):
        return 0
