"""A driver for clients that are libraries: a script of ours runs in the client's own environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.recording.place import Command, Place, script_input
from harness.recording.scenario import Run

_SCRIPTS = Path(__file__).resolve().parents[2] / "clients" / "scripts"


@dataclass(frozen=True, slots=True)
class ScriptDriver:
    """Starts `script` and feeds it one JSON object: the function that the run names, and where to work.

    A Python script runs in the interpreter of the pin. Any other is a module for Node, which is told the
    folder of the pin's packages.
    """

    tool: str
    script: str  # a file of harness/clients/scripts
    words: tuple[str, ...] = ()  # what the script gets behind its own name: a flavour, say

    def command(self, run: Run, place: Place) -> Command:
        """The interpreter with the script; the credential goes through the pipe alone."""
        script = str(_SCRIPTS / self.script)
        if self.script.endswith(".py"):
            start: tuple[str, ...] = (str(place.found.path), "-B", "-u", script)
        else:
            packages = next(folder for folder in place.found.path.parents if folder.name == "node_modules")
            start = ("node", script, str(packages))
        return Command(
            argv=(*start, *self.words),
            env=place.environment(run),
            cwd=place.home,
            stdin=script_input(run, place),
        )
