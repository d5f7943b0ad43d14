"""The wire files of a run of ours: what was sent and answered, secrets redacted, long bodies cut."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.captures.captured import Captured, CaptureError, Entries
from harness.exchange import Body, Exchange, Fidelity, Framing, Headers, Request, Response, header

LARGEST = 256 * 1024 * 1024
"""Bytes of a wire file: it holds 400 exchanges at most, and shortens every body."""

_HINT = "Give the folder of a run, its folder wires, or one file in it."


def files(path: Path) -> tuple[Path, ...]:
    """The wire files of a run's folder, of its folder `wires`, or of a part of that."""
    inner = path / "wires"
    found = tuple(sorted((inner if inner.is_dir() else path).rglob("*.json")))
    if not found:
        raise CaptureError(f"{path} holds no wire files", _HINT)
    return found


def entries(path: Path, name: str) -> Entries:
    """The exchanges of one wire file."""
    if path.stat().st_size > LARGEST:
        raise CaptureError(f"{name} is larger than any wire file", _HINT)
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        said = "values are nested too deeply" if isinstance(error, RecursionError) else error
        raise CaptureError(f"{name} is no JSON: {said}", "The run may have been cut off.") from None
    if not isinstance(data, dict) or not isinstance(data.get("exchanges"), list):
        raise CaptureError(f"{name} is no wire file: it has no exchanges", _HINT)
    return _exchanges(data["exchanges"], name)


def _exchanges(found: list[Any], name: str) -> Iterator[Captured]:
    for number, one in enumerate(found, 1):
        where = f"{name}: exchange {number}"
        try:
            exchange = _exchange(one)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CaptureError(f"{where} is none: {type(error).__name__} {error}", _HINT) from None
        yield Captured(exchange, (header(exchange.request.headers, "Host") or "").lower(), where)


def _exchange(data: dict[str, Any]) -> Exchange:
    asked, said = data["request"], data["response"]
    method, target, _ = asked["line"].split(" ", 2)
    return Exchange(
        request=Request(method, target, _headers(asked["headers"]), _body(asked["body"])),
        response=None if said is None else _response(said),
        fidelity=Fidelity(data["fidelity"]),
        scheme=str(data["scheme"]),
        started=float(data["started"]),
        elapsed=float(data["elapsed"]),
        connection=int(data["connection"]),
        failure=data["failure"],
        anomalies=tuple(map(str, data["anomalies"])),
        extra=int(data.get("extra", 0)),  # old runs do not say
    )


def _response(said: dict[str, Any]) -> Response:
    version, status, *reason = said["line"].split(" ", 2)
    return Response(
        int(status),
        "".join(reason),
        _headers(said["headers"]),
        _body(said["body"]),
        Framing(said["framing"]),
        version,
    )


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((str(name), str(value)) for name, value in pairs)


def _body(data: dict[str, Any]) -> Body:
    """The body with its bytes, if the file holds all of them: cut or redacted, they have another digest."""
    length, digest = int(data["length"]), str(data["sha256"])
    shown = bytes.fromhex(data["hex"]) if data["hex"] is not None else (data["text"] or "").encode()
    whole = len(shown) == length and hashlib.sha256(shown).hexdigest() == digest
    return Body(length, digest, shown if whole else None)
