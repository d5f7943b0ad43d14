"""Writing compare.jsonl: the header first, each block as soon as it is whole, the verdict, the footer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loadgen.compare.conclude import Conclusion
from loadgen.compare.estimate import Estimate
from loadgen.compare.judge import Judgement
from loadgen.compare.metric import lower_is_better
from loadgen.compare.noise import Noise
from loadgen.compare.secondary import Secondary
from loadgen.compare.values import FILE, Block, CheckSeen, Rules, Stage
from loadgen.record.write import utc_now

SCHEMA = 1
Line = dict[str, Any]


def header_line(
    *,
    tool: str,
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    profile: str,
    title: str,
    scale: float,
    ranks: int,
    rules: Rules,
    schedule: Sequence[Mapping[str, Any]],
    measured_on: Mapping[str, Any],
    plan: Mapping[str, Any],
    held_back: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Line:
    """The header. `a`, `b`: name, scheme and the like of the endpoints, substrate, provenance, durability."""
    return {
        "line": "header",
        "schema": SCHEMA,
        "tool": tool,
        "started": utc_now(),
        "a": dict(a),
        "b": dict(b),
        "profile": profile,
        "title": title,
        "scale": scale,
        "ranks": ranks,
        "rules": dataclasses.asdict(rules),
        "schedule": [dict(one) for one in schedule],
        "measured_on": dict(measured_on),
        "plan": dict(plan),
        "held_back": list(held_back),
        "doubts": list(doubts),
    }


def block_line(block: Block, primary: str) -> Line:
    """A block, whole: every run of it, failed or not."""
    return {
        "line": "block",
        "stage": block.stage.value,
        "number": block.number,
        "order": block.order,
        "seed": block.seed,
        "failed": block.failed,
        "counts": block.stage is not Stage.WARM_UP and not block.failed,
        "a": block.value(primary, "A"),
        "b": block.value(primary, "B"),
        "log_ratio": block.log_ratio(primary),
        "runs": [
            {
                "arm": turn.arm,
                "values": dict(turn.result.values),
                "ops": turn.result.ops,
                "errors": turn.result.errors,
                "seconds": turn.result.seconds,
                "checks": [check_line(one) for one in turn.result.checks],
                "folder": turn.result.folder,
                "failure": turn.result.failure,
                "facts": dict(turn.result.facts),
            }
            for turn in block.turns
        ],
    }


def check_line(check: CheckSeen) -> Line:
    """A validity check."""
    return {"line": "check", "name": check.name, "state": check.state, "said": check.said}


def aa_line(noise: Noise | None) -> Line:
    """What A against itself says; `blocks` 0 where it was not asked."""
    if noise is None:
        return {"line": "aa", "blocks": 0, "floor": None, "p": None, "false": None, "estimate": None}
    low, high = noise.false.interval
    return {
        "line": "aa",
        "blocks": noise.blocks,
        "floor": noise.floor,
        "p": noise.p,
        "false": {"count": noise.false.count, "of": noise.false.of, "low": low, "high": high},
        "estimate": estimate_facts(noise.itself),
    }


def estimate_facts(found: Estimate) -> Line:
    """An estimate, as log-ratios of B to A."""
    return dataclasses.asdict(found)


def primary_line(found: Judgement, rules: Rules) -> Line:
    """The primary metric and the verdict."""
    return {
        "line": "result",
        "role": "primary",
        "metric": rules.primary,
        "lower_is_better": rules.lower_is_better,
        "verdict": found.verdict.value,
        "meets_gate": found.passes(rules),
        "estimate": estimate_facts(found.estimate) if found.estimate else None,
        "p": found.p_differs,
        "p_better": found.p_better,
        "p_worse": found.p_worse,
        "p_equivalent": found.p_equivalent,
        "margin": found.margin,
        "widened": found.widened,
        "within": found.within if found.estimate else None,
        "more_blocks": found.more_blocks,
        "reasons": list(found.reasons),
        "warnings": list(found.warnings),
    }


def secondary_line(one: Secondary, correction: str) -> Line:
    """A secondary metric: no verdict, and never a gate."""
    return {
        "line": "result",
        "role": "secondary",
        "metric": one.metric,
        "lower_is_better": lower_is_better(one.metric),
        "estimate": estimate_facts(one.estimate),
        "p": one.p,
        "p_adjusted": one.adjusted,
        "correction": correction,
        "shown": one.shown,
    }


class CompareWriter:
    """The only writer of a comparison. A file that was not closed is that of one that was cut off.

    Raises `FileExistsError` when the folder has a comparison already.
    """

    def __init__(self, folder: Path, header: Line) -> None:
        self.path = folder / FILE
        self._file = self.path.open("x", encoding="utf-8", errors="backslashreplace", newline="\n")
        self.add(header)

    def add(self, *lines: Line) -> None:
        """More lines; they are in the file when this returns."""
        for line in lines:
            self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def conclude(self, found: Conclusion, rules: Rules) -> None:
        """Everything that follows from the blocks."""
        self.add(
            aa_line(found.judgement.noise),
            *(check_line(one) for one in found.checks),
            primary_line(found.judgement, rules),
            *(secondary_line(one, rules.correction) for one in found.secondary),
        )

    def close(self, *, complete: bool, why: str = "") -> None:
        """The end. `why` says what is missing when the comparison is not complete."""
        if not self._file.closed:
            self.add({"line": "footer", "complete": complete, "why": why, "ended": utc_now()})
            self._file.close()
