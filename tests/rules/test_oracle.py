"""The recorded answers of the real service satisfy the wire rules: a rule that rejects them is wrong."""

from __future__ import annotations

import functools
import gzip
from collections import Counter
from dataclasses import replace

import pytest

from harness.cases.operations import MADE_UP
from harness.exchange import Exchange, Fidelity
from harness.rules.check import RULES, outcomes
from harness.rules.identify import identify
from harness.vocabulary import Level
from tests.rules.oracle import PATH, exchanges

BEYOND = {"http", "empty-length", "no-body", "xml-bom", "list-bom", "content-md5"}
"""Rules that the recordings cannot speak to: their recorders rewrote framing and dropped the marks."""

EXPLAINED: dict[str, tuple[str, int]] = {}
"""Rules of level expected that recordings break, each with the reason why the rule stays, and how often."""

pytestmark = pytest.mark.skipif(
    not PATH.is_file(), reason=f"no recordings in {'/'.join(PATH.parts[-3:])} beside this checkout"
)


LEFT_OUT = 18
"""Parts of batches, which a recorder wrote down as if they had been sent alone: some have no headers at all,
the others carry the identifiers of the part and not those of the exchange."""


@functools.cache
def recorded() -> tuple[tuple[str, Exchange], ...]:
    """Every exchange, read once."""
    return tuple(exchanges())


def test_no_rule_rejects_the_real_service() -> None:
    broken = [
        (outcome.rule, f"{source}: {outcome.operation}: {outcome.rule.id}: {outcome.broken}")
        for source, exchange in recorded()
        for outcome in outcomes(exchange)
        if outcome.broken is not None
    ]
    assert [said for rule, said in broken if rule.level is Level.REQUIRED] == []
    counts = Counter(rule.id for rule, _ in broken)
    assert counts == {rule: count for rule, (_, count) in EXPLAINED.items()}, broken[:5]


def test_only_parts_of_batches_are_left_out() -> None:
    with gzip.open(PATH, "rt", encoding="utf-8") as lines:
        assert sum(1 for _ in lines) - len(recorded()) == LEFT_OUT


def test_the_recordings_speak_to_the_rules() -> None:
    evaluated: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for _, exchange in recorded():
        for outcome in outcomes(exchange):
            (evaluated if outcome.evaluated else skipped)[outcome.rule.id] += 1
    assert {rule.id for rule in RULES} - evaluated.keys() == BEYOND
    assert skipped.keys() >= BEYOND, "what cannot be evaluated is counted, not forgotten"
    assert len(recorded()) > 4_700
    assert sum(evaluated.values()) > 35_000
    assert sum(skipped.values()) < 15_000


def test_every_recorded_operation_is_recognised() -> None:
    unknown = [
        f"{exchange.request.method} {exchange.request.target}"
        for _, exchange in recorded()
        if identify(exchange.request.method, exchange.request.target, exchange.request.headers).operation
        == MADE_UP
    ]
    assert unknown == []


def test_lengths_that_one_recorder_kept_agree_with_the_rule() -> None:
    """The C++ recorder kept Content-Length and Date, so these two rules can be held against it after all."""
    counts: Counter[tuple[str, bool]] = Counter()
    for _, exchange in recorded():
        if exchange.fidelity is Fidelity.SDK_RECORDING:
            for outcome in outcomes(replace(exchange, fidelity=Fidelity.OWN_WIRE)):
                counts[outcome.rule.id, outcome.broken is None] += 1
    assert counts["empty-length", False] == counts["date", False] == 0
    assert counts["empty-length", True] > 1_000
