"""A measurement as JSON values. Schema 1; sizes are bytes, a ratio that is not known is null."""

from __future__ import annotations

import math
from typing import Any

from loadgen.reduce.estimate import Ratio, Ratios
from loadgen.reduce.grain import Grain
from loadgen.reduce.measure import Measured
from loadgen.reduce.verdict import Verdict

SCHEMA = 1


def facts(measured: Measured, judged: Grain, verdict: Verdict | None) -> dict[str, Any]:
    """What `blobproof drr --json` prints."""
    settings, left = measured.settings, measured.left
    return {
        "schema": SCHEMA,
        "path": str(measured.path),
        "partial": measured.partial or None,
        "found": {"files": measured.found.files, "bytes": measured.found.bytes},
        "read": {"files": measured.read.files, "bytes": measured.read.bytes},
        "unreadable": {"count": left.unreadable, "named": left.named},
        "skipped": dict(left.skipped),
        "compressor": f"zstd level {settings.level}, each distinct chunk by itself",
        "confidence": settings.confidence,
        "interval_over": f"stretches of {measured.stretch} bytes" if measured.stretch else "files",
        "judged": judged.name,
        "whole": {grain.name: _ratios(found) for grain, found in measured.whole.items()},
        "types": {
            kind: {
                "files": measured.files[kind],
                **{grain.name: _ratios(one) for grain, one in found.items()},
            }
            for kind, found in measured.types.items()
        },
        "assumed": None if verdict is None else {"ratio": verdict.assumed, "state": verdict.state.value},
        "not_modelled": "similarity reduction",
    }


def _ratios(found: Ratios) -> dict[str, Any]:
    return {
        "bytes": found.bytes,
        "stored_bytes": round(found.stored),
        "sampled": found.share,
        "duplicate": _ratio(found.duplicate),
        "compress": _ratio(found.compress),
        "reduce": _ratio(found.reduce),
    }


def _ratio(found: Ratio) -> dict[str, float | None]:
    return {
        "ratio": found.value if math.isfinite(found.value) else None,
        "low": found.low,
        "high": found.high,
    }
