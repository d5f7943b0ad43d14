"""The words every other module uses: levels, verdicts and exit codes, and how they combine.

The tables here are the tables of the design (section 5). Documentation is generated from them, never
the other way round.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Level(enum.StrEnum):
    """How much an assertion matters."""

    REQUIRED = "required"  # a real client breaks, or data is lost
    EXPECTED = "expected"  # documented; no known client breaks
    OBSERVED = "observed"  # recorded, never scored


class Verdict(enum.StrEnum):
    """What became of an assertion, a case or a client scenario."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    DIFFERS = "differs"
    LENIENT = "lenient"
    OBSERVED = "observed"
    UNSUPPORTED = "unsupported"
    NOT_APPLICABLE = "not-applicable"
    NOT_RUN = "not-run"
    BLOCKED = "blocked"
    INDETERMINATE = "indeterminate"
    HARNESS_ERROR = "harness-error"
    KNOWN = "known"
    STALE = "stale"

    @property
    def meaning(self) -> str:
        """One sentence for reports."""
        return _MEANING[self]

    @property
    def counts_as(self) -> str:
        """What it does to the two numbers, divergence and coverage."""
        return _COUNTS_AS[self]

    @property
    def verified(self) -> bool:
        """Whether this verdict says something about the endpoint's conformance (divergence's denominator)."""
        return self in _VERIFIED

    @property
    def diverges(self) -> bool:
        """Whether this verdict is a divergence at the strictest gate."""
        return self in (Verdict.DIFFERS, Verdict.LENIENT)

    @property
    def rank(self) -> int:
        """How bad it is: 0 is the worst. Sorts verdicts worst first."""
        return _RANK[self]


_MEANING = {
    Verdict.PASS: "every assertion held",
    Verdict.DIFFERS: "a required assertion broke",
    Verdict.LENIENT: "an expected assertion broke",
    Verdict.OBSERVED: "recorded only, not scored",
    Verdict.UNSUPPORTED: "the endpoint says that it does not offer this operation",
    Verdict.NOT_APPLICABLE: "the client or the configuration cannot do it",
    Verdict.NOT_RUN: "a needed client or tool is missing here",
    Verdict.BLOCKED: "a premise failed, so nothing was verified",
    Verdict.INDETERMINATE: "time-out, reset or throttle after the budget",
    Verdict.HARNESS_ERROR: "our own fault",
    Verdict.KNOWN: "a ledger entry that still fails",
    Verdict.STALE: "a ledger entry that no longer fails",
}

_COUNTS_AS = {
    Verdict.PASS: "conformant",
    Verdict.DIFFERS: "divergence",
    Verdict.LENIENT: "divergence at the stricter gate",
    Verdict.OBSERVED: "not scored",
    Verdict.UNSUPPORTED: "coverage gap",
    Verdict.NOT_APPLICABLE: "outside the denominator",
    Verdict.NOT_RUN: "coverage gap; a gate that needs it is not met",
    Verdict.BLOCKED: "coverage gap, blamed on the premise",
    Verdict.INDETERMINATE: "coverage gap, never a pass",
    Verdict.HARNESS_ERROR: "never blamed on the endpoint",
    Verdict.KNOWN: "fine",
    Verdict.STALE: "a failure",
}

_VERIFIED = frozenset({Verdict.PASS, Verdict.DIFFERS, Verdict.LENIENT, Verdict.KNOWN, Verdict.STALE})

# Worst first. A case's verdict is its worst finding.
_SEVERITY = (
    Verdict.HARNESS_ERROR,
    Verdict.DIFFERS,
    Verdict.STALE,
    Verdict.INDETERMINATE,
    Verdict.BLOCKED,
    Verdict.NOT_RUN,
    Verdict.UNSUPPORTED,
    Verdict.LENIENT,
    Verdict.KNOWN,
    Verdict.PASS,
    Verdict.OBSERVED,
    Verdict.NOT_APPLICABLE,
)
_RANK = {verdict: rank for rank, verdict in enumerate(_SEVERITY)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; `observed` when there are none."""
    return min(verdicts, key=_RANK.__getitem__, default=Verdict.OBSERVED)


def broken(level: Level) -> Verdict:
    """The verdict of an assertion of this level that did not hold."""
    return {
        Level.REQUIRED: Verdict.DIFFERS,
        Level.EXPECTED: Verdict.LENIENT,
        Level.OBSERVED: Verdict.OBSERVED,
    }[level]


class ExitCode(enum.IntEnum):
    """What the process says to a script."""

    MET = 0
    DIVERGENCE = 1
    USAGE = 2
    INDETERMINATE = 3
    HARNESS = 4
    NOTHING_VERIFIED = 5
    OBJECTIVE_MISSED = 6

    @property
    def meaning(self) -> str:
        """One sentence for reports and documentation."""
        return _EXIT_MEANING[self]


_EXIT_MEANING = {
    ExitCode.MET: "the gate is met",
    ExitCode.DIVERGENCE: "divergence, or a ledger entry that is stale",
    ExitCode.USAGE: "wrong usage: arguments, configuration, unknown names",
    ExitCode.INDETERMINATE: "endpoint unreachable, or an answer never came",
    ExitCode.HARNESS: "our own fault",
    ExitCode.NOTHING_VERIFIED: "nothing verified, or a piece that the gate needs was not run",
    ExitCode.OBJECTIVE_MISSED: "a load objective was missed",
}


# Where several apply, the first of these is the exit code.
EXIT_PRECEDENCE = (
    ExitCode.USAGE,
    ExitCode.HARNESS,
    ExitCode.DIVERGENCE,
    ExitCode.INDETERMINATE,
    ExitCode.NOTHING_VERIFIED,
    ExitCode.OBJECTIVE_MISSED,
)


def exit_code(codes: Iterable[ExitCode]) -> ExitCode:
    """The one exit code of several that apply."""
    seen = set(codes)
    return next((code for code in EXIT_PRECEDENCE if code in seen), ExitCode.MET)
