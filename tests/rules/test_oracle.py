"""The recorded answers of the real service satisfy the wire rules: a rule that rejects them is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.rules.check import RULES, outcomes
from tests.rules.oracle import PATH, exchanges

BEYOND = {"http", "empty-length", "no-body", "xml-bom", "list-bom", "content-md5"}
"""Rules that the recordings cannot speak to: their recorders rewrote framing and dropped the marks."""

pytestmark = pytest.mark.skipif(not PATH.is_file(), reason="the recordings are not beside this checkout")


def test_no_rule_rejects_the_real_service() -> None:
    alarms = {
        (outcome.rule.id, source): f"{outcome.rule.level}: {outcome.operation}: {outcome.broken}"
        for source, exchange in exchanges()
        for outcome in outcomes(exchange)
        if outcome.broken is not None
    }
    assert alarms == {}


def test_the_recordings_speak_to_the_rules() -> None:
    evaluated: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for _, exchange in exchanges():
        for outcome in outcomes(exchange):
            (evaluated if outcome.evaluated else skipped)[outcome.rule.id] += 1
    assert {rule.id for rule in RULES} - evaluated.keys() == BEYOND
    assert skipped.keys() >= BEYOND, "what cannot be evaluated is counted, not forgotten"
    assert sum(evaluated.values()) > 20_000
