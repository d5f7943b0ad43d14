"""What a golden spec that was replayed and broke means for the flow of its client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.golden import trouble as t
from harness.golden.harm import Harm, Severity
from harness.golden.phrases import phrase
from harness.golden.reliance import Effect, Fact
from harness.golden.risk import hits, plain_harm, severe, worst_fact
from harness.golden.spec import GoldenSpec
from harness.golden.trouble import Trouble
from harness.vocabulary import Level


def replay_harms(
    found: Sequence[Trouble], facts: Sequence[Fact], spec: GoldenSpec | None, *, lenient: bool
) -> Iterator[Harm]:
    """What the broken assertions of one replayed spec mean for its flow.

    `facts` are those about its client; `lenient`: nothing that is required broke.
    """
    told = any(
        (one.status or 0) >= 400 and one.due and min(one.due) < 400 for one in found if not _is_ours(one)
    )
    names = {step.name: step.operation for step in spec.steps} if spec else {}
    for one in found:
        mine = [fact for fact in facts if not _is_ours(one) and not fact.flow and hits(fact, one)]
        fact = worst_fact(fact for fact in mine if fact.effect is not Effect.NONE)
        if fact is None and (lenient or one.level is not Level.REQUIRED):
            continue
        severity = Severity.AT_RISK if lenient else Severity.BREAKS
        effect, source = (fact.says, fact.source) if fact else ("", ())
        if fact is not None and fact.effect is Effect.CORRUPTS:
            severity = Severity.DATA_LOSS
        elif fact is None and mine:
            severity, effect, source = Severity.AT_RISK, "the client goes on without it", mine[0].source
        elif not lenient:
            severity = _replayed_severity(one, told=told)
        step = one.step if one.step in names or spec is None else None
        yield replace(
            plain_harm(one),
            severity=severity,
            reason=_at_step(one),
            effect=effect,
            source=source,
            step=step,
            shown=True,
        )


def _replayed_severity(one: Trouble, *, told: bool) -> Severity:
    """A client that was told of a failure loses nothing: it can try again."""
    worst = severe(one)
    stored = _is_ours(one) and {t.BODY, t.STATUS} & set(one.fields)
    if (worst is Severity.DATA_LOSS or stored) and not told:
        return Severity.DATA_LOSS
    return Severity.LOUD if worst is Severity.LOUD else Severity.BREAKS


def _at_step(one: Trouble) -> str:
    return f"afterwards, {phrase(one)}" if _is_ours(one) else phrase(one)


def _is_ours(one: Trouble) -> bool:
    """Whether it is about a read of our own behind the client's steps, on none of which it depends."""
    return (one.step or "").startswith("then ")
