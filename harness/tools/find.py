"""Finds an installed tool, or says in one sentence why it is not there and how to get it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harness.data import folder as data_folder
from harness.tools import debian
from harness.tools.folder import ToolsFolder, tools_folder
from harness.tools.pins import Pin, UnknownToolError, load_pins


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that can be started."""

    name: str
    path: Path
    version: str
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What its environment needs on top of ours."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A tool that cannot be started here."""

    name: str
    reason: str
    how: str  # what the user can do


def pins() -> Mapping[str, Pin]:
    """The committed pins, by name."""
    return load_pins(data_folder("fixtures") / "tools.toml")


def find(name: str, *, where: ToolsFolder | None = None) -> Found | Missing:
    """The tool of this name in the tools folder. Raises UnknownToolError for a name that no pin has."""
    known = pins()
    if name not in known:
        raise UnknownToolError(name, known)
    return find_pin(known[name], where or tools_folder())


def find_pin(pin: Pin, where: ToolsFolder) -> Found | Missing:
    """The same, for one pin in one folder."""
    how = f"Run: blobproof tools {pin.name}"
    if unfit := unfit_machine(pin):
        return Missing(pin.name, unfit, "Run it on a machine that the program is built for.")
    if not where.installed(pin):
        marker = where.marker(pin)
        other = f"version {marker.get('version')} is installed, {pin.version} is needed" if marker else None
        return Missing(
            pin.name, other or f"{pin.package} {pin.version} is not installed in {where.root}", how
        )
    if pin.runtime and shutil.which(pin.runtime) is None:
        return Missing(
            pin.name, f"{pin.runtime} is not on PATH", f"Install {pin.runtime} and its package manager."
        )
    program = where.of(pin) / pin.program
    env = debian.library_env(where.libraries(pin))
    if pin.libraries and (lacking := debian.lacking(program, env)):
        return Missing(pin.name, f"shared library missing: {', '.join(lacking)}", how)
    return Found(pin.name, program, pin.version, MappingProxyType(dict(env)))


def unfit_machine(pin: Pin) -> str | None:
    """Why this machine cannot run the tool at all; None when it can."""
    if pin.machines and platform.machine().lower() not in pin.machines:
        return f"{pin.package} has no program for {platform.machine()} processors"
    return None
