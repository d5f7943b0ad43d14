"""Gates: a policy says what must hold; a run either meets it or does not. Pure, but for reading the file."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data import folder
from harness.manifest import EVERYTHING, GATES, GOLDEN, SETS
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import ExitCode, Level, Verdict, exit_code

_KEYS = {"name": str, "says": str, "set": str, "levels": list, "include": list, "exclude": list}
_NAMED = 3  # ids that a reason names before it only counts


class PolicyError(Exception):
    """A policy that cannot be used."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold.

    A broken assertion of one of `levels` fails the gate, in whatever of the set `include` names and `exclude`
    does not (globs over ids). All of that must have been verified, or be outside the denominator.
    """

    name: str
    says: str = ""
    set: str = EVERYTHING
    levels: tuple[Level, ...] = (Level.REQUIRED,)
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()

    def covers(self, record: str) -> bool:
        """Whether the gate needs this case or scenario."""
        return _any(record, self.include) and not _any(record, self.exclude)

    def narrowed(self, ids: Iterable[str]) -> Policy:
        """The same for a run of these ids alone: what names none of them is for another run to hold."""
        there = tuple(ids)
        return replace(self, include=tuple(one for one in self.include if fnmatch.filter(there, one)))


@dataclass(frozen=True, slots=True)
class Decision:
    """Go or no-go, and why not."""

    policy: str
    exit_code: ExitCode
    reasons: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether it is a go."""
        return self.exit_code is ExitCode.MET


def load(name: str) -> Policy:
    """A policy by its name (`mvp`, `strict`) or by the path of a TOML file. Raises PolicyError."""
    path = Path(name)
    if path.suffix != ".toml":
        path = folder("fixtures") / "gates" / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in path.parent.glob("*.toml")))
            raise PolicyError(
                f"no gate is called {name!r}", f"Gates: {known}; or give the path of a .toml file."
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"{path} cannot be read: {error.strerror}", "Check its name and rights.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} is not TOML: {error}", "See fixtures/gates/mvp.toml.") from error
    for key, value in table.items():
        if key not in _KEYS:
            raise PolicyError(f"{path}: unknown key {key!r}", f"Keys: {', '.join(_KEYS)}.")
        kind = _KEYS[key]
        if not isinstance(value, kind) or (kind is list and not all(isinstance(one, str) for one in value)):
            wanted = "a list of texts" if kind is list else "a text"
            raise PolicyError(f"{path}: {key} must be {wanted}", "See fixtures/gates/mvp.toml.")
    try:
        levels = tuple(Level(level) for level in table.get("levels", (Level.REQUIRED,)))
    except ValueError as error:
        raise PolicyError(f"{path}: {error}", f"Levels: {', '.join(Level)}.") from error
    return Policy(
        name=table.get("name", path.stem),
        says=table.get("says", ""),
        set=_set(path, table.get("set", EVERYTHING)),
        levels=levels,
        include=tuple(table.get("include", ("*",))),
        exclude=tuple(table.get("exclude", ())),
    )


def _set(path: Path, name: str) -> str:
    if name not in (known := (*SETS, GATES, GOLDEN)):
        raise PolicyError(f"{path}: there is no set {name!r}", f"Sets: {', '.join(known)}.")
    return name


def decide(results: Results, policy: Policy, listed: Collection[str] = ()) -> Decision:
    """Whether the run meets the gate. A pattern that names nothing in the run is no gate: exit code 5.

    `listed` are ids that must be in the run, whether it selected them or not: those of the set's manifest,
    where the gate is about an endpoint and not about a selection.
    """
    reasons = tuple(_reasons(results, policy, listed))
    return Decision(policy.name, exit_code(code for code, _ in reasons), tuple(said for _, said in reasons))


def _reasons(results: Results, policy: Policy, manifest: Collection[str]) -> Iterator[tuple[ExitCode, str]]:
    listed = frozenset(one for one in results.chosen(policy.set) if policy.covers(one))
    needed = [record for record in results.records if record["id"] in listed]
    by_verdict: dict[Verdict, list[str]] = {}
    for record in needed:
        by_verdict.setdefault(_judged(record, policy), []).append(record["id"])
    for verdict, (code, says) in _FAILURES.items():
        if ids := by_verdict.get(verdict):
            yield code, f"{says}: {_some(ids)}"
    if missing := sorted(listed - {record["id"] for record in needed}):
        yield ExitCode.INDETERMINATE, f"the run was cut off before: {_some(missing)}"
    elif not results.complete:
        yield ExitCode.INDETERMINATE, "the run was cut off"
    if left_out := sorted(one for one in set(manifest) - set(results.selection) if policy.covers(one)):
        yield ExitCode.NOTHING_VERIFIED, f"not part of this run: {_some(left_out)}"
    if not any(verdict.verified for verdict in by_verdict):
        yield ExitCode.NOTHING_VERIFIED, "nothing was verified"
    for pattern in policy.include:
        if not any(fnmatch.fnmatchcase(one, pattern) for one in results.chosen(policy.set)):
            yield ExitCode.NOTHING_VERIFIED, f"the gate names {pattern}, and the run has no such thing"


_FAILURES = {
    Verdict.HARNESS_ERROR: (ExitCode.HARNESS, "our own fault"),
    Verdict.DIFFERS: (ExitCode.DIVERGENCE, "differs"),
    Verdict.LENIENT: (ExitCode.DIVERGENCE, "lenient, which this gate does not allow"),
    Verdict.STALE: (ExitCode.DIVERGENCE, "in the ledger, but passes"),
    Verdict.INDETERMINATE: (ExitCode.INDETERMINATE, "no answer"),
    Verdict.UNSUPPORTED: (ExitCode.NOTHING_VERIFIED, "not offered by the endpoint"),
    Verdict.BLOCKED: (ExitCode.NOTHING_VERIFIED, "blocked by a premise that failed"),
    Verdict.NOT_RUN: (ExitCode.NOTHING_VERIFIED, "not run"),
}


def _judged(record: Record, policy: Policy) -> Verdict:
    """The verdict as far as this gate cares: what it allows counts as passed."""
    verdict = Verdict(record["verdict"])
    if verdict is Verdict.LENIENT and Level.EXPECTED not in policy.levels:
        return Verdict.PASS
    return verdict


def _any(one: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(one, pattern) for pattern in patterns)


def _some(ids: list[str]) -> str:
    named = ", ".join(ids[:_NAMED])
    return f"{named} and {len(ids) - _NAMED} more" if len(ids) > _NAMED else named
