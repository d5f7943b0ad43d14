"""The recorded answers of the real service satisfy the wire rules: a rule that rejects them is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.captures import Captured, LeftOut
from harness.cases.operations import MADE_UP
from harness.exchange import Fidelity
from harness.rules.check import RULES, Outcome, outcomes
from harness.rules.identify import identify
from harness.rules.memory import Memory
from harness.vocabulary import Level
from tests.rules.oracle import PATH, entries, recorded

NO_FACT = {
    # the recorders rewrote framing, and dropped the marks
    "http", "empty-length", "no-body", "xml-bom", "list-bom",
    # they decoded content, so that its hash is not that of what was sent
    "content-md5", "content-crc64", "etag-bytes",
    # no request of the kind is whole
    "batch-answers", "mismatch-hashes",
}  # fmt: skip
"""Rules that the recordings cannot speak to: they lack a fact."""

NO_CASE = {"copy-source-details", "documented-error-status", "part-with-hash", "retry-after"}
"""Rules of whose kind there is no exchange among the recordings."""

EXPLAINED: dict[str, tuple[str, int]] = {}
"""Rules of level expected that recordings break, each with the reason why the rule stays, and how often."""

LEFT_OUT = 18
"""Parts of batches, which a recorder wrote down as if they had been sent alone: some have no headers at all,
the others carry the identifiers of the part and not those of the exchange."""

pytestmark = pytest.mark.skipif(
    not PATH.is_file(), reason=f"no recordings in {'/'.join(PATH.parts[-3:])} beside this checkout"
)


def said() -> Iterator[tuple[Captured, Outcome]]:
    """What the rules say of every exchange; each host has a memory of its own."""
    memories: defaultdict[str, Memory] = defaultdict(Memory)
    for captured in recorded():
        for outcome in outcomes(captured.exchange, "", memories[captured.host]):
            yield captured, outcome


def test_no_rule_rejects_the_real_service() -> None:
    broken = [
        (outcome.rule, f"{captured.where}: {outcome.operation}: {outcome.rule.id}: {outcome.broken}")
        for captured, outcome in said()
        if outcome.broken is not None
    ]
    assert [words for rule, words in broken if rule.level is Level.REQUIRED] == []
    counts = Counter(rule.id for rule, _ in broken)
    assert counts == {rule: count for rule, (_, count) in EXPLAINED.items()}, broken[:5]


def test_only_parts_of_batches_are_left_out() -> None:
    assert sum(isinstance(entry, LeftOut) for entry in entries()) == LEFT_OUT
    assert len(entries()) == 4_740


def test_the_recordings_speak_to_the_rules() -> None:
    evaluated: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for _, outcome in said():
        (evaluated if outcome.evaluated else skipped)[outcome.rule.id] += 1
    assert {rule.id for rule in RULES} - evaluated.keys() == NO_FACT | NO_CASE
    assert skipped.keys() >= NO_FACT, "what cannot be evaluated is counted, not forgotten"
    assert skipped.keys() & NO_CASE == set()
    assert sum(evaluated.values()) > 82_000
    assert sum(skipped.values()) < 14_000


def test_every_recorded_operation_is_recognised() -> None:
    requests = [captured.exchange.request for captured in recorded()]
    unknown = [one for one in requests if identify(one.method, one.target, one.headers).operation == MADE_UP]
    assert unknown == []


def test_lengths_that_one_recorder_kept_agree_with_the_rule() -> None:
    """The C++ recorder kept Content-Length and Date, so these two rules can be held against it after all."""
    counts: Counter[tuple[str, bool]] = Counter()
    for captured in recorded():
        if captured.exchange.fidelity is Fidelity.SDK_RECORDING:
            for outcome in outcomes(replace(captured.exchange, fidelity=Fidelity.OWN_WIRE)):
                if outcome.evaluated:
                    counts[outcome.rule.id, outcome.broken is None] += 1
    assert counts["empty-length", False] == counts["date", False] == 0
    assert counts["empty-length", True] > 1_000
