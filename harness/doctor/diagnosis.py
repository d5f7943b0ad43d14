"""What the doctor finds: checks in order, whose fault a failed one is, and the exit code that follows.

| fault | exit code | because |
|---|---|---|
| network | 3 | nobody answers, or not in time: nothing is known about the endpoint |
| tls | 3 | no TLS session can be had as configured: the endpoint is not reached |
| service | 3 | somebody answers, but it is no Blob service: the endpoint is not reached |
| clock | 3 | signed requests are refused for their date: nothing can be judged |
| credentials | 2 | the endpoint answers as it should: what was configured is wrong |
| addressing | 2 | the other addressing style works: what was configured is wrong |
| version | 1 | the endpoint refuses a released service version |
| endpoint | 1 | the endpoint is reached with good credentials, and the simplest operations go wrong |

A configuration that cannot be read never gets here: it is an `EndpointError`, exit code 2.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType

from harness.vocabulary import ExitCode


class Fault(enum.StrEnum):
    """Whose fault a failed check is."""

    NETWORK = "network"
    TLS = "tls"
    SERVICE = "service"
    CLOCK = "clock"
    CREDENTIALS = "credentials"
    ADDRESSING = "addressing"
    VERSION = "version"
    ENDPOINT = "endpoint"


_EXIT = MappingProxyType(
    {
        Fault.NETWORK: ExitCode.INDETERMINATE,
        Fault.TLS: ExitCode.INDETERMINATE,
        Fault.SERVICE: ExitCode.INDETERMINATE,
        Fault.CLOCK: ExitCode.INDETERMINATE,
        Fault.CREDENTIALS: ExitCode.USAGE,
        Fault.ADDRESSING: ExitCode.USAGE,
        Fault.VERSION: ExitCode.DIVERGENCE,
        Fault.ENDPOINT: ExitCode.DIVERGENCE,
    }
)


class Outcome(enum.StrEnum):
    """What became of a check."""

    OK = "ok"
    NOTE = "note"  # worth knowing, hinders nothing
    FAIL = "fail"
    SKIP = "skip"  # could not be looked at; `what` says why


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result."""

    name: str
    outcome: Outcome
    what: str  # one sentence: what was seen
    fault: Fault | None = None  # set when it failed
    hint: str | None = None  # what to do about it
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every check, in the order in which they were made."""

    endpoint: str
    url: str
    checks: tuple[Check, ...]

    @property
    def failure(self) -> Check | None:
        """The first check that failed: the later ones mostly follow from it."""
        return next((check for check in self.checks if check.outcome is Outcome.FAIL), None)

    @property
    def exit_code(self) -> ExitCode:
        """What a script is told, by the table of this module: the code of the first failure."""
        failure = self.failure
        return ExitCode.MET if failure is None or failure.fault is None else _EXIT[failure.fault]

    @property
    def line(self) -> str:
        """The whole diagnosis in one line, with the hint."""
        failure = self.failure
        if failure is None:
            return f"{self.endpoint}: ready"
        hint = f". {failure.hint}" if failure.hint else ""
        return f"{self.endpoint}: {failure.fault}: {failure.what}{hint}"
