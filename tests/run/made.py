"""Records and results made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.manifest import SETS
from harness.results.finding import Finding
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import Level, Verdict


def finding(found: Verdict, **rest: Any) -> Finding:
    """A finding with this verdict."""
    return Finding("status", Level.REQUIRED, found, "201", "500", step="1", **rest)


def record(name: str, found: Verdict = Verdict.PASS, needs: tuple[str, ...] = ()) -> Record:
    """A case's line."""
    return {
        "kind": "case",
        "id": name,
        "title": "A title",
        "operation": "Put Blob",
        "level": "required",
        "why": "A reason.",
        "tests": ["put-blob.x"],
        "source": ["reference/1.1"],
        "provenance": {"recorded": "azure"},
        "needs": list(needs),
        "verdict": found.value,
        "reason": None if found is Verdict.PASS else f"it is {found}",
        "findings": [],
        "assertions": 1,
        "exchanges": 1,
        "seconds": 0.1,
        "wire": f"wires/{name}.json",
        "reproduce": f"blobproof run x --case {name}",
    }


def header(*selection: str, items: int | None = None) -> Record:
    """The first line of a run that was to bring these ids."""
    return {
        "kind": "header",
        "schema": "blobproof.results/2",
        "run": "20261122-153000-x",
        "endpoint": {"name": "x", "url": "http://h/acct", "style": "path", "server": None, "declared": None},
        "blobproof": "0.1.0",
        "service_version": "2025-07-05",
        "started": "2026-11-22T15:30:00Z",
        "sets": {
            name: {"sha256": "0" * 64, "items": items or len(selection), "chosen": list(selection)}
            for name in SETS
        },
        "selection": list(selection),
    }


def results(
    records: list[Record], selection: list[str] | None = None, *, complete: bool | None = True
) -> Results:
    """A run with these records; `complete` None: without a footer."""
    ids = selection if selection is not None else [one["id"] for one in records]
    footer = None
    if complete is not None:
        footer = {"kind": "footer", "records": len(records), "counts": {}, "ended": "…", "complete": complete}
    return Results(Path("run"), header(*ids), tuple(records), footer)
