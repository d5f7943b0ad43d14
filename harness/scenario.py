"""What a gate scenario says about the endpoint: checks, judged exchanges, or why nothing could be said.

A scenario is a pytest function under `suites/` that takes the fixture `scenario`. It never asserts: it
reports with `check`, so that every assertion is a finding with a level, expected and observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from harness.exchange import Exchange
from harness.results.finding import Finding, graded
from harness.vocabulary import Level, Verdict


class Ended(Exception):  # noqa: N818 - an ending, not an error
    """The scenario cannot say more; carries the verdict and the reason."""

    def __init__(self, verdict: Verdict, reason: str, source: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.source = source


@dataclass(slots=True)
class Scenario:
    """One scenario while it runs. `work` is an empty folder of its own; `logs` is kept with the run."""

    id: str
    work: Path
    logs: Path
    client: str = ""
    client_version: str = ""
    findings: list[Finding] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)
    outcome: str = ""  # what became of the client, where that is no word on the endpoint: `recovers`, say

    def used(self, client: str, version: str) -> None:
        """Say which client this scenario ran, and its version."""
        self.client, self.client_version = client, version

    def check(
        self,
        about: str,
        expected: object,
        observed: object,
        *,
        level: Level | str = Level.REQUIRED,
        why: str = "",
        source: Sequence[str] = (),
        requirement: str | None = None,
        holds: bool | None = None,
    ) -> bool:
        """Add a finding: `observed` must equal `expected` (or `holds` says so). Returns whether it held."""
        held = expected == observed if holds is None else holds
        level = Level(level)
        self.findings.append(
            Finding(
                about=about,
                level=level,
                verdict=graded(held, level),
                expected=str(expected),
                observed=str(observed),
                source=tuple(source),
                why=why or None,
                requirement=requirement,
            )
        )
        return held

    def exchanges(self, exchanges: Sequence[Exchange]) -> None:
        """Add exchanges of the client: they are kept as evidence, and the wire rules judge every one."""
        self.seen.extend(exchanges)

    def not_applicable(self, reason: str, source: Sequence[str] = ()) -> NoReturn:
        """End here: the client or the configuration cannot do this, and the source says so."""
        raise Ended(Verdict.NOT_APPLICABLE, reason, tuple(source))

    def not_run(self, reason: str) -> NoReturn:
        """End here: a needed client or tool is missing on this machine."""
        raise Ended(Verdict.NOT_RUN, reason)

    def indeterminate(self, reason: str) -> NoReturn:
        """End here: a time-out, a reset or a throttle after the budget."""
        raise Ended(Verdict.INDETERMINATE, reason)
