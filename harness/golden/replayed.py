"""What a golden spec that was replayed and broke means for the flow of its client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.golden import trouble as t
from harness.golden.harm import Harm, Severity
from harness.golden.phrases import SPARED, phrase
from harness.golden.reliance import Effect, Fact
from harness.golden.risk import hits, plain_harm, severe, worst_fact
from harness.golden.spec import GoldenSpec
from harness.golden.trouble import Trouble
from harness.vocabulary import Level

_SHOW = frozenset({"Get Blob", "Get Blob Properties"})
"""Reads that show what is stored."""


def replay_harms(
    found: Sequence[Trouble], facts: Sequence[Fact], spec: GoldenSpec | None, *, lenient: bool
) -> Iterator[Harm]:
    """What the broken assertions of one replayed spec mean for its flow.

    `facts` are those about its client; `lenient`: nothing that is required broke.
    """
    told = any(
        (one.status or 0) >= 400 and one.due and min(one.due) < 400 for one in found if not _is_ours(one)
    )
    operations = spec.operations if spec else frozenset(one.operation for one in found)
    names = {step.name for step in spec.steps} if spec else set()
    for one in found:
        mine = [fact for fact in facts if not _is_ours(one) and not fact.flow and hits(fact, one)]
        apt = (fact for fact in mine if fact.suits(operations) and fact.effect is not Effect.NONE)
        fact = worst_fact(apt)
        if fact is None and (lenient or one.level is not Level.REQUIRED):
            continue
        severity = Severity.AT_RISK
        effect, source = (fact.says, fact.source) if fact else ("", ())
        if fact is not None and fact.effect is Effect.CORRUPTS:
            severity = Severity.DATA_LOSS
        elif fact is None and mine:
            effect, source = SPARED, mine[0].source
        elif not lenient:
            severity = _severity(one, operations, told=told)
        yield replace(
            plain_harm(one),
            severity=severity,
            reason=_at_step(one),
            effect=effect,
            source=source,
            step=one.step if one.step in names else None,
            shown=True,
        )


def _severity(one: Trouble, operations: frozenset[str], *, told: bool) -> Severity:
    """A client that was told of a failure loses nothing: it can try again."""
    worst = severe(one)
    if _is_ours(one):
        if {t.BODY, t.STATUS} & set(one.fields) and one.operation in _SHOW:
            return Severity.BREAKS if told else Severity.DATA_LOSS
        # A list of our own may be at fault itself, where the client asks for none.
        return Severity.BREAKS if one.operation in operations else Severity.AT_RISK
    if worst is Severity.DATA_LOSS and not told:
        return worst
    return Severity.LOUD if worst is Severity.LOUD else Severity.BREAKS


def _at_step(one: Trouble) -> str:
    return f"afterwards, {phrase(one)}" if _is_ours(one) else phrase(one)


def _is_ours(one: Trouble) -> bool:
    """Whether it is about a read of our own behind the client's steps, on none of which it depends."""
    return (one.step or "").startswith("then ")
