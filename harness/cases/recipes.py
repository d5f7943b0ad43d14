"""Bodies from recipes: bytes, digests and lengths. Pure; the same recipe always gives the same bytes."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from awscrt import checksums

from harness.cases.case import (
    Batch,
    BatchPart,
    BlockListXml,
    Hex,
    Join,
    Random,
    Recipe,
    Slice,
    Text,
    Xml,
    Zeros,
)
from harness.cases.template import Scope, render, render_each

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'
_BLOCK = hashlib.sha256().digest_size

SubRequest = Callable[[BatchPart, Scope], bytes]
"""Makes the bytes of one signed sub-request of a batch."""


class UnsignedBatchError(Exception):
    """A batch body was asked for where nothing can sign its sub-requests."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Body bytes, and the Content-Type that the body itself demands (batches)."""

    data: bytes
    content_type: str | None = None


def render_body(recipe: Recipe, scope: Scope, sub_request: SubRequest | None = None) -> Rendered:
    """The bytes of a request body. `sub_request` is needed for batches only."""
    if isinstance(recipe, Batch):
        return _batch(recipe, scope, sub_request)
    return Rendered(content(recipe, scope))


def content(recipe: Recipe, scope: Scope) -> bytes:
    """The bytes of any recipe but a batch."""
    match recipe:
        case Text(text):
            return render(text, scope).encode()
        case Hex(data):
            return data
        case Random(size, seed):
            return random_bytes(seed, 0, size)
        case Zeros(size):
            return bytes(size)
        case Slice(Random(size, seed), first, last):
            return random_bytes(seed, first, min(last + 1, size))
        case Slice(of, first, last):
            return content(of, scope)[first : last + 1]
        case Join(parts):
            return b"".join(content(part, scope) for part in parts)
        case Xml(text):
            return DECLARATION + render(text, scope).encode()
        case BlockListXml():
            return _block_list(recipe, scope)
        case Batch():
            raise UnsignedBatchError("a batch can be sent, not compared")


def size(recipe: Recipe) -> int | None:
    """How many bytes a recipe gives, without making them; None when that depends on names."""
    match recipe:
        case Hex(data):
            return len(data)
        case Random(count, _) | Zeros(count):
            return count
        case Slice(of, first, last):
            whole = size(of)
            return None if whole is None else max(0, min(last + 1, whole) - first)
        case Join(parts):
            sizes = [size(part) for part in parts]
            return None if None in sizes else sum(count for count in sizes if count is not None)
        case _:
            return None


@functools.lru_cache(maxsize=16)
def random_bytes(seed: int, start: int, stop: int) -> bytes:
    """Bytes `start` to `stop` (exclusive) of the pseudo-random stream of a seed.

    Block number i of the stream is SHA-256 over the ASCII text `seed:i`.
    """
    if stop <= start:
        return b""
    first, last = start // _BLOCK, (stop - 1) // _BLOCK
    blocks = b"".join(hashlib.sha256(b"%d:%d" % (seed, index)).digest() for index in range(first, last + 1))
    return blocks[start - first * _BLOCK : stop - first * _BLOCK]


def md5_base64(data: bytes) -> str:
    """Content-MD5 of the bytes."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def crc64_base64(data: bytes) -> str:
    """x-ms-content-crc64 of the bytes: CRC-64/NVME, little-endian, base64."""
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "little")).decode()


def _block_list(recipe: BlockListXml, scope: Scope) -> bytes:
    pieces = [recipe.opening.encode()]
    for entry in recipe.entries:
        single = entry.count == 1
        blocks = (render(entry.block, scope),) if single else render_each(entry.block, scope, entry.count)
        pieces += (
            f"{recipe.between}<{entry.which}>{_escape(block)}</{entry.which}>".encode() for block in blocks
        )
    pieces.append(recipe.closing.encode())
    return b"".join(pieces)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _batch(recipe: Batch, scope: Scope, sub_request: SubRequest | None) -> Rendered:
    if sub_request is None:
        raise UnsignedBatchError("the sub-requests of a batch need signing")
    boundary = f"batch_{scope.seed_guid}" if recipe.boundary is None else render(recipe.boundary, scope)
    out = b""
    repeated = ((part, n) for part in recipe.parts for n in range(part.count))
    for number, (part, n) in enumerate(repeated):
        counted = scope if part.count == 1 else scope.at(scope.now, n)
        mime = "".join(f"{name}: {render(value, counted)}\r\n" for name, value in part.mime or _mime(number))
        out += f"--{boundary}\r\n{mime}\r\n".encode() + sub_request(part, counted) + b"\r\n"
    out += f"--{boundary}--{recipe.closing}".encode()
    return Rendered(out, f"multipart/mixed; boundary={boundary}")


def _mime(number: int) -> tuple[tuple[str, str], ...]:
    """The headers of one of our own parts."""
    return (
        ("Content-Type", "application/http"),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-ID", str(number)),
    )
