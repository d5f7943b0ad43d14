"""The committed manifest: which cases and scenarios there are to verify. It is coverage's denominator."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary import ExitCode

NAME = "mvp"


class ManifestError(Exception):
    """The manifest is missing, or does not say what the suites hold."""

    exit_code = ExitCode.HARNESS

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.hint = "blobproof list --write-manifest writes it anew; commit it with the cases."


@dataclass(frozen=True, slots=True)
class Manifest:
    """A frozen set of ids."""

    name: str
    ids: tuple[str, ...]
    sha256: str


def manifest_path(suites: Path, name: str = NAME) -> Path:
    """Where a manifest stands."""
    return suites / f"{name}.manifest"


def render(ids: Iterable[str]) -> str:
    """The text of a manifest: one id a line, sorted."""
    return "".join(f"{one}\n" for one in sorted(set(ids)))


def load(suites: Path, name: str = NAME) -> Manifest:
    """The committed manifest. Raises ManifestError."""
    path = manifest_path(suites, name)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestError(f"no manifest {path}: {error.strerror}") from error
    ids = tuple(text.splitlines())
    if text != render(ids):
        raise ManifestError(f"{path} is not sorted, or names an id twice")
    return Manifest(name, ids, hashlib.sha256(text.encode()).hexdigest())


def check(manifest: Manifest, ids: Iterable[str]) -> None:
    """Raises ManifestError unless the manifest lists exactly these ids."""
    there, listed = set(ids), set(manifest.ids)
    if missing := sorted(there - listed):
        raise ManifestError(f"{missing[0]} is not in the {manifest.name} manifest ({len(missing)} such)")
    if gone := sorted(listed - there):
        raise ManifestError(
            f"the {manifest.name} manifest lists {gone[0]}, which does not exist ({len(gone)} such)"
        )
