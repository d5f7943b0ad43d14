"""The five outcomes of a client under a fault, and how one is chosen. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass


class Outcome(enum.StrEnum):
    """What became of a task while something broke. The client's word is never taken for the data."""

    RECOVERS = "recovers"  # it says done, and everything is right
    FAILS_LOUDLY = "fails-loudly"  # it says failed, whatever is there
    CORRUPTS_SILENTLY = "corrupts-silently"  # it says done, and something is wrong
    HANGS = "hangs"  # it says neither within the budget
    NOT_STRUCK = "not-struck"  # it sent no request that the fault is about: nothing was learnt


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is not as the task wanted it."""

    about: str
    expected: str
    observed: str
    told: bool = False  # it is the client's word that is wrong, not what is there

    def __str__(self) -> str:
        return f"{self.about}: {self.observed}"


_OF_THIS_RUN = re.compile(r"\s*\b(?:RequestId|Time):\s*(?:\w{3}, \d+ \w+ \d+ )?\S+(?: GMT)?")
_WORDS = 240
"""Characters of a client's last words that are kept."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An outcome, and the sentence that explains it."""

    outcome: Outcome
    note: str


def judge(told: str, said: str, wrong: Sequence[Wrong], *, struck: bool, there: str = "") -> Judged:
    """The outcome of a task.

    `told` is the client's own word (`done`, `failed` or `hung`) and `said` its last line; `wrong` is what an
    own look found; `there` says what of the task's result is there. `struck` is whether the fault hit a
    request: where it did not, nothing is said about the client, however it went.
    """
    if not struck:
        return Judged(Outcome.NOT_STRUCK, "the client sent no request that the fault is about")
    if told == "done":
        if not wrong:
            return Judged(Outcome.RECOVERS, "")
        return Judged(Outcome.CORRUPTS_SILENTLY, "; ".join(str(one) for one in wrong))
    last = _OF_THIS_RUN.sub("", said).strip()[:_WORDS]
    words = "; ".join(filter(None, (there, f"it said: {last}" if last else "it said nothing")))
    return Judged(Outcome.HANGS if told == "hung" else Outcome.FAILS_LOUDLY, words)
