"""Which step of one golden spec is which of another: by operation and resource, for names shift."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from harness.golden.spec import GoldenSpec, GoldenStep

Texts = Callable[[str], str]

_GUID = re.compile(r"\{guid:\d+\}")
_BLOCK = re.compile(r"\{block:\d+/(\d+)\}")


@dataclass(frozen=True, slots=True)
class Pair:
    """One step in both; `old` is None for one that is new, `new` for one that is gone."""

    old: GoldenStep | None
    new: GoldenStep | None


def align(old: GoldenSpec, new: GoldenSpec) -> tuple[Pair, ...]:
    """The steps of two specs side by side, in the order of the new one; what is gone stands at the end."""
    found: dict[str, GoldenStep | None] = {}
    gone: list[GoldenStep] = []
    left_old, left_new = list(old.steps), list(new.steps)
    for key in (_by_content, _by_resource, _by_operation):
        pairs, left_old, left_new = _matched(left_old, left_new, key)
        found |= {theirs.name: ours for ours, theirs in pairs}
    gone = left_old
    return (
        *(Pair(found.get(step.name), step) for step in new.steps),
        *(Pair(step, None) for step in gone),
    )


def _by_content(step: GoldenStep) -> Hashable:
    """What is sent where: of the blocks of a file each has its own."""
    return *_by_resource(step), None if step.step.body is None else plain(repr(step.step.body))


def _by_resource(step: GoldenStep) -> tuple[str, str, str]:
    return step.operation, step.step.method, step.step.target.partition("?")[0]


def _by_operation(step: GoldenStep) -> Hashable:
    return step.operation, step.step.method


def _matched(
    old: Sequence[GoldenStep], new: Sequence[GoldenStep], key: Callable[[GoldenStep], Hashable]
) -> tuple[list[tuple[GoldenStep, GoldenStep]], list[GoldenStep], list[GoldenStep]]:
    """Pairs with the same key, and what is left of both: those that are quite alike first, then in order."""
    groups: defaultdict[Hashable, tuple[list[GoldenStep], list[GoldenStep]]] = defaultdict(lambda: ([], []))
    for step in old:
        groups[key(step)][0].append(step)
    for step in new:
        groups[key(step)][1].append(step)
    pairs: list[tuple[GoldenStep, GoldenStep]] = []
    for ours, theirs in groups.values():
        pairs += _in_order(ours, theirs)
    before, after = {one.name for one, _ in pairs}, {one.name for _, one in pairs}
    return (
        pairs,
        [step for step in old if step.name not in before],
        [step for step in new if step.name not in after],
    )


def _in_order(old: Sequence[GoldenStep], new: Sequence[GoldenStep]) -> list[tuple[GoldenStep, GoldenStep]]:
    matcher = difflib.SequenceMatcher(
        None, [_likeness(step) for step in old], [_likeness(step) for step in new], autojunk=False
    )
    pairs: list[tuple[GoldenStep, GoldenStep]] = []
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += zip(old[a:b], new[c:d], strict=False)
    return pairs


def _likeness(step: GoldenStep) -> Hashable:
    """What two versions of a request have in common, whatever headers they send."""
    body = step.step.body
    return plain(step.step.target), None if body is None else plain(repr(body)), step.injected


def plain(text: str) -> str:
    """A template without the numbers of GUIDs and blocks: they count what came before."""
    return _BLOCK.sub(r"{block/\1}", _GUID.sub("{guid}", text))


def normal(spec: GoldenSpec, labels: Mapping[str, str]) -> Texts:
    """A function that writes a spec's templates so that those of two specs can be compared.

    Saved names count what came before as well: they become what they are and where they come from. `labels`
    gives each step a name that its partner in the other spec has, too.
    """
    sources = {
        save.name: f"{{{save.source} {save.path} of {labels[golden.name]}}}"
        for golden in spec.steps
        for save in golden.step.save
    }

    def written(text: str) -> str:
        for name, source in sources.items():
            text = text.replace(f"{{{name}}}", source)
        return plain(text)

    return written


def labels(pairs: Sequence[Pair]) -> tuple[dict[str, str], dict[str, str]]:
    """A common name for each step, by its name in the old spec and by its name in the new one."""
    old, new = {}, {}
    for number, pair in enumerate(pairs):
        step = pair.new or pair.old
        assert step is not None
        label = f"{step.operation} {number}"
        if pair.old is not None:
            old[pair.old.name] = label
        if pair.new is not None:
            new[pair.new.name] = label
    return old, new
