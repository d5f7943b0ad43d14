"""Signatures that the official SDKs made, where the reference notes are at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from harness.signing.sas import Sas

_HERE = Path(__file__).resolve().parents[2]
_FOLDER = Path(os.environ.get("BLOBPROOF_REFERENCE", _HERE.parent / "shared" / "reference"))


def lines(name: str) -> list[dict[str, Any]]:
    """The vectors of a file; none when it is not there."""
    return [line for line in _all(name) if "skipped" not in line]


def skipped(name: str) -> list[dict[str, Any]]:
    """The lines that say what an old SDK could not make."""
    return [line for line in _all(name) if "skipped" in line]


def _all(name: str) -> list[dict[str, Any]]:
    path = _FOLDER / name
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def vectors(name: str) -> list[Any]:
    """The vectors of a file as pytest parameters; one skipped parameter when it is not there."""
    return [pytest.param(line, id=_id(line, n)) for n, line in enumerate(lines(name))] or [_absent(name, {})]


def altered(name: str, ways: Callable[[dict[str, Any]], Iterator[tuple[str, dict[str, Any]]]]) -> list[Any]:
    """Each vector with each of its alterations, as pytest parameters."""
    found = [
        pytest.param(line, other, id=f"{_id(line, n)}-{way}")
        for n, line in enumerate(lines(name))
        for way, other in ways(line)
    ]
    return found or [_absent(name, {}, {})]


def _id(line: dict[str, Any], number: int) -> str:
    return f"{line['name']}-{line.get('sv', line['sdk'])}-{number}"


def _absent(name: str, *values: object) -> Any:
    reason = f"{name} is not at {_FOLDER}; BLOBPROOF_REFERENCE may say where it is"
    return pytest.param(*values, marks=pytest.mark.skip(reason=reason), id=name)


def sas_of(vector: dict[str, Any]) -> Sas:
    """The SAS of a vector before it was signed."""
    fields = dict(parse_qsl(vector["token"], keep_blank_values=True))
    del fields["sig"]
    args = vector["args"]
    signed = {"account": vector["account"]}
    if "container_name" in args:
        blob = f"/{args['blob_name']}" if "blob_name" in args else ""
        signed["resource"] = f"/blob/{vector['account']}/{args['container_name']}{blob}"
    if snapshot := args.get("snapshot") or args.get("version_id"):
        signed["snapshot"] = snapshot
    return Sas(fields, signed, args.get("request_headers", {}), args.get("request_query_params", {}))
