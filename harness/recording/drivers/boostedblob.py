"""boostedblob: its command bbb as users type it, and its library where a command has no words for something.

It knows no host but ACCOUNT.blob.core.windows.net, so its scenarios are in host style: the recorder is its
proxy. Words that begin with `library` name a function of our script, anything else is bbb's own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.recording.place import Command, Place, script_input
from harness.recording.scenario import Run

tool = "boostedblob"
_SCRIPT = Path(__file__).resolve().parents[2] / "clients" / "scripts" / "record_boostedblob.py"
_CONCURRENCY = "4"


def command(run: Run, place: Place) -> Command:
    """The process that does the run; the key is in its environment alone."""
    key = {"AZURE_STORAGE_KEY": place.key.reveal()} if place.key is not None else {}
    env = {
        **place.environment(run),
        "AZURE_STORAGE_ACCOUNT": place.account,
        "BBB_DISABLE_CACHE": "1",  # it would keep the key in a file
        "BBB_DEFAULT_CONCURRENCY": _CONCURRENCY,
        **key,
    }
    if run.words[0] != "library":
        words = tuple(place.fill(word) for word in run.words)
        return Command((str(place.found.path), *words), env, place.home)
    python = str(place.found.path.with_name("python"))
    stdin = script_input(replace(run, words=run.words[1:]), place)
    return Command((python, "-B", "-u", str(_SCRIPT)), env, place.home, stdin)
