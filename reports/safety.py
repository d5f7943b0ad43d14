"""The client safety matrix, a page of its own: what each client makes of one fault at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.catalogue import Catalogue, Source
from harness.matrix.cell import scenario_of
from harness.results.finding import Finding
from harness.safety.outcome import Outcome
from harness.vocabulary import Level, Verdict
from reports.boards import ACTION, CLIENT, FAULT, by_axis, cannot, ordered, version
from reports.evidence import Record
from reports.excluded import Excluded, Matrices
from reports.faults import Family, families
from reports.names import Slugs
from reports.outcomes import LETTER, MEANING, SAYS, WORST_FIRST, outcome_of, worst
from reports.page import render
from reports.table import Column
from reports.text import shorten

FOUND = "what was found"
"""What a trial calls the finding that tells of it."""
NOTE = 300
"""Characters of what was found in one cell."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One action of a client under one fault."""

    action: str
    what: str  # the action, with the values of what other axes there are
    outcome: Outcome | None  # None: there is a verdict only
    verdict: Verdict
    found: str
    why: str  # the explanation, where there is one
    reproduce: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Square:
    """What a client makes of one fault, over all actions."""

    slug: str
    fault: str
    outcome: Outcome | None  # the worst; None: nothing came of it, see `verdict`
    verdict: Verdict | None  # where no outcome came of it; None too where there is no cell at all
    counts: tuple[tuple[Outcome, int], ...]
    trials: tuple[Trial, ...]

    @property
    def tried(self) -> int:
        """How many trials struck it."""
        return sum(one.outcome not in (None, Outcome.NOT_STRUCK) for one in self.trials)

    @property
    def told(self) -> tuple[tuple[Trial, tuple[str, ...]], ...]:
        """The trials with the actions that went the same way, the worst first."""
        groups: dict[tuple[object, ...], list[Trial]] = {}
        for one in self.trials:
            groups.setdefault((one.outcome, one.verdict, one.found, one.why), []).append(one)
        found = ((each[0], tuple(one.what for one in each)) for each in groups.values())
        return tuple(
            sorted(found, key=lambda one: WORST_FIRST.index(one[0].outcome) if one[0].outcome else 9)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One client."""

    slug: str
    client: str
    version: str
    squares: tuple[Square, ...]
    counts: tuple[tuple[Outcome, int], ...]
    cannot: tuple[Excluded, ...]  # actions that it has not, and why

    def under(self, outcome: Outcome) -> tuple[tuple[Square, tuple[str, ...]], ...]:
        """The squares with this outcome, and the actions."""
        found = (
            (each, tuple(dict.fromkeys(one.action for one in each.trials if one.outcome is outcome)))
            for each in self.squares
        )
        return tuple((each, actions) for each, actions in found if actions)

    @property
    def corrupts(self) -> bool:
        """Whether it corrupted something and did not say so."""
        return bool(self.under(Outcome.CORRUPTS_SILENTLY))

    @property
    def struck(self) -> bool:
        """Whether a fault struck it, so that something was learnt."""
        return any(outcome is not Outcome.NOT_STRUCK for outcome, _ in self.counts)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What else says that it corrupts silently."""
        trials = (one for each in self.squares for one in each.trials)
        named = (
            source for one in trials if one.outcome is Outcome.CORRUPTS_SILENTLY for source in one.sources
        )
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Board:
    """The clients of one run."""

    column: Column
    families: tuple[Family, ...]
    lines: tuple[Line, ...]
    counts: tuple[tuple[Outcome, int], ...]
    tried: int  # cells of the run
    every: int  # cells of the whole product; 0: not known here

    def under(
        self, outcome: Outcome
    ) -> tuple[tuple[str, tuple[tuple[Line, Square, tuple[str, ...]], ...]], ...]:
        """The faults with this outcome, those of most clients first: the clients, and their actions."""
        found: dict[str, list[tuple[Line, Square, tuple[str, ...]]]] = {}
        for line in self.lines:
            for each, actions in line.under(outcome):
                found.setdefault(each.fault, []).append((line, each, actions))
        ranked = sorted(found.items(), key=lambda one: -len(one[1]))
        return tuple((fault, tuple(clients)) for fault, clients in ranked)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What else says so of clients that corrupt silently."""
        return tuple(dict.fromkeys(source for line in self.lines for source in line.sources))

    @property
    def trials(self) -> int:
        """How many actions had an outcome."""
        return sum(count for _, count in self.counts)


def is_safety(record: Record) -> bool:
    """Whether this is a cell of the client safety matrix."""
    return CLIENT in record.axes and FAULT in record.axes


def boards(
    columns: Sequence[Column], known: Catalogue, slugs: Slugs, matrices: Matrices
) -> tuple[Board, ...]:
    """A board for each run that has such cells."""
    chosen = ((column, [one for one in column.run.records if is_safety(one)]) for column in columns)
    return tuple(_board(column, records, known, slugs, matrices) for column, records in chosen if records)


def html(found: Sequence[Board], report: str) -> str:
    """The page; `report` is the name of the file that links to it."""
    return render(
        "safety.html",
        script="safety.js",
        boards=found,
        report=report,
        outcomes=WORST_FIRST,
        letter=LETTER,
        said=SAYS,
        meaning=MEANING,
        Outcome=Outcome,
        days=sorted({board.column.run.started[:10] for board in found}),
        versions=sorted({board.column.run.blobproof for board in found}),
    )


def _board(
    column: Column, records: Sequence[Record], known: Catalogue, slugs: Slugs, matrices: Matrices
) -> Board:
    grouped = families(record.axes[FAULT] for record in records)
    faults = [fault.id for family in grouped for fault in family.faults]
    actions = ordered(record.axes[ACTION] for record in records if ACTION in record.axes)
    lines = tuple(
        _line(client, found, faults, actions, known, slugs, column, matrices)
        for client, found in by_axis(records, CLIENT).items()
    )
    every = sum(
        sum(1 for _ in matrices[scenario].cells())
        for scenario in dict.fromkeys(scenario_of(record.id) for record in records)
        if scenario in matrices
    )
    return Board(column, grouped, lines, _counts(records), len(records), every)


def _line(
    client: str,
    records: Sequence[Record],
    faults: Sequence[str],
    actions: Sequence[str],
    known: Catalogue,
    slugs: Slugs,
    column: Column,
    matrices: Matrices,
) -> Line:
    by_fault = by_axis(records, FAULT)
    slug = slugs.take(f"{client}@{column.slug}")
    return Line(
        slug=slug,
        client=client,
        version=version(records),
        squares=tuple(
            _square(fault, by_fault.get(fault, ()), known, slugs.take(f"{slug}/{fault}")) for fault in faults
        ),
        counts=_counts(records),
        cannot=cannot(records, client, ACTION, actions, matrices),
    )


def _square(fault: str, records: Sequence[Record], known: Catalogue, slug: str) -> Square:
    order = ordered(_action(record) for record in records)
    outcome = worst(one for record in records if (one := outcome_of(record)))
    return Square(
        slug=slug,
        fault=fault,
        outcome=outcome,
        verdict=min((record.verdict for record in records), key=lambda one: one.rank, default=None)
        if outcome is None
        else None,
        counts=_counts(records),
        trials=tuple(
            Trial(
                _action(record),
                _what(record),
                outcome_of(record),
                record.verdict,
                shorten(_found(record), NOTE),
                _why(record),
                record.reproduce,
                tuple(known.source(one) for one in _sources(record)),
            )
            for record in sorted(records, key=lambda one: order.index(_action(one)))
        ),
    )


def _action(record: Record) -> str:
    return record.axes.get(ACTION, record.title)


def _what(record: Record) -> str:
    """The action, and which of its requests was struck where it does not say so itself."""
    action = _action(record)
    rest = [value for axis, value in record.cell if axis not in (CLIENT, FAULT, ACTION)]
    said = [value for value in rest if value not in (action, "any")]
    return f"{action} ({', '.join(said)})" if said else action


def _found(record: Record) -> str:
    """What was found, in the words of the trial; else the reason of its verdict."""
    noted = [one.observed for one in _own(record) if one.about == FOUND]
    if record.reason and record.verdict is not Verdict.PASS:
        noted.append(record.reason)
    return "; ".join(dict.fromkeys(noted))


def _why(record: Record) -> str:
    """Why it is so, where somebody has found out."""
    return next((one.why for one in _own(record) if one.why and one.observed == record.outcome), "")


def _own(record: Record) -> list[Finding]:
    """The findings about the client: what is only recorded, and comes from no wire rule."""
    return [one for one in record.findings if one.level is Level.OBSERVED and one.rule is None]


def _sources(record: Record) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for one in _own(record) for source in one.source))


def _counts(records: Iterable[Record]) -> tuple[tuple[Outcome, int], ...]:
    outcomes = [outcome_of(record) for record in records]
    return tuple((one, outcomes.count(one)) for one in WORST_FIRST if one in outcomes)


def _rank(outcome: Outcome | None) -> int:
    return len(WORST_FIRST) if outcome is None else WORST_FIRST.index(outcome)
