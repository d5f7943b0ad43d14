"""Typed netstrings, the format of mitmproxy's flow files: strict, and bounded in memory.

`5:hello,` is bytes, `5:hello;` text, `2:42#` a number, `4:true!` a truth, `0:~` nothing; `]` closes a list
and `}` a mapping. The type stands behind the value, so a value that is too long to hold must be known by
its place.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from harness.wire.body import KEEP, BodyRecorder

_DIGITS = 12  # of a length: no file is longer
_DEPTH = 50
_PIECE = 1 << 20


class NotTnetstringError(Exception):
    """The bytes are none. The message says why."""


class TruncatedError(NotTnetstringError):
    """The file ends inside a value."""


def flow(stream: BinaryIO) -> dict[str, Any] | None:
    """The next mapping of a flow file, None at its end. Raises NotTnetstringError.

    A body that is too long to keep is a `harness.exchange.Body`; anything else that long is left out.
    """
    first = stream.read(1)
    if not first:
        return None
    length = _length(stream, first)
    found = _whole(stream, length) if length <= KEEP else _long_mapping(stream, length, ())
    if not isinstance(found, dict):
        raise NotTnetstringError("a flow is no mapping")
    return found


def _length(stream: BinaryIO, said: bytes = b"") -> int:
    while not said.endswith(b":"):
        one = stream.read(1)
        if not one:
            raise TruncatedError("it ends in a length")
        said += one
        if len(said) > _DIGITS + 1:
            break
    return _number(said)


def _number(said: bytes) -> int:
    digits = said[:-1]
    if not said.endswith(b":") or not digits.isdigit() or (digits != b"0" and digits.startswith(b"0")):
        raise NotTnetstringError("a length is missing")
    return int(digits)


def _whole(stream: BinaryIO, length: int) -> Any:
    data = stream.read(length + 1)
    if len(data) <= length:
        raise TruncatedError("it ends in a value")
    return _value(data[length:], data[:length], 0)


def _long(stream: BinaryIO, length: int, path: tuple[str, ...]) -> Any:
    """A value of more than KEEP bytes inside a flow: a message, or a body in that."""
    if path in (("request",), ("response",)):
        return _long_mapping(stream, length, path)
    recorder = BodyRecorder(KEEP)
    while length:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            raise TruncatedError("it ends in a value")
        recorder.add(piece)
        length -= len(piece)
    kind = stream.read(1)
    if not kind:
        raise TruncatedError("it ends in a value")
    return recorder.finish() if path[-1] == "content" and kind == b"," else None


def _long_mapping(stream: BinaryIO, length: int, path: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    end = stream.tell() + length
    while stream.tell() < end:
        key = _key(_whole(stream, min(_length(stream), KEEP)))
        size = _length(stream)
        if stream.tell() + size >= end:
            raise NotTnetstringError("a value is longer than what holds it")
        inner = (*path, key)
        made[key] = _whole(stream, size) if size <= KEEP else _long(stream, size, inner)
    kind = stream.read(1)
    if not kind:
        raise TruncatedError("it ends in a value")
    if kind != b"}" or stream.tell() != end + 1:
        raise NotTnetstringError("a mapping does not end where it should")
    return made


def _value(kind: bytes, data: bytes, depth: int) -> Any:
    """A value that is in memory as a whole."""
    if depth > _DEPTH:
        raise NotTnetstringError("values are nested too deeply")
    try:
        match kind:
            case b",":
                return data
            case b";":
                return data.decode()
            case b"#":
                return int(data)
            case b"^":
                return float(data)
            case b"!" if data in (b"true", b"false"):
                return data == b"true"
            case b"~" if not data:
                return None
    except ValueError:  # its words hold the value, and so perhaps a secret
        raise NotTnetstringError(f"a value of type {kind!r} is none") from None
    if kind == b"]":
        return _items(data, depth)
    if kind == b"}":
        items = _items(data, depth)
        if len(items) % 2:
            raise NotTnetstringError("a mapping has a key without a value")
        return {_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    raise NotTnetstringError(f"there is no type {kind!r}")


def _key(value: object) -> str:
    """Old versions wrote keys as bytes."""
    if isinstance(value, bytes) and value.isascii():
        return value.decode()
    if not isinstance(value, str):
        raise NotTnetstringError("a key is no text")
    return value


def _items(data: bytes, depth: int) -> list[Any]:
    made, at = [], 0
    while at < len(data):
        colon = data.find(b":", at, at + _DIGITS + 1)
        length = _number(data[at : colon + 1] if colon >= 0 else data[at : at + 1])
        start, end = colon + 1, colon + 1 + length
        if end >= len(data):
            raise NotTnetstringError("a value is longer than what holds it")
        made.append(_value(data[end : end + 1], data[start:end], depth + 1))
        at = end + 1
    return made
