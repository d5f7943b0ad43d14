"""Pins: which tool, from which package manager, in which version. Read from fixtures/tools.toml."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.vocabulary import ExitCode


class Manager(enum.StrEnum):
    """Who installs a tool."""

    NPM = "npm"
    PIP = "pip"


@dataclass(frozen=True, slots=True)
class Pin:
    """One tool, pinned."""

    name: str
    what: str  # one phrase for people
    manager: Manager
    package: str
    version: str
    program: Path  # relative to the tool's own folder
    also: tuple[str, ...] = ()  # further requirements, `name==version`
    alone: bool = False  # installed without what it depends on: `also` holds whatever it needs here
    runtime: str | None = None  # a program on PATH that the tool needs to run
    machines: tuple[str, ...] = ()  # processor names it is built for; empty: any
    libraries: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Shared library name → Debian packages that hold it; the first that the release knows is taken."""

    @property
    def requirement(self) -> str:
        """The package with its version, as its manager spells it."""
        return (
            f"{self.package}@{self.version}"
            if self.manager is Manager.NPM
            else f"{self.package}=={self.version}"
        )


class PinsError(Exception):
    """The pins file is not as it should be."""

    exit_code = ExitCode.HARNESS

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.hint = "The file comes with Blobproof. Restore it, or install Blobproof again."


class UnknownToolError(Exception):
    """A tool name that no pin has."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Mapping[str, Pin]) -> None:
        super().__init__(f"no tool is called {name!r}")
        self.hint = f"Tools: {', '.join(sorted(known))}."


def load_pins(path: Path) -> Mapping[str, Pin]:
    """All pins of a file, by name. Raises PinsError."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise PinsError(path, str(error)) from error
    return MappingProxyType({name: _pin(path, name, table) for name, table in tables.items()})


def _pin(path: Path, name: str, table: Any) -> Pin:
    try:
        return Pin(
            name=name,
            what=table["what"],
            manager=Manager(table["manager"]),
            package=table["package"],
            version=table["version"],
            program=Path(table["program"]),
            also=tuple(table.get("with", ())),
            alone=table.get("no-dependencies", False) is True,
            runtime=table.get("runtime"),
            machines=tuple(table.get("machines", ())),
            libraries=MappingProxyType({k: tuple(v) for k, v in table.get("libraries", {}).items()}),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PinsError(path, f"[{name}] {type(error).__name__}: {error}") from error
