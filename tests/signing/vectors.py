"""Signatures that the official SDKs made, where the reference notes are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from harness.signing.sas import Sas

_HERE = Path(__file__).resolve().parents[2]
_FOLDER = Path(os.environ.get("BLOBPROOF_REFERENCE", _HERE.parent / "shared" / "reference"))


def vectors(name: str) -> list[Any]:
    """The lines of a vector file as pytest parameters; one skipped parameter when it is not there."""
    path = _FOLDER / name
    if not path.is_file():
        reason = f"{name} is not at {_FOLDER}; BLOBPROOF_REFERENCE may say where it is"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id=name)]
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    lines = [line for line in found if "skipped" not in line]  # what an old SDK could not make
    return [
        pytest.param(line, id=f"{line['name']}-{line.get('sv', line['sdk'])}-{n}")
        for n, line in enumerate(lines)
    ]


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
