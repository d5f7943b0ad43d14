"""Whether what broke in a case or wire rule concerns a client: by operation shape, field and table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.golden import trouble as t
from harness.golden.features import GUARDS, Shape, shapes
from harness.golden.harm import Harm, Severity
from harness.golden.phrases import phrase
from harness.golden.reliance import ANY, Binding, Effect, Fact, bindings
from harness.golden.spec import GoldenSpec
from harness.golden.trouble import Trouble
from harness.rules.table import WRITES
from harness.vocabulary import Level

EVERYBODYS = frozenset({t.STATUS, t.BODY, t.ANSWER, t.PARTS, "body as XML"})
"""Fields that no client can do without."""

_SIGNING = "authentication"
"""The folder of cases that are about signing."""

_READS = frozenset({"Get Blob", "Get Blob Properties", "List Blobs", "Get Block List"})
_ORDER = list(Effect)


@dataclass(frozen=True, slots=True)
class Use:
    """One request of a flow: its shape, and the statuses that are due for it."""

    shape: Shape
    due: frozenset[int]

    @property
    def succeeds(self) -> bool:
        """Whether the client wants it done."""
        return not self.due or min(self.due) < 300


@dataclass(frozen=True, slots=True)
class Uses:
    """What one golden spec asks of an endpoint."""

    spec: GoldenSpec
    uses: frozenset[Use]
    bound: Mapping[tuple[str, str], Binding]

    @property
    def operations(self) -> frozenset[str]:
        """Its operations."""
        return self.spec.operations


def uses(spec: GoldenSpec) -> Uses:
    """What a spec asks of an endpoint; what the recorder answered itself is not among it."""
    return Uses(
        spec,
        frozenset(
            Use(shape, frozenset(golden.step.expect.status.value if golden.step.expect.status else ()))
            for golden, shape in shapes(spec)
            if golden.injected is None
        ),
        {(one.operation, one.field): one for one in bindings(spec)},
    )


def hits(fact: Fact, one: Trouble) -> bool:
    """Whether what broke is what the fact is about."""
    about = [name for name in one.fields if fact.about(one.asked.operation, name)]
    if not about or fact.wrong not in ("any", one.wrong):
        return False
    if one.indirect and (EVERYBODYS.issuperset(about) or _refusal(one.wanted)):
        return False  # a read that shows what a write did wrong is not itself to blame
    if t.STATUS in one.fields:
        known = not fact.status or one.status in fact.status
        # An error in the place of another one is no news to the client; a success is, if the fact says so.
        fits = known and (not _refusal(one.due) or (bool(fact.status) and (one.status or 500) < 300))
    elif _refusal(one.due):
        fits = ANY in fact.operations or bool(fact.status & set(one.due))
    else:
        fits = not fact.status
    return fits and fact.features <= one.asked.features | {one.asked.auth}


def _refusal(statuses: Collection[int]) -> bool:
    """Whether these statuses were due and none of them is a success."""
    return bool(statuses) and min(statuses) >= 300


def worst_fact(facts: Iterable[Fact]) -> Fact | None:
    """The fact with the worst effect."""
    return min(facts, key=lambda fact: _ORDER.index(fact.effect), default=None)


def severe(one: Trouble) -> Severity:
    """How bad it is for whoever depends on it, as far as the answer itself tells."""
    refusal = bool(one.wanted) and min(one.wanted) >= 400
    if refusal and one.shape.features & GUARDS and (one.indirect or (one.status or 0) in range(200, 300)):
        return Severity.DATA_LOSS  # what was to be refused was done
    good = bool(one.due) and min(one.due) < 300
    if t.BODY in one.fields and one.asked.operation == "Get Blob" and good:
        return Severity.DATA_LOSS  # other bytes than were written
    if one.indirect and one.operation in WRITES and one.asked.operation in _READS:
        if t.STATUS in one.fields and good and one.status == 404:
            return Severity.DATA_LOSS  # what was acknowledged is not there
    elif one.due and min(one.due) >= 400 and (one.status is None or one.status >= 400):
        return Severity.LOUD
    return Severity.AT_RISK


def fact_harm(fact: Fact, one: Trouble) -> Harm:
    """What a fact makes of something that broke."""
    return Harm(
        severity=Severity.DATA_LOSS if fact.effect is Effect.CORRUPTS else Severity.AT_RISK,
        reason=phrase(one),
        evidence=(one.record,),
        effect=fact.says,
        source=fact.source,
        known=one.known,
        distance=one.distance,
    )


def plain_harm(one: Trouble) -> Harm:
    """What something that broke means where nobody has measured what the client does then."""
    return Harm(severe(one), phrase(one), (one.record,), known=one.known, distance=one.distance)


def risk(of: Uses, one: Trouble, facts: Sequence[Fact], *, named: bool) -> Harm | None:
    """What something that broke means for a spec; None when it does not concern it.

    `facts` are those about its client and what broke; `named`: the broken requirement names the client.
    """
    mine = [fact for fact in facts if _meant(fact, of, one)]
    fact = worst_fact(fact for fact in mine if fact.effect is not Effect.NONE)
    if fact is not None:
        return fact_harm(fact, one)
    if one.level is not Level.REQUIRED or not any(_touched(use, one) for use in of.uses):
        return None
    harm = plain_harm(one)
    if set(one.fields) <= EVERYBODYS:
        return harm
    binding = next(
        (of.bound[key] for name in one.fields if (key := (one.asked.operation, name)) in of.bound), None
    )
    if binding is not None:
        return replace(harm, effect=f"the client sends it back in {binding.place}", source=("recorded",))
    return harm if named and not one.indirect and not mine else None


def _touched(use: Use, one: Trouble) -> bool:
    """Whether a request of the client does what the case did."""
    if not use.shape.covers(one.shape) or not _signed_so(use, one):
        return False
    if _refusal(one.wanted):
        guarded = bool(one.shape.features & GUARDS)
        return guarded or bool(use.due & set(one.wanted))
    return use.succeeds


def _signed_so(use: Use, one: Trouble) -> bool:
    """Whether the client signs as the case does, where signing is what the case is about."""
    about_signing = one.record.partition("/")[0] == _SIGNING
    return not about_signing or not use.shape.auth or use.shape.auth == one.shape.auth


def _meant(fact: Fact, of: Uses, one: Trouble) -> bool:
    """Whether the spec makes such a request, beside what the fact asks for."""
    if not fact.suits(of.operations):
        return False
    for use in of.uses:
        if (
            not _signed_so(use, one)
            or not use.shape.covers(one.asked)
            or not fact.features <= use.shape.features | {use.shape.auth}
        ):
            continue
        if _refusal(one.due) != use.succeeds or use.due & set(one.due):
            return True
    return False
