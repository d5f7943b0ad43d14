"""The requirement catalogue: what the contract says, sentence by sentence, and the titles of its sources.

`requirements/*.yaml` of a suites folder hold the sentences, a file for each area; `sources.yaml` the titles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.cases.errors import CaseError
from harness.cases.marks import Marked, read
from harness.vocabulary import ExitCode, Level

FOLDER = "requirements"
"""Where the sentences are, below the suites folder."""

_KEYS = frozenset({"says", "level", "source", "why", "clients", "untestable"})


class CatalogueError(Exception):
    """The suites' requirements or sources cannot be read."""

    exit_code = ExitCode.HARNESS
    hint = "Requirements and sources belong to the suites; mend the file, or install blobproof again."


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of the contract."""

    id: str
    says: str = ""  # empty: nobody wrote it down
    level: str = ""
    source: tuple[str, ...] = ()
    why: str = ""
    clients: tuple[str, ...] = ()  # those that are known to break without it
    untestable: str = ""  # why no case can test it from outside, or here
    area: str = ""  # the file it stands in


@dataclass(frozen=True, slots=True)
class Source:
    """Where a sentence comes from."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Requirements and sources by id. An id that nobody wrote down is shown as it is."""

    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)  # of sources

    def requirement(self, identity: str) -> Requirement:
        """The requirement of this id."""
        return self.requirements.get(identity) or Requirement(identity)

    def source(self, identity: str) -> Source:
        """The source of this id; without a title of its own it has the title of the part before the slash."""
        title = self.titles.get(identity) or self.titles.get(identity.partition("/")[0], "")
        return Source(identity, title)


def load(suites: Path) -> Catalogue:
    """Reads the requirements and sources of a suites folder; what is absent is empty.

    Raises CatalogueError when a file is there and cannot be read.
    """
    try:
        sources = _read(suites / "sources.yaml", "sources.yaml").value
        titles = {key: str(entry.get("title", "")) for key, entry in sources.items()}
        return Catalogue(requirements(suites), titles)
    except (CaseError, AttributeError) as error:
        raise CatalogueError(str(error)) from error


def requirements(suites: Path) -> dict[str, Requirement]:
    """Every requirement by id, area by area. Raises CaseError with the file and line of what is wrong."""
    found: dict[str, Requirement] = {}
    for path in sorted((suites / FOLDER).glob("*.yaml")):
        for requirement, file, line in _area(path):
            if requirement.id in found:
                raise CaseError(
                    file, line, f"{requirement.id} stands in {found[requirement.id].area}.yaml already"
                )
            found[requirement.id] = requirement
    return found


def _area(path: Path) -> Iterator[tuple[Requirement, str, int]]:
    file = f"{FOLDER}/{path.name}"
    marked = _read(path, file)
    for identity, entry in marked.value.items():
        line = marked.line((identity,))
        yield _requirement(identity, entry, path.stem, file, line), file, line


def _requirement(identity: str, entry: Any, area: str, file: str, line: int) -> Requirement:
    if not isinstance(entry, dict):
        raise CaseError(file, line, f"{identity} is not a mapping with says, level and source")
    if unknown := sorted(set(entry) - _KEYS):
        raise CaseError(file, line, f"{identity} has the unknown key {unknown[0]!r}")
    for key in ("says", "level", "source"):
        if not entry.get(key):
            raise CaseError(file, line, f"{identity} has no {key!r}")
    if entry["level"] not in set(Level):
        raise CaseError(file, line, f"{identity} has the level {entry['level']!r}, which is none")
    return Requirement(
        id=identity,
        says=str(entry["says"]),
        level=str(entry["level"]),
        source=_texts(entry["source"]),
        why=str(entry.get("why") or ""),
        clients=_texts(entry.get("clients")),
        untestable=str(entry.get("untestable") or ""),
        area=area,
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in (value if isinstance(value, list) else [value] if value else []))


def _read(path: Path, file: str) -> Marked:
    """A file as a mapping; an absent or empty one is an empty mapping. Raises CaseError."""
    try:
        marked = read(file, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Marked(file, {}, {})
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(file, 1, f"cannot be read: {error}") from None
    except CaseError as error:
        if error.message == "the file is empty":
            return Marked(file, {}, {})
        raise
    if marked.value is None:
        return Marked(file, {}, {})
    if not isinstance(marked.value, dict):
        raise CaseError(file, 1, "not a mapping from ids to entries")
    return marked
