"""Makes run folders for the tests of the reports: several endpoints, every verdict, hostile strings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.manifest import SETS
from harness.vocabulary import Level, Verdict, broken

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"\' onmouseover=alert(1) x="',
    "--><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "]]></svg><svg onload=alert(1)>",
    "null\x00 bell\x07 escape\x1b[31m del\x7f c1\x85",
    "lone \ud800 surrogate and byte \udcff",
    "right-to-left \u202eevil\u2066 zero\u200bwidth \ufeff",
    "javascript:alert(1)",
]

DATE = "Sun, 22 Nov 2026 15:30:00 GMT"


def body(data: bytes, text: str | None = None) -> dict[str, Any]:
    """A body as a wire file keeps it."""
    return {
        "length": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "text": text,
        "hex": None if text else data[:256].hex(),
    }


def error_xml(code: str) -> str:
    """The body of an Azure error."""
    return (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>The specified '
        "block list is invalid.\nRequestId:5f0c1c9e-001e-0013-1a2b-000000000000\n"
        "Time:2026-11-22T15:30:00.0000000Z</Message></Error>"
    )


def exchange(
    line: str,
    status: str,
    *,
    step: str = "1",
    sent: bytes = b"",
    headers: Sequence[Sequence[str]] = (),
    answer: str = "",
) -> dict[str, Any]:
    """One exchange of a wire file."""
    return {
        "step": step,
        "request": {
            "line": f"{line} HTTP/1.1",
            "headers": [
                ["Host", "127.0.0.1:10000"],
                ["x-ms-date", DATE],
                ["x-ms-version", "2025-07-05"],
                ["x-ms-client-request-id", "1f2e3d4c-0000-4000-8000-000000000001"],
                ["Content-Length", str(len(sent))],
                ["Authorization", "SharedKey blobproof:REDACTED"],
            ],
            "body": body(sent),
        },
        "response": {
            "line": f"HTTP/1.1 {status}",
            "headers": [
                ["Content-Length", str(len(answer.encode()))],
                ["Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"],
                ["x-ms-request-id", "5f0c1c9e-001e-0013-1a2b-000000000000"],
                ["x-ms-version", "2025-07-05"],
                ["Date", DATE],
                *[list(pair) for pair in headers],
            ],
            "body": body(answer.encode(), answer or None),
            "framing": "length",
        },
        "failure": None,
        "started": 1795102200.1,
        "elapsed": 0.0042,
        "fidelity": "own-wire",
    }


def finding(
    about: str,
    expected: str,
    observed: str,
    *,
    level: Level = Level.REQUIRED,
    verdict: Verdict | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A finding line; its verdict follows from the values unless given."""
    held = expected == observed
    return {
        "step": "2",
        "about": about,
        "level": level.value,
        "verdict": (verdict or (Verdict.PASS if held else broken(level))).value,
        "expected": expected,
        "observed": observed,
        "requirement": None,
        "source": [],
        "why": None,
        "rule": None,
        "exchange": None,
        "count": 1,
        **more,
    }


def case(identity: str, verdict: Verdict = Verdict.PASS, **more: Any) -> dict[str, Any]:
    """A case line."""
    operation = identity.partition("/")[0].replace("-", " ").title()
    return {
        "kind": "case",
        "id": identity,
        "title": identity.partition("/")[2].replace("-", " ").capitalize() or identity,
        "operation": operation,
        "level": "required",
        "why": "A mover that resumes re-commits its list; accepting an unknown ID would commit a hole.",
        "tests": ["put-block-list.known-ids"],
        "source": ["rest/put-block-list"],
        "provenance": {"recorded": "azure 2018-11-09"},
        "verdict": verdict.value,
        "reason": None,
        "findings": [finding("status", "201", "201")],
        "assertions": 7,
        "exchanges": 2,
        "seconds": 0.012,
        "needs": [],
        "wire": f"wires/{identity}.json",
        "reproduce": f"blobproof run reference --case {identity}",
        **more,
    }


def scenario(identity: str, verdict: Verdict = Verdict.PASS, **more: Any) -> dict[str, Any]:
    """A scenario line."""
    line = case(identity, verdict)
    for key in ("operation", "level", "tests", "source", "provenance", "needs"):
        del line[key]
    client = identity.partition("/")[0]
    line |= {"kind": "scenario", "client": client, "client_version": "10.32.2", "gate": client}
    return line | {"logs": f"clients/{identity}/"} | more


def write(
    folder: Path,
    records: Sequence[Mapping[str, Any]],
    *,
    name: str = "reference",
    service_version: str = "2025-07-05",
    selection: Sequence[str] | None = None,
    items: int | None = None,
    footer: bool = True,
    wires: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    **endpoint: Any,
) -> Path:
    """Writes a run folder. A record whose id is in `wires` has a wire file; no footer: it was cut off."""
    folder.mkdir(parents=True)
    wires = wires or {}
    chosen = list(selection or [record["id"] for record in records])
    lines: list[Mapping[str, Any]] = [
        {
            "kind": "header",
            "schema": "blobproof.results/2",
            "run": folder.name,
            "endpoint": {
                "name": name,
                "url": "http://127.0.0.1:10000/blobproof",
                "style": "path",
                "server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
                "declared": "blobproof reference façade 0.1.0",
                **endpoint,
            },
            "blobproof": "0.1.0",
            "service_version": service_version,
            "started": "2026-11-22T15:30:00Z",
            "sets": {
                name: {"sha256": "ab" * 32, "items": items or len(records), "chosen": chosen} for name in SETS
            },
            "selection": chosen,
        }
    ]
    for record in records:
        identity = record["id"]
        if identity in wires:
            path = folder / "wires" / f"{identity}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"id": identity, "exchanges": wires[identity]}))
        lines.append(record)
    if footer:
        counts: dict[str, int] = {}
        for record in records:
            counts[record["verdict"]] = counts.get(record["verdict"], 0) + 1
        ended = "2026-11-22T15:31:40Z"
        lines.append(
            {"kind": "footer", "records": len(records), "counts": counts, "ended": ended, "complete": True}
        )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "results.jsonl").write_text(text if footer else text + '{"kind":"case","id":"put-bl')
    (folder / "run.json").write_text(json.dumps({"policy": "mvp", "endpoint": {"name": name}}))
    return folder
