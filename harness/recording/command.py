"""A command that somebody gives, as a scenario: `blobproof record -- azcopy copy …`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.endpoint import Style
from harness.recording.drivers import Driver, clients, driver
from harness.recording.drivers._script import ScriptDriver
from harness.recording.errors import ClientMissingError, RecordingError
from harness.recording.place import Command, Place
from harness.recording.scenario import ClientScenario, Run, Signed
from harness.tools.find import Found, Missing, find, pins
from harness.vocabulary import ExitCode

_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+.\w]*\w)?")
_ASK_SECONDS = 10.0
_NAME = re.compile(r"[^a-z0-9]+")


class UnknownVersionError(RecordingError):
    """The client does not say which version it is, and a golden spec must."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Given:
    """A command that was given: the scenario it makes, how to run it, and the program."""

    scenario: ClientScenario
    how: Driver
    found: Found


@dataclass(frozen=True, slots=True)
class _Plain:
    """Runs a program with the words as they are, where the user is."""

    tool: str
    inner: Driver | None = None

    def command(self, run: Run, place: Place) -> Command:
        """The process. Paths among the words mean what they mean to the user."""
        if self.inner is not None:
            return replace(self.inner.command(run, place), cwd=Path.cwd())
        words = tuple(place.fill(word) for word in run.words)
        return Command((str(place.found.path), *words), place.environment(run), Path.cwd())


def given_command(
    words: Sequence[str],
    *,
    name: str,
    exits: Sequence[int] = (0,),
    signed: Signed = "account-sas",
    style: Style = Style.PATH,
    secure: bool = False,
    seconds: float = 600.0,
    version: str = "",
) -> Given:
    """What `words` make: a client of the tools folder, or a program on PATH, and what it is told.

    Raises ClientMissingError, and UnknownVersionError where nothing says which version the program is.
    """
    program, *rest = words
    how, found = _program(program, version)
    scenario = ClientScenario(
        client=_NAME.sub("-", how.tool.lower()).strip("-"),
        name=name,
        title=f"{Path(program).name}, as a command line told it",
        why="Somebody recorded this command, and wants every endpoint to serve it.",
        flow=" ".join([Path(program).name, *rest[:1]]),
        run=(Run(tuple(rest), exits=tuple(exits), seconds=seconds),),
        signed=signed,
        style=style,
        secure=secure,
    )
    return Given(scenario, how, found)


def _program(program: str, version: str) -> tuple[_Plain, Found]:
    known = pins()
    pinned = next(
        (name for name, pin in known.items() if program in (name, pin.program.name) and program != "python"),
        None,
    )
    if pinned is not None and known[pinned].program.name != "python":
        found = find(pinned)
        if isinstance(found, Missing):
            raise ClientMissingError(f"{program} is missing: {found.reason}", found.how)
        inner = driver(pinned) if pinned in clients() else None
        return _Plain(pinned, None if isinstance(inner, ScriptDriver) else inner), found
    path = shutil.which(program)
    if path is None:
        raise ClientMissingError(
            f"no program {program!r} on PATH, and no tool of that name",
            "blobproof tools --list shows the clients that can be installed.",
        )
    said = version or _asked(path)
    if not said:
        raise UnknownVersionError(
            f"{program} does not say which version it is", "Say it with --client-version."
        )
    return _Plain(Path(program).name), Found(Path(program).name, Path(path).absolute(), said)


def _asked(path: str) -> str:
    """The first thing that looks like a version in what `--version` prints; empty when nothing does."""
    try:
        ran = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = (
        _VERSION.search((ran.stdout + ran.stderr).decode("utf-8", "replace")) if not ran.returncode else None
    )
    return match[0] if match else ""
