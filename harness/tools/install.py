"""Installs pinned tools into the tools folder: says what it does, can be repeated, never raises at a user."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.tools import debian
from harness.tools.command import CommandFailedError, run
from harness.tools.find import Found, Missing, find_pin, pins, unfit_machine
from harness.tools.folder import ToolsFolder, tools_folder
from harness.tools.pins import Manager, Pin, UnknownToolError

Report = Callable[[str], None]
"""Takes one line for the user."""

_NPM_SECONDS = 300.0
_PIP_SECONDS = 420.0


def install(
    names: Iterable[str] = (), report: Report = lambda line: None, *, where: ToolsFolder | None = None
) -> tuple[Found | Missing, ...]:
    """Install the named tools (all of them when none is named); what is there already is left alone.

    Raises UnknownToolError for a name that no pin has; every other trouble is a Missing with its reason.
    """
    known = pins()
    wanted = tuple(names) or tuple(known)
    for name in wanted:
        if name not in known:
            raise UnknownToolError(name, known)
    folder = where or tools_folder()
    return tuple(_one(known[name], folder, report) for name in wanted)


def _one(pin: Pin, folder: ToolsFolder, report: Report) -> Found | Missing:
    found = find_pin(pin, folder)
    if isinstance(found, Found):
        report(f"{pin.name} {pin.version}: already there ({found.path})")
        return found
    how = f"Mend that, then run: blobproof tools {pin.name}"
    if unfit := unfit_machine(pin):
        report(f"{pin.name} {pin.version}: not installed: {unfit}")
        return found
    try:
        with folder.locked():
            _get(pin, folder, report)
    except CommandFailedError as error:
        found = Missing(pin.name, str(error), how)
    except OSError as error:
        found = Missing(pin.name, f"{folder.root}: {error.strerror or error}", how)
    else:
        found = find_pin(pin, folder)
    if isinstance(found, Missing):
        report(f"{pin.name} {pin.version}: not installed: {found.reason}")
    else:
        report(f"{pin.name} {pin.version}: installed ({found.path})")
    return found


def _get(pin: Pin, folder: ToolsFolder, report: Report) -> None:
    home = folder.of(pin)
    if not folder.installed(pin):  # another process may have done it while we waited for the lock
        report(f"{pin.name} {pin.version}: installing {pin.requirement} with {pin.manager} into {home}")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        {Manager.NPM: _npm, Manager.PIP: _pip}[pin.manager](pin, home, folder)
        program = home / pin.program
        if not program.exists():
            raise CommandFailedError(f"{pin.requirement} holds no {pin.program}")
        if not program.is_symlink():
            program.chmod(program.stat().st_mode | 0o755)
        folder.mark(pin)
    if pin.libraries:
        debian.provide(
            home / pin.program,
            pin.libraries,
            private=folder.libraries(pin),
            cache=folder.cache,
            say=lambda line: report(f"{pin.name} {pin.version}: {line}"),
        )


def _npm(pin: Pin, home: Path, folder: ToolsFolder) -> None:
    run(
        [
            "npm",
            "install",
            "--prefix",
            str(home),
            "--cache",
            str(folder.cache / "npm"),
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--no-update-notifier",
            "--ignore-scripts",
            "--omit=dev",
            "--loglevel=error",
            "--fetch-retries=1",
            "--fetch-timeout=60000",
            pin.requirement,
            *pin.also,
        ],
        seconds=_NPM_SECONDS,
        cwd=home,
    )


def _pip(pin: Pin, home: Path, folder: ToolsFolder) -> None:
    run([sys.executable, "-P", "-m", "venv", str(home)], seconds=120)
    if not pin.alone:
        _pip_install(home, folder, pin.requirement, *pin.also)
        return
    if pin.also:
        _pip_install(home, folder, *pin.also)
    _pip_install(home, folder, "--no-deps", pin.requirement)


def _pip_install(home: Path, folder: ToolsFolder, *words: str) -> None:
    run(
        [
            str(home / "bin" / "python"),
            "-P",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--retries=1",
            "--cache-dir",
            str(folder.cache / "pip"),
            *words,
        ],
        seconds=_PIP_SECONDS,
        env={"PYTHONPATH": "", "VIRTUAL_ENV": ""},
    )
