"""A golden spec as a case, so that the judge of cases judges it."""

from __future__ import annotations

from harness.cases.case import Case
from harness.golden.spec import GoldenSpec
from harness.vocabulary import Level


def as_case(spec: GoldenSpec) -> Case:
    """The steps that a replay sends, then our own reads; every operation of the client is under test."""
    sent = spec.sent
    operations = frozenset(step.operation for step in sent)
    return Case(
        id=spec.id,
        title=spec.title,
        operation=(sent or spec.steps)[0].operation,
        level=Level.REQUIRED,
        why=spec.why,
        tests=(),
        source=(),
        provenance=spec.provenance,
        given=spec.given,
        steps=(*(step.step for step in sent), *spec.then),
        file=spec.file,
        also=operations,
    )
