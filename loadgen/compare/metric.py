"""Which metrics can be compared, and which way each is better, known from its name: `PHASE.WHAT_UNIT`."""

from __future__ import annotations

import re

from loadgen.kpi.values import Origin
from loadgen.record.lines import Metric

_HIGHER = re.compile(r"(_per_s|_per_second|utilisation|utilization)$")
_LOWER = re.compile(r"(_s|_ms|_us|_ns|errors|_cost|overhead|straggler_ratio|error_ratio)$")


def unfit(metric: Metric) -> str:
    """Why a run's figure cannot be compared with that of another; "" where it can.

    What was computed from a model, or published, says nothing of this endpoint in this run.
    """
    if metric.kind != Origin.MEASURED:
        return f"{metric.name} is {metric.kind}, not measured"
    if metric.no_verdict:
        return f"{metric.name} decides nothing: {metric.no_verdict}"
    if not metric.whole:
        return f"{metric.name} is not whole{': ' if metric.said else ''}{metric.said}"
    return ""


def lower_is_better(metric: str) -> bool | None:
    """Whether less of it is better; None where the name does not say."""
    if _HIGHER.search(metric):
        return False
    if _LOWER.search(metric):
        return True
    return None
