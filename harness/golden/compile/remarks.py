"""Where what was recorded and what the contract says disagree: said in the spec, never copied into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.golden.spec import GoldenStep
from harness.judge.xml import error_code
from harness.recording.flow import Flow
from harness.rules.check import outcomes
from harness.rules.memory import Memory
from harness.vocabulary import Level


def remarks(steps: Sequence[GoldenStep], flows: Sequence[Flow], prefix: str) -> tuple[str, ...]:
    """A sentence for each disagreement. `flows` are those of the steps, in their order."""
    said = [line for step, flow in zip(steps, flows, strict=True) for line in _answer(step, flow)]
    return (*said, *_rules(steps, flows, prefix))


def _answer(step: GoldenStep, flow: Flow) -> Iterator[str]:
    response = flow.exchange.response
    if response is None or step.injected is not None:
        return
    expect = step.step.expect
    if expect.status is not None and response.status not in expect.status.value:
        due = " or ".join(map(str, expect.status.value))
        code = error_code(response)
        recorded = f"{response.status} {code}" if code else str(response.status)
        yield f"{step.name}: recorded {recorded}, the contract says {due}"
    elif expect.error is not None and error_code(response) not in expect.error.value:
        due = " or ".join(expect.error.value)
        yield f"{step.name}: recorded {error_code(response) or 'no code'}, the contract says {due}"


def _rules(steps: Sequence[GoldenStep], flows: Sequence[Flow], prefix: str) -> Iterator[str]:
    """The wire rules over the recording, in the order in which the answers came."""
    memory = Memory()
    places = sorted(range(len(flows)), key=lambda at: flows[at].exchange.started + flows[at].exchange.elapsed)
    broken: dict[int, list[str]] = {}
    for at in places:
        if flows[at].injected is not None:
            continue
        for outcome in outcomes(flows[at].exchange, prefix, memory):
            if outcome.broken is not None and outcome.rule.level is not Level.OBSERVED:
                broken.setdefault(at, []).append(outcome.rule.id)  # values would differ in each recording
    for at in sorted(broken):
        rules = ", ".join(sorted(broken[at]))
        yield f"{steps[at].name}: the recorded answer breaks the wire rules {rules}"
