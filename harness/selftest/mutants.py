"""The façade's mutants, as it lists them itself: it is a process to us, and no module."""

from __future__ import annotations

import difflib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary import ExitCode

_SECONDS = 60.0
_PACKAGES = Path(__file__).resolve().parents[2]  # where `-m reference_impl` is found


class MutantsError(Exception):
    """The façade does not list its mutants."""

    exit_code = ExitCode.HARNESS
    hint = "`python -m reference_impl mutants` must print a line for each; mend the mutant that it names."


class UnknownMutantError(Exception):
    """A name that no mutant has."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no mutant {name!r}")
        near = difflib.get_close_matches(name, list(known), 1)
        self.hint = f"Did you mean {near[0]}?" if near else "`blobproof mutants` lists them."


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong variant of the façade: the requirements that it breaks, and what is wrong in words."""

    name: str
    breaks: tuple[str, ...]
    about: str


def mutants() -> tuple[Mutant, ...]:
    """All mutants, by name. Raises MutantsError."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "reference_impl", "mutants"],
            cwd=_PACKAGES,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MutantsError(f"the mutants cannot be listed: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise MutantsError(f"the mutants cannot be listed: {said[-1] if said else 'no reason was given'}")
    return tuple(_mutant(line) for line in done.stdout.splitlines())


def pick(known: Sequence[Mutant], names: Iterable[str]) -> tuple[Mutant, ...]:
    """The mutants of these names, or all when none is named. Raises UnknownMutantError."""
    by_name = {one.name: one for one in known}
    wanted = dict.fromkeys(names)
    for name in wanted:
        if name not in by_name:
            raise UnknownMutantError(name, by_name)
    return tuple(by_name[name] for name in wanted) if wanted else tuple(known)


def _mutant(line: str) -> Mutant:
    fields = line.split("\t")
    if len(fields) != 3:
        raise MutantsError(f"the façade lists a mutant in words that are not understood: {line!r}")
    name, breaks, about = fields
    return Mutant(name, tuple(breaks.split(",")), about)
