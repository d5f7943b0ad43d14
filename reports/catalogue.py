"""What the ids in a result mean: requirement sentences and source titles, from the suites' own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reports.evidence import EvidenceError


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of the contract."""

    id: str
    says: str
    level: str = ""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Requirements and sources by id. An id nobody wrote down is shown as it is."""

    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)  # id -> title

    def requirement(self, identity: str) -> Requirement | None:
        """The requirement of this id, if it is written down."""
        return self.requirements.get(identity)

    def source(self, identity: str) -> str | None:
        """The title of this source, if it is written down."""
        return self.sources.get(identity)


def load(suites: Path | None) -> Catalogue:
    """Reads `requirements.yaml` and `sources.yaml` of a suites folder; a file that is absent is empty.

    Raises EvidenceError when a file is there and is not YAML.
    """
    if suites is None:
        return Catalogue()
    requirements = {
        identity: Requirement(
            id=identity,
            says=str(entry.get("says", "")),
            level=str(entry.get("level", "")),
            source=tuple(str(item) for item in entry.get("source") or ()),
        )
        for identity, entry in _entries(suites / "requirements.yaml", "says").items()
    }
    sources = {
        identity: str(entry.get("title", ""))
        for identity, entry in _entries(suites / "sources.yaml", "title").items()
    }
    return Catalogue(requirements, sources)


def _entries(path: Path, main: str) -> dict[str, Mapping[str, Any]]:
    """id -> mapping; an entry that is a bare sentence is taken as its main key."""
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise EvidenceError(f"{path} cannot be read as YAML", f"Mend it: {error}") from error
    if not isinstance(content, dict):
        return {}
    return {str(key): value if isinstance(value, dict) else {main: value} for key, value in content.items()}
