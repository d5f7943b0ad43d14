"""What a blob does when one thing happens after another: the sequential models that histories are held to.

A model says, for a state and an operation, what the state is afterwards; None says that the operation could
not have had this outcome in that state. Only what cannot be wrong of Azure's contract is in them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.history.bodies import RECORD, cut
from harness.history.values import Kind, Operation, Outcome, Seen

State = Hashable

ABSENT = ""
"""The version of a blob that is not there."""

SOME = "*"
"""A version that none of the operations looked at tells from another."""


class Model(Protocol):
    """A sequential model of one blob."""

    @property
    def first(self) -> State:
        """The state of a blob that nobody has written yet."""
        ...

    @property
    def overwrites(self) -> bool:
        """Whether the state after each effect is the same whatever the state before."""
        ...

    def step(self, state: State, done: Operation) -> State | None:
        """The state after an operation, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Register:
    """A blob as a register of whole versions: a commit is a write like any other, blocks are left out.

    Whatever the register cannot explain, no model can. `versions` says which ETag is whose; `told` are the
    tags to be told apart (None: all). With `staging` a delete may have removed staged blocks only.
    """

    versions: Mapping[str, str]
    told: Collection[str] | None = None
    staging: bool = False

    @property
    def first(self) -> State:
        """Absent."""
        return ABSENT

    @property
    def overwrites(self) -> bool:
        """Yes."""
        return True

    def step(self, state: State, done: Operation) -> State | None:
        """The version after an operation."""
        assert isinstance(state, str)
        match done.kind:
            case Kind.PUT | Kind.COMMIT:
                return self._write(state, done)
            case Kind.DELETE:
                return self._delete(state, done)
            case Kind.STAGE:
                return state
            case _:
                return state if _looks_right(state, done, self.versions) else None

    def _write(self, state: str, done: Operation) -> str | None:
        if done.outcome in (Outcome.DONE, Outcome.UNKNOWN):
            if not _met(state, done, self.versions):
                return None
            return done.tag if self.told is None or done.tag in self.told else SOME
        return state if _refusable(state, done, self.versions) else None

    def _delete(self, state: str, done: Operation) -> str | None:
        if done.outcome in (Outcome.DONE, Outcome.UNKNOWN):
            there = state != ABSENT or (self.staging and not done.conditional)
            return ABSENT if there and _met(state, done, self.versions) else None
        return state if _refusable(state, done, self.versions) else None


@dataclass(frozen=True, slots=True)
class Contents:
    """A version, the blocks that it is made of, and the blocks staged for the next: ids with their tags."""

    version: str = ABSENT
    blocks: tuple[tuple[str, str], ...] = ()
    staged: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Blocks:
    """A blob with its blocks: what a commit makes is what was staged, or committed, under its ids.

    `sizes` are the records of every tag that was written.
    """

    versions: Mapping[str, str]
    sizes: Mapping[str, int]

    @property
    def first(self) -> State:
        """Absent, and nothing staged."""
        return Contents()

    @property
    def overwrites(self) -> bool:
        """No: what a commit makes depends on what was staged."""
        return False

    def step(self, state: State, done: Operation) -> State | None:
        """The contents after an operation."""
        assert isinstance(state, Contents)
        match done.kind:
            case Kind.PUT if done.outcome in (Outcome.DONE, Outcome.UNKNOWN):
                return Contents(done.tag) if _met(state.version, done, self.versions) else None
            case Kind.STAGE:
                others = {pair for pair in state.staged if pair[0] != done.block}
                return Contents(state.version, state.blocks, frozenset({*others, (done.block, done.tag)}))
            case Kind.COMMIT if done.outcome is Outcome.NO_BLOCK:
                return state if _chosen(state, done.blocks) is None else None
            case Kind.COMMIT if done.outcome in (Outcome.DONE, Outcome.UNKNOWN):
                chosen = _chosen(state, done.blocks)
                if chosen is None or not _met(state.version, done, self.versions):
                    return None
                return Contents(done.tag, chosen)
            case Kind.DELETE if done.outcome in (Outcome.DONE, Outcome.UNKNOWN):
                there = state.version != ABSENT or (state.staged and not done.conditional)
                return Contents() if there and _met(state.version, done, self.versions) else None
            case Kind.PUT | Kind.COMMIT | Kind.DELETE:
                return state if _refusable(state.version, done, self.versions) else None
            case _:
                if not _looks_right(state.version, done, self.versions):
                    return None
                return state if done.seen is None or self._holds(state, done, done.seen) else None

    def _holds(self, state: Contents, done: Operation, seen: Seen) -> bool:
        """Whether what an answer showed is made of these blocks."""
        if not state.blocks:
            return True  # written in one piece: the version says it all
        segments = [(tag, self.sizes[tag]) for _, tag in state.blocks]
        total = sum(size for _, size in segments)
        if seen.length != total * RECORD:
            return False
        if seen.runs is None:
            return True
        return seen.runs == cut(segments, done.first or 0, total if done.count is None else done.count)


def _chosen(state: Contents, ids: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
    """The blocks of a list: what is staged comes before what is committed. None: one is missing."""
    known: dict[str, str] = {}
    for block, tag in state.blocks:
        known.setdefault(block, tag)
    known |= dict(state.staged)
    return tuple((block, known[block]) for block in ids) if all(one in known for one in ids) else None


def _met(version: str, done: Operation, versions: Mapping[str, str]) -> bool:
    """Whether the condition of an operation holds."""
    if done.create_only:
        return version == ABSENT
    return not done.if_match or (version != ABSENT and versions.get(done.if_match) == version)


def _refusable(version: str, done: Operation, versions: Mapping[str, str]) -> bool:
    """Whether an effect could be refused as it was. One that no model knows always could."""
    match done.outcome:
        case Outcome.UNMET:
            return not done.conditional or not _met(version, done, versions)
        case Outcome.ABSENT:
            return version == ABSENT
        case _:
            return True


def _looks_right(version: str, done: Operation, versions: Mapping[str, str]) -> bool:
    """Whether a read, or a listing, could have had its outcome."""
    match done.outcome:
        case Outcome.DONE:
            return done.seen is None or (version == done.seen.tag and _met(version, done, versions))
        case Outcome.ABSENT:
            return version == ABSENT
        case Outcome.UNMET:
            return not done.conditional or not _met(version, done, versions)
        case _:
            return True
