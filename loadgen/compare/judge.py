"""The verdict: block log-ratios in, one of four words out, with every figure it rests on. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from loadgen.compare.estimate import Estimate, estimate
from loadgen.compare.noise import Noise, far_out, hangs_together, noise
from loadgen.compare.power import POWER, blocks_for
from loadgen.compare.signflip import p_above, p_differs
from loadgen.compare.values import Rules, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the blocks say. Ratios are B/A; margins are on the ratio scale (0.05 is 5 %)."""

    verdict: Verdict
    estimate: Estimate | None  # None: fewer than two blocks count
    p_differs: float  # two-sided: the ratio is 1
    p_better: float  # one-sided: B is not better by more than the margin asked for
    p_worse: float
    p_equivalent: float  # two one-sided tests: the difference is as great as the margin of equivalence
    margin: float  # of equivalence, as used
    widened: bool  # noise alone may come to more than the margin that was asked for
    within: float  # the least margin within which the intervals show equivalence
    noise: Noise | None
    more_blocks: int | None  # that a verdict would take beside these; None: no number of blocks would help
    reasons: tuple[str, ...]  # why it is inconclusive
    warnings: tuple[str, ...]

    def passes(self, rules: Rules, *, must_be_better: bool = False) -> bool:
        """Whether a gate is met: better, or equivalent within the margin that was asked for."""
        if self.verdict is Verdict.EQUIVALENT:
            return self.within <= rules.margin and not must_be_better
        return self.verdict is Verdict.BETTER


_NONE: Mapping[Verdict, str] = MappingProxyType({})


def judge(
    ab: Sequence[float],
    aa: Sequence[float],
    rules: Rules,
    *,
    held_back: Sequence[str] = (),
    denied: Mapping[Verdict, str] = _NONE,
) -> Judgement:
    """Judge log-ratios ln(B/A) of the blocks that count, in the order they ran.

    `aa` are those of A against itself. `held_back` are reasons, known already, that there be no verdict;
    `denied` are verdicts that are not given, whatever the figures show, and why.

    Three claims partition every possible truth: better by more than the margin, worse by more than it,
    within it. Each is made only where an interval lies in its region as a whole and the permutation test says
    the same, so that each is wrong with a chance of alpha at most, whatever the truth is.
    """
    seen = _noise(aa, rules)
    margin = max(rules.margin, _noise_margin(seen, len(ab), rules))
    if len(ab) < 2:
        nothing = (f"{_blocks(len(ab))}: no spread, no interval", *held_back)
        missing = rules.needed - len(ab)
        return Judgement(
            Verdict.INCONCLUSIVE, None, 1.0, 1.0, 1.0, 1.0, margin, margin > rules.margin, math.inf,
            seen, missing, nothing, (),
        )  # fmt: skip
    how = {"resamples": rules.resamples, "seed": rules.seed}
    found = estimate(ab, rules.alpha, **how)
    side = 1.0 if rules.lower_is_better else -1.0
    cost = [side * one for one in ab]  # above 0: B is worse
    asked, wide = rules.log_margin, math.log1p(margin)
    result = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        estimate=found,
        p_differs=p_differs(ab, **how),
        p_better=p_above([-one - asked for one in cost], **how),
        p_worse=p_above([one - asked for one in cost], **how),
        p_equivalent=max(p_above([wide + way * one for one in cost], **how) for way in (-1, 1)),
        margin=margin,
        widened=margin > rules.margin,
        within=math.expm1(max(abs(found.inner_low), abs(found.inner_high))),
        noise=seen,
        more_blocks=None,
        reasons=(),
        warnings=_warnings(ab, found, seen, rules),
    )
    shown = _shown(result, rules)
    reasons = [*held_back, *filter(None, [denied.get(shown)]), *_withheld(shown, result, rules)]
    if shown is not Verdict.INCONCLUSIVE and not reasons:
        return replace(result, verdict=shown)
    if shown is not Verdict.INCONCLUSIVE:
        return replace(result, reasons=tuple(reasons))
    reasons.append(_undecided(result, rules))
    least = max(rules.needed, len(ab) + 1)
    enough = blocks_for(found.log, found.sd, asked=asked, margin=wide, alpha=rules.alpha, least=least)
    more = None if enough is None or held_back else enough - len(ab)
    return replace(result, reasons=tuple(reasons), more_blocks=more)


def _shown(result: Judgement, rules: Rules) -> Verdict:
    """What the figures alone show."""
    found = result.estimate
    if found is None or found.blocks < rules.needed:
        return Verdict.INCONCLUSIVE
    worse = found if rules.lower_is_better else found.turned()
    asked, half = rules.log_margin, rules.alpha / 2
    if worse.low > asked and result.p_worse <= half:
        return Verdict.WORSE
    if worse.high < -asked and result.p_better <= half:
        return Verdict.BETTER
    if result.within < result.margin and result.p_equivalent <= rules.alpha:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def _withheld(shown: Verdict, result: Judgement, rules: Rules) -> list[str]:
    """Why what the figures show is not said."""
    seen = result.noise
    if seen is None:
        if shown in (Verdict.BETTER, Verdict.WORSE):
            return [
                f"the figures say {shown}, but A was not measured against itself in {rules.needed} blocks "
                "or more: without A/A there is no better and no worse"
            ]
        return []
    asked = rules.log_margin
    if seen.itself.low > asked or seen.itself.high < -asked:
        return [
            f"A against itself came out {abs(math.expm1(seen.itself.log)):.1%} apart, beyond the margin: "
            "whatever makes that would make any verdict"
        ]
    return []


def _undecided(result: Judgement, rules: Rules) -> str:
    found = result.estimate
    if found is None or found.blocks < rules.needed:
        count = found.blocks if found else 0
        return f"{_blocks(count)}: at {rules.alpha:.0%} fewer than {rules.needed} can show nothing"
    if result.p_differs <= rules.alpha and not found.low <= 0 <= found.high:
        return (
            f"A and B differ, but neither that it is by more than the margin of {rules.margin:.1%} "
            f"nor that it is by less than {result.margin:.1%} was shown"
        )
    return f"the interval lies neither within a margin of {result.margin:.1%} nor beyond {rules.margin:.1%}"


def _warnings(ab: Sequence[float], found: Estimate, seen: Noise | None, rules: Rules) -> tuple[str, ...]:
    said = [hangs_together(ab)]
    if out := far_out(ab):
        numbers = ", ".join(str(one + 1) for one in out)
        said.append(f"far from the others, and kept (by place among those that count): {numbers}")
    if seen is None:
        said.append("no noise floor: A was not measured against itself")
        return tuple(filter(None, said))
    if (noise_margin := _noise_margin(seen, len(ab), rules)) > rules.margin:
        said.append(
            f"noise alone may come to {noise_margin:.1%} in {len(ab)} blocks, which is above the margin that "
            f"was asked for, {rules.margin:.1%}"
        )
    if seen.p <= rules.alpha:
        said.append(
            f"A differs from itself by {math.expm1(seen.itself.log):+.1%} (p {seen.p:.2g}): "
            "the place in a block matters"
        )
    if found.sd > 3 * seen.floor > 0:
        said.append(
            f"blocks of A and B scatter by {found.sd:.1%}, "
            f"{found.sd / seen.floor:.1f} times what A does by itself"
        )
    return tuple(filter(None, said))


def _noise_margin(seen: Noise | None, blocks: int, rules: Rules) -> float:
    """What A against itself may come out apart in so many blocks: nobody is shown to be closer than that."""
    if seen is None or not blocks:
        return 0.0
    return math.expm1(rules.noise_factor * seen.floor / math.sqrt(blocks))


def _noise(aa: Sequence[float], rules: Rules) -> Noise | None:
    if len(aa) < rules.needed:
        return None
    how = {"resamples": rules.resamples, "seed": rules.seed}
    return noise(
        aa, p_differs(aa, **how), blocks=rules.blocks, asked=rules.log_margin, alpha=rules.alpha, **how
    )


def _blocks(count: int) -> str:
    return f"{count} block{'' if count == 1 else 's'} count{'s' if count == 1 else ''}"


def power_said() -> str:
    """What "n more blocks" means."""
    return f"so many have a chance of {POWER:.0%} of a verdict, if the truth is what was seen"
