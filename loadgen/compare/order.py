"""The order of an experiment: which block comes when, and which arm first. Drawn from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from loadgen.compare.values import Rules, Stage

_TURNED = str.maketrans("AB", "BA")


@dataclass(frozen=True, slots=True)
class Slot:
    """A block that is to come."""

    stage: Stage
    number: int  # of its stage, from 1
    order: str  # "ABBA" or "BAAB"
    seed: int  # of the plan of all its runs


def slots(rules: Rules) -> tuple[Slot, ...]:
    """Warm-up, then A against itself, then A against B.

    A coin for each block says which arm begins. The coins are independent: that is what makes the sign-flip
    test exact. ABBA cancels whatever drifts evenly over a block.
    """
    coins = random.Random(f"order {rules.seed}")  # noqa: S311 - an order, not a secret
    counts = ((Stage.WARM_UP, rules.warm_up), (Stage.AA, rules.aa_blocks), (Stage.AB, rules.blocks))
    return tuple(
        Slot(
            stage,
            number,
            rules.form.translate(_TURNED) if coins.random() < 0.5 else rules.form,
            coins.randrange(1, 1 << 31),
        )
        for stage, count in counts
        for number in range(1, count + 1)
    )


def runs(rules: Rules) -> int:
    """How many runs an experiment takes."""
    return len(rules.form) * (rules.warm_up + rules.aa_blocks + rules.blocks)
