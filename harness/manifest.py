"""The frozen sets of a release: which cases, scenarios and wire rules there are to verify.

A set is coverage's denominator. `sets.yaml` says what belongs to it, and `SET.manifest` lists its ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cases.case import Case
from harness.cases.errors import CaseError
from harness.cases.marks import read
from harness.cases.operations import OPERATIONS
from harness.vocabulary import ExitCode

SETS = ("mvp", "strict")
"""The names of the sets, from what is needed first to everything."""

EVERYTHING = "strict"

GATES = "gates"
"""The set of the client gates: every plain client scenario, and a covering set of each matrix's cells."""

GOLDEN = "golden"
"""The set of all golden specs; its manifest stands beside them."""

_SETS_HINT = "Each set lists its operations as Azure's documentation spells them, or says `operations: all`."


class ManifestError(Exception):
    """A manifest is missing, or does not say what the suites hold."""

    exit_code = ExitCode.HARNESS

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.hint = "blobproof list --write-manifests writes them anew; commit them with the cases."


@dataclass(frozen=True, slots=True)
class Manifest:
    """A frozen set of ids."""

    name: str
    ids: tuple[str, ...]
    sha256: str


def manifest_path(suites: Path, name: str) -> Path:
    """Where a manifest stands."""
    return suites / f"{name}.manifest"


def render(ids: Iterable[str]) -> str:
    """The text of a manifest: one id a line, sorted."""
    return "".join(f"{one}\n" for one in sorted(set(ids)))


def made(name: str, ids: Iterable[str]) -> Manifest:
    """The manifest that a set of these ids would have."""
    text = render(ids)
    return Manifest(name, tuple(text.splitlines()), hashlib.sha256(text.encode()).hexdigest())


def members(suites: Path, cases: Iterable[Case], others: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What each set must list: cases by their operation, and all others. Raises CaseError."""
    rules, others = _rules(suites), tuple(others)
    found = tuple(cases)
    return {
        name: tuple(
            sorted([*(case.id for case in found if wanted is None or case.operation in wanted), *others])
        )
        for name, wanted in rules.items()
    }


def load(suites: Path) -> Mapping[str, Manifest]:
    """The committed manifests of the sets of cases. Raises ManifestError."""
    return {name: load_one(suites, name) for name in SETS}


def check(manifests: Mapping[str, Manifest], there: Mapping[str, Iterable[str]]) -> None:
    """Raises ManifestError unless each manifest lists exactly what belongs to its set."""
    for name, manifest in manifests.items():
        wanted, listed = set(there[name]), set(manifest.ids)
        if missing := sorted(wanted - listed):
            raise ManifestError(f"{missing[0]} is not in the {name} manifest ({len(missing)} such)")
        if gone := sorted(listed - wanted):
            raise ManifestError(
                f"the {name} manifest lists {gone[0]}, which does not belong there ({len(gone)} such)"
            )


def write(suites: Path, there: Mapping[str, Iterable[str]]) -> None:
    """Write every manifest anew."""
    for name, ids in there.items():
        manifest_path(suites, name).write_text(render(ids), encoding="utf-8")


def load_one(suites: Path, name: str) -> Manifest:
    """One committed manifest. Raises ManifestError."""
    path = manifest_path(suites, name)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestError(f"no manifest {path}: {error.strerror}") from error
    ids = tuple(text.splitlines())
    if text != render(ids):
        raise ManifestError(f"{path} is not sorted, or names an id twice")
    return made(name, ids)


def _rules(suites: Path) -> dict[str, frozenset[str] | None]:
    """The operations of each set; None: all of them. Raises CaseError."""
    path = suites / "sets.yaml"
    try:
        marked = read(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(path.name, 1, f"cannot be read: {error}", _SETS_HINT) from None
    wanted: dict[str, Any] = {}
    for name in SETS:
        entry = marked.value.get(name) if isinstance(marked.value, dict) else None
        operations = entry.get("operations") if isinstance(entry, dict) else None
        line = marked.line((name, "operations"))
        if operations != "all" and not isinstance(operations, list):
            raise CaseError(path.name, line, f"does not say the operations of {name}", _SETS_HINT)
        if operations != "all" and (unknown := [one for one in operations if str(one) not in OPERATIONS]):
            line = marked.line((name, "operations", operations.index(unknown[0])))
            raise CaseError(path.name, line, f"{unknown[0]!r} is no operation", _SETS_HINT)
        wanted[name] = operations
    return {name: None if said == "all" else frozenset(said) for name, said in wanted.items()}
