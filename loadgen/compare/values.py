"""A comparison as frozen values: its rules, fixed before the first block; its blocks; what came of them."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.vocabulary import ExitCode

FILE = "compare.jsonl"
"""A comparison's one file, in its folder."""


class CompareError(Exception):
    """A comparison that cannot be made, or cannot be read."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class NotComparableError(CompareError):
    """Two things that may not be compared, and why."""


class Verdict(enum.StrEnum):
    """What a comparison says of B, measured against A."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"

    @property
    def meaning(self) -> str:
        """One sentence for reports."""
        return _MEANING[self]


_MEANING = {
    Verdict.BETTER: "B is better than A by more than the margin",
    Verdict.WORSE: "B is worse than A by more than the margin",
    Verdict.EQUIVALENT: "whatever the difference is, it is smaller than the margin",
    Verdict.INCONCLUSIVE: "none of the three was shown",
}


class Stage(enum.StrEnum):
    """What a block is for. They run in this order."""

    WARM_UP = "warm-up"  # shown, never counted
    AA = "aa"  # A against itself: the noise floor
    AB = "ab"  # A against B: the comparison


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides the verdict, fixed before the first block and written into the header.

    Shares are shares: 0.05 is 5 %. `margin` is on the ratio scale: 5 % means B/A from 1/1.05 to 1.05.
    """

    primary: str  # the one metric that gates
    lower_is_better: bool
    blocks: int = 32  # find 10 % where two cores are busy with other things too: docs/compare.md
    aa_blocks: int = 6
    warm_up: int = 1
    form: str = "ABBA"  # of a block; a coin by `seed` turns it round: BAAB
    margin: float = 0.05  # what nobody would mind
    noise_factor: float = 2.0  # the margin of equivalence is at least so many standard errors of A/A
    alpha: float = 0.05
    max_errors: float = 0.01  # share of a run's operations: more of them, and its block fails
    max_failed: float = 0.2  # share of the blocks: more failed, and there is no verdict
    resamples: int = 9_999  # of the bootstrap, and of a permutation test that is too long to be exact
    correction: str = "holm"  # of the secondary metrics: "holm" (gates) or "bh" (exploration)
    seed: int = 1

    def __post_init__(self) -> None:
        for wrong, said in (
            (not 0 < self.alpha < 0.5, f"alpha {self.alpha:g}: give a share between 0 and 0.5"),
            (not 0 <= self.margin < 10, f"margin {self.margin:g}: give a share from 0 up, 5% say"),
            (not 0 <= self.noise_factor < 100, f"noise factor {self.noise_factor:g}: give one from 0 up"),
            (not 0 <= self.max_errors <= 1, f"errors {self.max_errors:g}: give a share from 0 to 1"),
            (not 0 <= self.max_failed <= 1, f"failed blocks {self.max_failed:g}: give a share from 0 to 1"),
            (min(self.blocks, self.aa_blocks, self.warm_up) < 0, "a number of blocks below 0"),
            (self.form not in FORMS, f"no block form {self.form!r}; there are {', '.join(FORMS)}"),
            (self.correction not in CORRECTIONS, f"no correction {self.correction!r}: holm or bh"),
            (self.resamples < 999, f"{self.resamples} resamples: give 999 or more"),
        ):
            if wrong:
                raise CompareError(said)

    @property
    def needed(self) -> int:
        """The fewest blocks that can show anything at this alpha: the sign-flip test's least p is 2/2^n."""
        return math.ceil(math.log2(2 / self.alpha))

    def chosen_afterwards(self, fixed: Rules) -> str:
        """What of these is not as `fixed` before the first block; "" where all is. No gate is met by it then.

        Who has seen the figures can always find a margin which they keep.
        """
        changed = [
            f"{name} of {100 * mine:.4g} % instead of {100 * theirs:.4g} %"
            for name, mine, theirs in (
                ("a margin", self.margin, fixed.margin),
                ("an alpha", self.alpha, fixed.alpha),
            )
            if mine != theirs
        ]
        return (
            f"judged by {' and '.join(changed)}, chosen afterwards: no gate is met by it" if changed else ""
        )

    @property
    def log_margin(self) -> float:
        """The margin as a log-ratio."""
        return math.log1p(self.margin)


FORMS = ("ABBA", "AB")
CORRECTIONS = ("holm", "bh")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in the experiment. The runs of a block get one seed: one plan for both arms."""

    stage: Stage
    block: int  # of its stage, from 1
    position: int  # in the block, from 1
    seed: int


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """A validity check of one run: ok, warns, invalidates or not-run."""

    name: str
    state: str
    said: str


@dataclass(frozen=True, slots=True)
class BlockResult:
    """One run of one arm: its metrics, and what may be held against it."""

    values: Mapping[str, float]
    ops: int = 0
    errors: int = 0
    seconds: float = 0.0  # how long it took, start and end of the workers included
    checks: tuple[CheckSeen, ...] = ()
    folder: str = ""  # of the run, as seen from the comparison's folder; "" where nothing was kept
    failure: str = ""  # why there is no result at all; "": there is one
    facts: Mapping[str, object] = field(default_factory=dict)  # what must be equal in both arms


class Measure(Protocol):
    """Makes one short run of one arm. The bench machinery, a simulation, a test."""

    def __call__(self, arm: str, place: Place) -> BlockResult:
        """`arm` is "A" or "B". Raises only what ends the whole comparison."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """A run in a block: whose it was, and its result. In an A/A block both arms are run on A's endpoint."""

    arm: str
    result: BlockResult


@dataclass(frozen=True, slots=True)
class Block:
    """A and B, back to back. `failed`: why it is left out as a whole; "": it counts."""

    stage: Stage
    number: int
    order: str  # "ABBA"
    seed: int
    turns: tuple[Turn, ...]
    failed: str = ""

    def value(self, metric: str, arm: str) -> float | None:
        """The geometric mean of an arm's runs; None where one of them has no value above 0."""
        values = [turn.result.values.get(metric) for turn in self.turns if turn.arm == arm]
        logs = [math.log(one) for one in values if one is not None and one > 0 and math.isfinite(one)]
        if not values or len(logs) < len(values):
            return None
        return math.exp(sum(logs) / len(logs))

    def log_ratio(self, metric: str) -> float | None:
        """ln(B/A) of a metric; None where an arm has no value."""
        a, b = self.value(metric, "A"), self.value(metric, "B")
        return None if a is None or b is None else math.log(b / a)
