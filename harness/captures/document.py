"""An inspection as JSON: for machines, and for the folder that `--out` names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.captures.inspection import Inspection, Score
from harness.vocabulary import Level

SCHEMA = "blobproof.inspection/1"
FILE = "inspection.json"


def facts(found: Inspection, level: Level) -> dict[str, Any]:
    """Everything that an inspection says, without a secret."""
    return {
        "schema": SCHEMA,
        "capture": str(found.capture.path),
        "format": found.capture.kind.value,
        "level": level.value,
        "exit_code": found.exit_code(level).value,
        "exchanges": found.exchanges,
        "unanswered": found.unanswered,
        "endpoints": [
            {
                "url": str(address),
                "account": address.account,
                "style": address.style.value,
                "exchanges": count,
            }
            for address, count in found.addresses.most_common()
        ],
        "other_hosts": _counts(found.others),
        "left_out": _counts(found.left_out),
        "operations": _counts(found.operations),
        "operations_without_evidence": list(found.unseen),
        "rules": [_rule(score) for score in found.scores.values()],
    }


def write(folder: Path, found: Inspection, level: Level) -> None:
    """Write the facts, and for each broken rule a wire file with the first exchanges that broke it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / FILE, facts(found, level))
    for score in found.broken(Level.EXPECTED):
        wire = {
            "id": f"wire/{score.rule.id}",
            "left_out": score.broken - len(score.shown),
            "exchanges": [{"step": shown.where, **shown.exchange} for shown in score.shown],
        }
        _write(folder / "wires" / f"{score.rule.id}.json", wire)


def _rule(score: Score) -> dict[str, Any]:
    rule = score.rule
    return {
        "id": rule.id,
        "level": rule.level.value,
        "says": rule.says,
        "source": list(rule.source),
        "tests": list(rule.tests),
        "evaluated": score.evaluated,
        "broken": score.broken,
        "not_evaluated": {fact.value: count for fact, count in score.lacking.items()},
        "first": [
            {
                "where": shown.where,
                "operation": shown.operation,
                "expected": shown.expected,
                "observed": shown.observed,
                "request": shown.exchange["request"]["line"],
                "response": shown.exchange["response"]["line"],
            }
            for shown in score.shown
        ],
    }


def _counts(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _write(path: Path, data: dict[str, Any]) -> None:
    """As a whole or not at all: a reader never finds half a file."""
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(".part")
    half.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    half.replace(path)
