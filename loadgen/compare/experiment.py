"""Doing an experiment: every block in its order, and the rule by which a block counts or fails as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from loadgen.compare.order import Slot, slots
from loadgen.compare.values import Block, BlockResult, Measure, Place, Rules, Stage, Turn

_IN_A_ROW = 3  # blocks that fail one after the other end the experiment: something is gone


def conduct(
    rules: Rules, measure: Measure, *, began: Callable[[Slot, int], None] = lambda _slot, _position: None
) -> Iterator[Block]:
    """Run the blocks one by one; each is given as soon as it is whole.

    In the blocks of A against itself both letters are run on arm A. Ends early when three blocks in a row
    have failed. What `measure` raises ends it too: the blocks given so far are the caller's to keep. `began`
    is told of every run before it starts.
    """
    failed = 0
    for slot in slots(rules):
        turns = []
        for position, letter in enumerate(slot.order, 1):
            began(slot, position)
            arm = letter if slot.stage is Stage.AB else "A"
            turns.append(Turn(letter, measure(arm, Place(slot.stage, slot.number, position, slot.seed))))
        block = Block(slot.stage, slot.number, slot.order, slot.seed, tuple(turns))
        block = replace(block, failed=why_failed(block, rules))
        yield block
        failed = failed + 1 if block.failed else 0
        if failed == _IN_A_ROW:
            return


def why_failed(block: Block, rules: Rules) -> str:
    """Why a block does not count, by the rules of the header; "" where it does.

    One run that fails takes its block along: a pair of which one half was left out is no pair.
    """
    for position, turn in enumerate(block.turns, 1):
        if said := _wrong(turn.result, rules):
            return f"run {position} of {len(block.turns)} ({turn.arm}): {said}"
    if unequal := _unequal([turn.result for turn in block.turns]):
        return f"its runs are not of one plan: {unequal} differs"
    return ""


def failing_arms(block: Block, rules: Rules) -> frozenset[str]:
    """Whose runs made a block fail; none where it counts, or where its runs are not of one plan."""
    return frozenset(turn.arm for turn in block.turns if _wrong(turn.result, rules))


def _wrong(result: BlockResult, rules: Rules) -> str:
    if result.failure:
        return result.failure
    if result.errors and result.errors > rules.max_errors * max(result.ops, 1):
        share = result.errors / max(result.ops, 1)
        return f"{result.errors} errors in {result.ops} operations, {share:.1%}, above {rules.max_errors:.1%}"
    for check in result.checks:
        if check.state == "invalidates":
            return f"the check {check.name} invalidates it: {check.said}"
    value = result.values.get(rules.primary)
    if value is None:
        return f"it has no {rules.primary}"
    if not 0 < value < float("inf"):
        return f"its {rules.primary} is {value:g}, which has no ratio"
    return ""


def _unequal(results: Sequence[BlockResult]) -> str:
    """The first fact that is not the same in all runs of a block; "" where all are."""
    first = results[0].facts
    for name in sorted({name for result in results for name in result.facts}):
        if any(one.facts.get(name) != first.get(name) for one in results):
            return name
    return ""
