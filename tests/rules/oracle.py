"""The recorded answers of the real service as exchanges, where the recordings are at hand."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.exchange import Body, Exchange, Fidelity, Framing, Request, Response

PATH = Path(__file__).resolve().parents[3] / "shared" / "oracle" / "azure-exchanges.jsonl.gz"
# The C++ recorder kept hardly any request headers; the Python recorder kept them, but no framing.
_FIDELITY = {"cp": Fidelity.SDK_RECORDING, "py": Fidelity.HAR}
_REPLACED = ("__bodyStream", "<bin>")  # what recorders wrote instead of a body


def exchanges() -> Iterator[tuple[str, Exchange]]:
    """Every recorded exchange with the name of its recording."""
    with gzip.open(PATH, "rt", encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)
            if not _is_part(data):
                yield data["source"], _exchange(data)


def _is_part(data: dict[str, Any]) -> bool:
    """Whether this is a part of a batch: the recorder kept those as exchanges of their own.

    They have the identifiers of a request inside a body, no Date, and some of them no headers at all.
    """
    names = {name.lower() for name, _ in data["response_headers"]}
    return "BlobBatchClientTest" in data["source"] and "date" not in names


def _exchange(data: dict[str, Any]) -> Exchange:
    parts = urlsplit(str(data["uri"]))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    method = str(data["method"])
    return Exchange(
        request=Request(method, target, _headers(data["request_headers"]), _body(data["request_body"])),
        response=Response(
            int(str(data["status"])),
            str(data["reason"]),
            _headers(data["response_headers"]),
            _body(data["response_body"]),
            Framing.LENGTH,
        ),
        fidelity=_FIDELITY[str(data["source"])[:2]],
        scheme=parts.scheme,
        started=0.0,
        elapsed=0.0,
    )


def _headers(pairs: object) -> tuple[tuple[str, str], ...]:
    assert isinstance(pairs, list)
    return tuple((str(name), str(value)) for name, value in pairs)


def _body(said: object) -> Body:
    if said is None:
        return Body(0, "", None)
    text = str(said)
    data = text.encode()
    kept = None if text.startswith(_REPLACED) else data
    return Body(len(data), hashlib.sha256(data).hexdigest(), kept)
