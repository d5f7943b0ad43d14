"""From the blocks of an experiment to what is said of it: noise, verdict, secondary metrics, checks. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadgen.compare.experiment import failing_arms
from loadgen.compare.judge import Judgement, judge
from loadgen.compare.secondary import Secondary, secondaries
from loadgen.compare.signflip import p_differs
from loadgen.compare.values import Block, CheckSeen, Rules, Stage, Turn, Verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Everything that follows from the blocks and the rules; anybody can compute it again."""

    judgement: Judgement
    secondary: tuple[Secondary, ...]
    checks: tuple[CheckSeen, ...]


def conclude(
    blocks: Sequence[Block], rules: Rules, *, complete: bool, held_back: Sequence[str] = ()
) -> Conclusion:
    """Judge an experiment. `held_back`: reasons, from outside the blocks, that there be no verdict.

    An experiment that was cut off gets none: its rules said how many blocks there are to be, and to look when
    it happened to end is to choose the moment.
    """
    ab = [one for one in blocks if one.stage is Stage.AB]
    counted = [one for one in ab if not one.failed]
    aa = [one for one in blocks if one.stage is Stage.AA and not one.failed]
    checks = (_failed(ab, rules), _errors(counted, rules), *_ceiling(counted), *_of_runs(counted))
    reasons = [*held_back]
    if not complete:
        reasons.append(f"the comparison was cut off after {len(ab)} of {rules.blocks} blocks")
    reasons += [one.said for one in checks if one.state == "invalidates"]
    return Conclusion(
        judge(
            _logs(counted, rules.primary),
            _logs(aa, rules.primary),
            rules,
            held_back=reasons,
            denied=_denied(ab, rules),
        ),
        secondaries(_other_logs(counted, rules.primary), rules),
        checks,
    )


def _logs(blocks: Sequence[Block], metric: str) -> list[float]:
    return [log for block in blocks if (log := block.log_ratio(metric)) is not None]


def _other_logs(blocks: Sequence[Block], primary: str) -> dict[str, list[float]]:
    """The secondary metrics that every block has; one that some lack would compare other blocks."""
    names = {name for block in blocks for turn in block.turns for name in turn.result.values} - {primary}
    logs = {name: _logs(blocks, name) for name in names}
    return {name: values for name, values in logs.items() if len(values) == len(blocks)}


def _failed(ab: Sequence[Block], rules: Rules) -> CheckSeen:
    failed = [one for one in ab if one.failed]
    if not failed:
        return CheckSeen("blocks", "ok", f"all {len(ab)} blocks count")
    arms = ", ".join(f"{count} by {arm}" for arm, count in _failures(ab, rules).items())
    said = f"{len(failed)} of {len(ab)} blocks failed ({arms})"
    if len(failed) > rules.max_failed * rules.blocks:
        return CheckSeen("blocks", "invalidates", f"{said}, above {rules.max_failed:.0%}: {failed[0].failed}")
    return CheckSeen("blocks", "warns", f"{said} and are left out by the rule: {failed[0].failed}")


def _failures(ab: Sequence[Block], rules: Rules) -> Mapping[str, int]:
    """In how many blocks each arm had a run that failed."""
    counts = Counter(arm for block in ab if block.failed for arm in failing_arms(block, rules))
    return {arm: counts[arm] for arm in "AB"}


def _denied(ab: Sequence[Block], rules: Rules) -> Mapping[Verdict, str]:
    """Verdicts that an arm may not have because it failed in more blocks than the other, and why.

    Blocks are left out where an arm failed, so its figures are those of the times when it worked. Only a
    verdict against it can be given from them.
    """
    failures = _failures(ab, rules)
    if failures["A"] == failures["B"]:
        return {}
    more, less = sorted("AB", key=lambda arm: -failures[arm])
    said = (
        f"{more} failed in {failures[more]} of {len(ab)} blocks and {less} in {failures[less]}; those blocks "
        f"are left out, so what is left shows {more} at its best: nothing is said in its favour"
    )
    return dict.fromkeys((Verdict.EQUIVALENT, Verdict.BETTER if more == "B" else Verdict.WORSE), said)


def _errors(blocks: Sequence[Block], rules: Rules) -> CheckSeen:
    """Whether one arm failed more often: it may be faster because of that."""
    gaps, totals = [], {"A": [0, 0], "B": [0, 0]}
    for block in blocks:
        shares = {"A": 0.0, "B": 0.0}
        for turn in block.turns:
            shares[turn.arm] += turn.result.errors / max(turn.result.ops, 1)
            totals[turn.arm][0] += turn.result.errors
            totals[turn.arm][1] += turn.result.ops
        gaps.append(shares["B"] - shares["A"])
    said = "; ".join(f"{arm}: {bad:,} of {ops:,} operations failed" for arm, (bad, ops) in totals.items())
    unequal = any(gaps) and p_differs(gaps, seed=rules.seed) <= rules.alpha
    if unequal:
        said = f"unequal errors: {said}; what fails is often quick, so the figures are not of the same work"
    return CheckSeen("errors", "invalidates" if unequal else "ok", said)


_CEILING = "generator-ceiling"
"""The check of a run that says whether it was the generator that was measured."""


def _ceiling(blocks: Sequence[Block]) -> tuple[CheckSeen, ...]:
    """Runs that were held against no ceiling of the generator; what the others came to, their checks say."""
    turns = [turn for block in blocks for turn in block.turns]
    without = [turn.arm for turn in turns if not _held_against_ceiling(turn)]
    if not without:
        return ()
    arms = ", ".join(f"{without.count(arm)} of {arm}" for arm in "AB")
    said = (
        f"{len(without)} of {len(turns)} runs ({arms}) were held against no ceiling of the generator: "
        "nobody knows whether it was the limit of the faster arm"
    )
    return (CheckSeen(_CEILING, "not-run", said),)


def _held_against_ceiling(turn: Turn) -> bool:
    return any(one.name == _CEILING and one.state != "not-run" for one in turn.result.checks)


def _of_runs(blocks: Sequence[Block]) -> tuple[CheckSeen, ...]:
    """What warned in single runs, once for each check, with how often and in which arm."""
    seen: dict[str, list[tuple[str, str]]] = {}
    turns = [turn for block in blocks for turn in block.turns]
    for turn in turns:
        for check in turn.result.checks:
            if check.state == "warns":
                seen.setdefault(check.name, []).append((turn.arm, check.said))
    return tuple(
        CheckSeen(
            name,
            "warns",
            f"in {len(found)} of {len(turns)} runs "
            f"({sum(arm == 'A' for arm, _ in found)} of A, {sum(arm == 'B' for arm, _ in found)} of B): "
            f"{found[0][1]}",
        )
        for name, found in sorted(seen.items())
    )
