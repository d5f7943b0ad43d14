"""What `blobproof record` shows: a bar while clients work, and a line on what became of each scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from blobproof.bar import Bar, counting

_WORDS = {
    "written": "written to",
    "same": "the same as in the library",
    "differs": "DIFFERS",
    "failed": "FAILED",
}


class Progress(Bar):
    """A bar over scenarios, with a word on what is going on."""

    def __init__(self, console: Console, endpoint: str, total: int) -> None:
        super().__init__(console, *counting())
        self._task = self._bar.add_task(f"records on {escape(endpoint)}", total=total, said="starts")

    def say(self, words: str) -> None:
        """What is being done now."""
        self._bar.update(self._task, said=f"[dim]{escape(words)}[/]")

    def done(self) -> None:
        """One more scenario."""
        self._bar.advance(self._task)


def line(facts: Mapping[str, Any]) -> str:
    """What became of a scenario, in a line; remarks and what varied below it."""
    result = facts["result"]
    head = f"{facts['scenario']}: {_WORDS[result]}"
    if result == "written":
        head += f" {facts['file']}"
    elif result != "same":
        head += f": {facts['why']}"
    lines = [head]
    if facts.get("hint"):
        lines.append(f"  {facts['hint']}")
    if facts.get("varied"):
        lines.append(f"  {facts['recordings']} recordings, because of: {'; '.join(facts['varied'])}")
    lines += [f"  remark: {remark}" for remark in facts.get("remarks", ())]
    return "\n".join(lines)
