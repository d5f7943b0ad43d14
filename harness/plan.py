"""What a run would do: which cases and scenarios, how many requests and bytes. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import gates
from harness import manifest as manifests
from harness.cases.case import Case
from harness.cases.load import load_tree
from harness.cases.recipes import size
from harness.manifest import GATES, Manifest
from harness.rules.tally import rule_ids
from harness.scenarios import LARGE, Listed, list_cells, list_matrices, list_scenarios
from harness.vocabulary import ExitCode


class SelectionError(Exception):
    """A filter that names something that does not exist."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.hint = "blobproof list shows what there is."


class NothingSelectedError(SelectionError):
    """A filter that matches nothing: a run of it would verify nothing, and must not be green."""

    exit_code = ExitCode.NOTHING_VERIFIED


@dataclass(frozen=True, slots=True)
class Plan:
    """The cases and scenarios of a run, and the manifests that they are a part of."""

    root: Path  # the suites folder
    cases: tuple[Case, ...]
    scenarios: tuple[Listed, ...]
    manifests: Mapping[str, Manifest]  # by set

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything that the run is to bring, in its order."""
        cases = (case.id for case in self.cases)
        # The wire rules look at whatever is sent, so they are part of every run.
        return (*cases, *(scenario.id for scenario in self.scenarios), *rule_ids())

    def without_scenarios(self) -> Plan:
        """The same without clients: those speak service versions of their own, whatever the run's is."""
        return replace(self, scenarios=())

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold them, relative to the suites, each once."""
        names = (*(case.file for case in self.cases), *(scenario.file for scenario in self.scenarios))
        return tuple(dict.fromkeys(names))

    @property
    def requests(self) -> int:
        """Requests of the authored cases; what real clients send is theirs to decide."""
        return sum(step.repeat or 1 for case in self.cases for step in (*case.given, *case.steps))

    @property
    def bytes(self) -> int:
        """Bytes of the bodies that the authored cases send."""
        steps = (step for case in self.cases for step in (*case.given, *case.steps))
        return sum((step.repeat or 1) * (size(step.body) or 0) for step in steps if step.body is not None)


def everything(suites: Path, *, scale: str = "normal") -> tuple[tuple[Case, ...], tuple[Listed, ...]]:
    """All cases and scenarios of a suites folder. Raises CaseTreeError, ScenarioError."""
    return load_tree(suites), list_scenarios(suites, scale=scale)


def make_plan(
    suites: Path,
    *,
    only_suites: Sequence[str] = (),
    only_ids: Sequence[str] = (),
    scale: str = "normal",
    of_gates: bool = False,
    exhaustive: bool = False,
) -> Plan:
    """The plan of a run.

    `only_suites` are folders (`put-block`, `azcopy`, `azcopy/upload`), `only_ids` whole ids; with both, what
    either names. With `of_gates` it is the client gates alone. Of a matrix it is the cells of the committed
    covering set; with `exhaustive` all of them. Raises SelectionError, ManifestError, MatrixError and what
    `everything` raises.
    """
    cases, scenarios = everything(suites, scale=scale)
    frozen = dict(manifests.load(suites))
    manifests.check(frozen, _members(suites, cases, scenarios))
    # A run of everything is one of cases and plain scenarios: nobody needs the cells for it.
    cells: tuple[Listed, ...] = ()
    frozen[GATES] = manifests.made(GATES, ())
    if of_gates or only_suites or only_ids or scale == LARGE:
        cells = list_cells(suites, scale=scale)
        frozen[GATES] = _gates(suites, scenarios, cells, exhaustive=exhaustive)
    if scale == LARGE and not only_suites and not only_ids:
        scenarios = tuple(scenario for scenario in (*scenarios, *cells) if _is_large(scenario))
        return Plan(suites, (), scenarios, frozen)
    known = {case.id for case in cases} | {one.id for one in (*scenarios, *cells)}
    if unknown := sorted(set(only_ids) - known):
        raise SelectionError(f"there is no case or scenario {unknown[0]!r}")
    for suite in only_suites:
        if not any(_below(one, suite) for one in known):
            raise NothingSelectedError(f"no case or scenario is in the suite {suite!r}")
    in_gates = frozenset(frozen[GATES].ids)

    def chosen(one: str) -> bool:
        if not only_suites and not only_ids:
            return not of_gates or one in in_gates
        return one in only_ids or any(_below(one, suite) for suite in only_suites)

    def chosen_cell(one: str) -> bool:
        if one in only_ids:
            return True
        return one in in_gates and (of_gates or bool(only_suites)) and chosen(one)

    picked = tuple(one for one in cells if chosen_cell(one.id))
    clients = (*(one for one in scenarios if chosen(one.id)), *picked)
    sent = tuple(case for case in cases if chosen(case.id))
    # The wire rules are in every set: a set of which nothing else is in the run would say nothing of its own.
    if of_gates or (len(picked) == len(clients) and not sent):
        frozen = {GATES: frozen[GATES]}
    elif not picked:
        del frozen[GATES]
    return Plan(suites, sent, clients, frozen)


def known_ids(suites: Path, *, scale: str = "normal") -> tuple[str, ...]:
    """Every id that a ledger may name, whatever a run selects: all cells of the matrices too."""
    cases, scenarios = everything(suites, scale=scale)
    listed = (*scenarios, *list_cells(suites, scale=scale))
    return tuple(sorted([*(one.id for one in cases), *(one.id for one in listed), *rule_ids()]))


def manifest_ids(suites: Path) -> dict[str, tuple[str, ...]]:
    """What the manifest of each set must list; the covering sets of matrices are made anew."""
    return {**_members(suites, *everything(suites)), GATES: gates.gate_ids(suites)}


def _gates(
    suites: Path, scenarios: Sequence[Listed], cells: Sequence[Listed], *, exhaustive: bool
) -> Manifest:
    """The committed covering set; or everything, which no file lists."""
    plain = [one for one in scenarios if not _is_large(one)]
    product = [one for one in cells if not _is_large(one)]
    if exhaustive:
        return manifests.made(GATES, (*(one.id for one in (*plain, *product)), *rule_ids()))
    frozen = manifests.load_one(suites, GATES)
    gates.check(frozen, list_matrices(suites), plain, product)
    return frozen


def _members(suites: Path, cases: Iterable[Case], scenarios: Iterable[Listed]) -> dict[str, tuple[str, ...]]:
    normal = (scenario.id for scenario in scenarios if not _is_large(scenario))
    return manifests.members(suites, cases, (*normal, *rule_ids()))


def _is_large(scenario: Listed) -> bool:
    return Path(scenario.file).stem == LARGE


def _below(one: str, suite: str) -> bool:
    return one == suite or one.startswith(suite.rstrip("/") + "/")
