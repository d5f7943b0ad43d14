"""Steps in, expectations out: what each answer must be like, what to save, what is left at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.cases.case import Expect, Recipe, Save, Step
from harness.golden.contract.finals import finals
from harness.golden.contract.names import Names
from harness.golden.contract.order import ancestors
from harness.golden.contract.request import rounds
from harness.golden.contract.simulate import Play, Played
from harness.golden.spec import GoldenStep


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the contract says of a sequence of steps."""

    expects: tuple[Expect, ...]  # one for each step
    saves: Mapping[int, tuple[Save, ...]]  # what a step must save beside its own, by its number
    given_saves: Mapping[int, tuple[Save, ...]]
    then: tuple[Step, ...]  # reads of the final state
    unknown: tuple[str, ...]  # a sentence for each thing that could not be predicted


def predict(given: Sequence[Step], steps: Sequence[GoldenStep], payloads: Mapping[str, Recipe]) -> Predicted:
    """What a service must answer. `steps` respect their own `after`. Raises TemplateError."""
    labels = (*(f"given-{number + 1}" for number in range(len(given))), *(step.name for step in steps))
    wire = (*given, *(step.step for step in steps))
    reached = [step.stop_after is None for step in given]
    reached += [
        step.step.stop_after is None and (step.injected is None or step.injected.reached) for step in steps
    ]
    played = tuple(
        Played(
            rounds(number, labels[number], step) if reached[number] else (),
            step.save,
            number >= len(given) and steps[number - len(given)].racy,
        )
        for number, step in enumerate(wire)
    )
    names = Names(
        labels,
        [step.save for step in wire],
        frozenset(number for number, step in enumerate(wire) if step.repeat),
        ancestors(len(given), steps),
    )
    answers, world = Play(played, names, payloads).answers()
    last = finals(world, played[len(given) :], names, payloads)
    expects = tuple(answer.expect for answer in answers[len(given) :])
    used = names.used((expects, last.steps))
    unknown = [
        f"{labels[number]}: {why}"
        for number, answer in enumerate(answers)
        if number >= len(given)
        for why in answer.unknown
    ]
    return Predicted(
        expects,
        {number - len(given): saves for number, saves in used.items() if number >= len(given)},
        {number: saves for number, saves in used.items() if number < len(given)},
        last.steps,
        (*unknown, *last.unknown),
    )
