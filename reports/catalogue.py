"""What the ids in a result mean: requirement sentences and source titles, from the suites' own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.vocabulary import ExitCode


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
    clients: tuple[str, ...] = ()  # those that are known to break without it


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
    """Reads `requirements.yaml` and `sources.yaml` of a suites folder; a file that is absent is empty.

    Raises CatalogueError when a file is there and cannot be read.
    """
    requirements = {
        identity: Requirement(
            id=identity,
            says=str(entry.get("says", "")),
            level=str(entry.get("level", "")),
            clients=tuple(str(client) for client in entry.get("clients") or ()),
        )
        for identity, entry in _entries(suites / "requirements.yaml").items()
    }
    sources = _entries(suites / "sources.yaml")
    return Catalogue(requirements, {key: str(entry.get("title", "")) for key, entry in sources.items()})


def _entries(path: Path) -> dict[str, Mapping[str, Any]]:
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise CatalogueError(f"{path} is not a mapping from ids to entries")
    return {str(key): entry for key, entry in content.items()}
