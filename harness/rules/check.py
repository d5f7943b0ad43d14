"""Holding exchanges against the wire rules, and folding the outcomes into findings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.exchange import Exchange
from harness.results.finding import Finding, graded
from harness.rules import (
    across,
    batches,
    contents,
    copies,
    documents,
    errors,
    general,
    hashes,
    headers,
    leases,
    lists,
    ranges,
    validators,
)
from harness.rules.identify import identify
from harness.rules.memory import Memory
from harness.rules.rule import Broken, Fact, Rule, View

_FAMILIES = (
    general,
    errors,
    validators,
    ranges,
    hashes,
    headers,
    leases,
    copies,
    documents,
    lists,
    contents,
    batches,
    across,
)
RULES: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)
"""Every rule, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule says about one exchange."""

    rule: Rule
    operation: str
    broken: Broken | None
    lacking: Fact | None = None  # what the rule needs and this recording did not keep

    @property
    def evaluated(self) -> bool:
        """Whether the rule could be held against the exchange at all."""
        return self.lacking is None


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings over many exchanges, one for each rule, and how often a rule lacked a fact."""

    findings: tuple[Finding, ...]
    not_evaluated: Mapping[str, int]


def outcomes(exchange: Exchange, prefix: str = "", memory: Memory | None = None) -> Iterator[Outcome]:
    """What every rule that applies says about one exchange; nothing when no whole response came.

    `prefix` is what stands in front of the container in the target: "/account" for path style. `memory` is
    that of the exchanges before with the same endpoint; without one, rules over several are not evaluated.
    """
    response, request = exchange.response, exchange.request
    if response is None or exchange.failure is not None:
        return
    who = identify(request.method, request.target, request.headers, prefix)
    view = View(exchange, response, who, memory)
    if memory is not None:
        memory.count += 1
    for rule in RULES:
        if not rule.applies(view):
            continue
        lacking = _lacking(rule, view) if rule.needs else None
        broken = rule.breaks(view) if lacking is None else None
        yield Outcome(rule, view.who.operation, broken, lacking)


def _lacking(rule: Rule, view: View) -> Fact | None:
    return next((fact for fact in Fact if fact in rule.needs and not view.has(fact)), None)


def fold(found: Iterable[tuple[int, Outcome]]) -> Checked:
    """One finding for each rule: the first exchange that broke it, else the first that kept it.

    The numbers are those of the exchanges; `count` is how many exchanges a finding stands for.
    """
    kept: dict[str, list[tuple[int, Outcome]]] = {}
    skipped: Counter[str] = Counter()
    for number, outcome in found:
        if outcome.evaluated:
            kept.setdefault(outcome.rule.id, []).append((number, outcome))
        else:
            skipped[outcome.rule.id] += 1
    order = [rule.id for rule in RULES]
    findings = (_finding(kept[name]) for name in sorted(kept, key=order.index))
    return Checked(tuple(findings), dict(skipped))


def check(exchanges: Sequence[Exchange], prefix: str = "") -> Checked:
    """Every rule over every exchange of one address."""
    memory = Memory()
    return fold(
        (number, outcome)
        for number, exchange in enumerate(exchanges)
        for outcome in outcomes(exchange, prefix, memory)
    )


def _finding(made: list[tuple[int, Outcome]]) -> Finding:
    number, worst = next(((at, one) for at, one in made if one.broken is not None), made[0])
    rule, broken = worst.rule, worst.broken
    times = sum(one.broken is not None for _, one in made)
    more = f" ({times} of {len(made)} exchanges)" if broken is not None and len(made) > 1 else ""
    return Finding(
        about=f"{worst.operation}: {rule.id}",
        level=rule.level,
        verdict=graded(broken is None, rule.level),
        expected=rule.says if broken is None else broken.expected,
        observed="held" if broken is None else broken.observed + more,
        source=rule.source,
        why=rule.says,
        rule=rule.id,
        exchange=number,
        count=len(made),
        broken=times,
    )
