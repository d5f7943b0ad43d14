"""A policy as a value: which checks it needs, which levels, and what clients may make of faults. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.globs import fits, fits_any
from harness.manifest import EVERYTHING
from harness.results.record import Record
from harness.safety.outcome import Outcome
from harness.vocabulary import ExitCode, Level, Verdict

_OURS = frozenset({"crowd"})
"""What our own suites call the raw client that they drive: it is nobody's client."""

CLIENT, FAULT, ACTION = "client", "fault", "action"
"""Axes of cells that mean the same in every matrix."""


@dataclass(frozen=True, slots=True)
class About:
    """What a policy asks about a check: its id, its client where it has one, and the values of its cell."""

    id: str
    client: str = ""
    cell: Mapping[str, str] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """The suites that it is in, from the folder to the scenario: `azcopy`, `azcopy/transfer`, …"""
        parts = self.id.partition("[")[0].split("/")
        return tuple("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def about(record: Record) -> About:
    """What a policy asks about a record."""
    cell = record.get("cell") or {}
    client = cell.get(CLIENT) or record.get("client") or ""
    # A scenario that drove no client bears the name of its folder; one that could not run does so too.
    unnamed = record.get("client_version") is None and client == record.get("gate")
    if client in _OURS or (unnamed and record["verdict"] != Verdict.NOT_RUN.value):
        client = ""
    return About(record["id"], client, cell)


def about_id(one: str) -> About:
    """The same of an id that has no record: a cell names its values, and else no client is known."""
    text = one.partition("[")[2].rstrip("]")
    cell = {axis: value for axis, _, value in (part.partition("=") for part in text.split(",")) if value}
    return About(one, cell.get(CLIENT, ""), cell)


@dataclass(frozen=True, slots=True)
class Safety:
    """What clients may make of faults: of the cells that it is about, only these outcomes are allowed."""

    allow: frozenset[Outcome]
    clients: tuple[str, ...] = ("*",)
    faults: tuple[str, ...] = ("*",)
    actions: tuple[str, ...] = ("*",)

    def is_about(self, one: About) -> bool:
        """Whether it says what this cell may end with."""
        return (
            FAULT in one.cell
            and fits_any(one.client, self.clients)
            and fits_any(one.cell[FAULT], self.faults)
            and fits_any(one.cell.get(ACTION, ""), self.actions)
        )

    def __str__(self) -> str:
        said = [("clients", self.clients), ("faults", self.faults), ("actions", self.actions)]
        named = [f"{key} {', '.join(globs)}" for key, globs in said if globs != ("*",)]
        return "; ".join(named) or "all clients and faults"


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold.

    A broken assertion of one of `levels` fails the gate, in whatever of the set `include` names and `exclude`
    does not (patterns over ids), as far as it is in one of `suites`, of one of `clients` and of one of
    `faults`; empty: of any. What is of no client, or meets no fault, is not touched by these two. All of that
    must have been verified, or be outside the denominator. Of `safety` the first that is about a cell counts.
    """

    name: str
    says: str = ""
    set: str = EVERYTHING
    levels: tuple[Level, ...] = (Level.REQUIRED,)
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    safety: tuple[Safety, ...] = ()

    def covers(self, one: About) -> bool:
        """Whether the gate needs this check."""
        return (
            fits_any(one.id, self.include)
            and not fits_any(one.id, self.exclude)
            and (not self.suites or any(fits_any(place, self.suites) for place in one.places))
            and (not self.clients or not one.client or fits_any(one.client, self.clients))
            and (not self.faults or FAULT not in one.cell or fits_any(one.cell[FAULT], self.faults))
        )

    def judged(self, record: Record) -> Verdict:
        """The verdict as far as this gate cares: what it allows counts as passed."""
        verdict = Verdict(record["verdict"])
        if verdict is Verdict.LENIENT and Level.EXPECTED not in self.levels:
            return Verdict.PASS
        return verdict

    def rules_on(self, record: Record) -> Safety | None:
        """The rule for what became of a client under a fault; None where nothing did, or there is no rule."""
        if record.get("outcome", Outcome.NOT_STRUCK) == Outcome.NOT_STRUCK:
            return None
        asked = about(record)
        return next((rule for rule in self.safety if rule.is_about(asked)), None)

    def refused(self, record: Record) -> bool:
        """Whether what became of a client under a fault is not allowed."""
        rule = self.rules_on(record)
        return rule is not None and record["outcome"] not in rule.allow

    def narrowed(self, ids: Iterable[str]) -> Policy:
        """The same for a run of these ids alone: what names none of them is for another run to hold."""
        there = tuple(ids)
        return replace(
            self, include=tuple(one for one in self.include if any(fits(name, one) for name in there))
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Go or no-go, and why not."""

    policy: str
    exit_code: ExitCode
    reasons: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether it is a go."""
        return self.exit_code is ExitCode.MET
