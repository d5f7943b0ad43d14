"""Client impact: which flows of which clients the divergences of a run hurt, how badly, and why."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.catalogue import Catalogue
from harness.golden import trouble as t
from harness.golden.features import PLAIN
from harness.golden.harm import Harm, Severity
from harness.golden.reliance import Client, Effect, Fact, Reliance
from harness.golden.replayed import replay_harms
from harness.golden.risk import EVERYBODYS, fact_harm, hits, plain_harm, risk, uses
from harness.golden.spec import GoldenSpec
from harness.golden.trouble import Trouble, place, troubles
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import ExitCode, Level, Verdict, exit_code

Key = tuple[str, str]
"""A client's id and a flow."""


class State(enum.StrEnum):
    """What a run says about a flow."""

    HARMED = "harmed"
    HELD = "held"  # replayed, or done by the client itself, and nothing broke
    UNCONTRADICTED = "not contradicted"  # cases about its operations ran, and none that concerns it broke
    UNVERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing that users do with one client."""

    client: Client
    name: str  # "upload of a large file"
    specs: tuple[str, ...]  # golden specs and client scenarios that show it
    state: State
    harms: tuple[Harm, ...] = ()  # worst first, each reason once
    note: str = ""  # why it is not verified

    @property
    def severity(self) -> Severity | None:
        """The worst that happens to it."""
        return self.harms[0].severity if self.harms else None

    @property
    def known(self) -> bool:
        """Whether a ledger has all of it."""
        return bool(self.harms) and all(harm.known for harm in self.harms)


@dataclass(frozen=True, slots=True)
class ClientImpact:
    """The flows of one client, the most harmed first."""

    client: Client
    flows: tuple[Flow, ...]

    def of(self, *states: State) -> tuple[Flow, ...]:
        """The flows in one of these states."""
        return tuple(flow for flow in self.flows if flow.state in states)

    @property
    def verified(self) -> bool:
        """Whether the run says anything about this client."""
        return any(flow.state is not State.UNVERIFIED for flow in self.flows)

    @property
    def why_not(self) -> str:
        """Why it says nothing."""
        return self.flows[0].note if self.flows else "there is no golden spec of it, and it was not run"


@dataclass(frozen=True, slots=True)
class Impact:
    """What a run means for clients."""

    results: Results
    clients: tuple[ClientImpact, ...]
    troubled: frozenset[ExitCode] = frozenset()  # replays and clients that came to no verdict

    @property
    def flows(self) -> tuple[Flow, ...]:
        """All flows."""
        return tuple(flow for client in self.clients for flow in client.flows)

    @property
    def exit_code(self) -> ExitCode:
        """0: no flow is harmed; 1: one is; 3, 4: some could not be judged; 5: nothing was verified."""
        codes = set(self.troubled)
        if any(flow.harms and not flow.known for flow in self.flows):
            codes.add(ExitCode.DIVERGENCE)
        if not self.results.complete or not any(client.verified for client in self.clients):
            codes.add(ExitCode.NOTHING_VERIFIED)
        return exit_code(codes)


def impact(
    results: Results,
    specs: Sequence[GoldenSpec],
    reliance: Reliance,
    catalogue: Catalogue,
    only: frozenset[str] = frozenset(),
) -> Impact:
    """What a run means for the clients of the golden specs and of the table; `only` names some, by id."""
    found = _Finder(results, specs, reliance, catalogue)
    flows = found.flows()
    if only:
        flows = [flow for flow in flows if flow.client.id in only]
    by_client: dict[str, list[Flow]] = {one: [] for one in only}
    for flow in flows:
        by_client.setdefault(flow.client.id, []).append(flow)
    clients = (
        ClientImpact(reliance.client(one), tuple(sorted(own, key=_worst_first)))
        for one, own in by_client.items()
    )
    return Impact(results, tuple(sorted(clients, key=_by_worst)), found.undecided(only))


def _worst_first(flow: Flow) -> tuple[int, bool, str]:
    return (flow.severity.rank if flow.severity else len(Severity), flow.known, flow.name)


def _by_worst(of: ClientImpact) -> tuple[int, bool, str]:
    worst = min((flow.severity.rank for flow in of.flows if flow.severity), default=len(Severity))
    return (worst, not of.verified, of.client.name.lower())


_LONGEST = 200  # characters of a reason that a client's run gives
_UNDECIDED = {
    Verdict.INDETERMINATE: ExitCode.INDETERMINATE,
    Verdict.HARNESS_ERROR: ExitCode.HARNESS,
}
_BROKEN = frozenset({Verdict.DIFFERS, Verdict.UNSUPPORTED, Verdict.KNOWN})


class _Finder:
    """Goes through a run once, and collects what hurts which flow."""

    def __init__(
        self,
        results: Results,
        specs: Sequence[GoldenSpec],
        reliance: Reliance,
        catalogue: Catalogue,
    ) -> None:
        self._reliance = reliance
        self._catalogue = catalogue
        self._specs = {spec.id: spec for spec in specs}
        self._uses = {spec.id: uses(spec) for spec in specs}
        self._asks: dict[str, frozenset[str]] = {}  # the operations of clients with specs
        for spec in specs:
            self._asks[spec.client] = self._asks.get(spec.client, frozenset()) | spec.operations
        self._records = {record["id"]: record for record in results.records}
        self._place = place(results)
        self._known_rules = frozenset(
            record["id"].partition("/")[2]
            for record in results.records
            if record["kind"] == "rule" and record["verdict"] == Verdict.KNOWN.value
        )
        self._harms: defaultdict[Key, list[Harm]] = defaultdict(list)
        self._operations = frozenset(
            record["operation"]
            for record in results.records
            if record["kind"] == "case" and not _is_golden(record) and Verdict(record["verdict"]).verified
        )

    def flows(self) -> list[Flow]:
        """Every flow that a spec, a scenario or the table names."""
        for record in self._records.values():
            if _is_golden(record):
                self._replayed(record)
            elif record["kind"] == "scenario":
                self._driven(record)
            elif record["kind"] == "case":
                self._judged(record)
        shown: defaultdict[Key, list[str]] = defaultdict(list)
        for identity, key in self._shown():
            shown[key].append(identity)
        keys = dict.fromkeys([*shown, *self._harms])
        return [self._flow(key, tuple(shown.get(key, ()))) for key in keys]

    def undecided(self, only: frozenset[str]) -> frozenset[ExitCode]:
        """Exit codes of replays and client runs that came to no verdict."""
        return frozenset(
            code
            for record in self._records.values()
            if _is_golden(record) or record["kind"] == "scenario"
            if (code := _UNDECIDED.get(Verdict(record["verdict"]))) is not None
            if not only or self._key(record)[0] in only
        )

    # --- which flow ---

    def _shown(self) -> Iterator[tuple[str, Key]]:
        for spec in self._specs.values():
            yield spec.id, (spec.client, spec.flow)
        for record in self._records.values():
            if record["kind"] == "scenario" or (_is_golden(record) and record["id"] not in self._specs):
                yield record["id"], self._key(record)

    def _key(self, record: Record) -> Key:
        identity = record["id"]
        if identity in self._specs:
            return self._specs[identity].client, self._specs[identity].flow
        if _is_golden(record):  # of a library that is not ours
            return record.get("client") or identity.split("/")[1], record.get("flow") or record["title"]
        return self._reliance.client(record["client"]).id, identity.partition("/")[2]

    def _flow(self, key: Key, shown: tuple[str, ...]) -> Flow:
        client = self._reliance.client(key[0])
        if harms := _once(self._harms.get(key, ())):
            return Flow(client, key[1], shown, State.HARMED, harms)
        verdicts = [Verdict(self._records[one]["verdict"]) if one in self._records else None for one in shown]
        if verdicts and all(verdict is not None and verdict.verified for verdict in verdicts):
            return Flow(client, key[1], shown, State.HELD)
        asked = {name for one in shown if one in self._specs for name in self._specs[one].operations}
        if seen := asked & self._operations:
            note = f"cases verified {len(seen)} of its {len(asked)} operations"
            return Flow(client, key[1], shown, State.UNCONTRADICTED, note=note)
        return Flow(client, key[1], shown, State.UNVERIFIED, note=self._why_not(shown))

    def _why_not(self, shown: Iterable[str]) -> str:
        reasons = [self._records[one]["reason"] or "" for one in shown if one in self._records]
        return next(filter(None, reasons), "nothing in this run is about it")

    # --- what hurts it ---

    def _replayed(self, record: Record) -> None:
        """A golden spec that was replayed: its flow breaks where it differs."""
        verdict = Verdict(record["verdict"])
        if verdict not in _BROKEN and verdict is not Verdict.LENIENT:
            return
        found = tuple(troubles(record, self._place, self._known_rules))
        spec = self._specs.get(record["id"])
        client = self._key(record)[0]
        facts = self._reliance.of(client)
        harms = list(replay_harms(found, facts, spec, lenient=verdict is Verdict.LENIENT))
        if not harms and verdict in _BROKEN:
            known = verdict is Verdict.KNOWN
            harms = [Harm(Severity.BREAKS, _line(record["reason"]), (record["id"],), shown=True, known=known)]
        self._harms[self._key(record)] += harms
        self._by_table(found, only=client)

    def _driven(self, record: Record) -> None:
        """The client itself, run against the endpoint."""
        if Verdict(record["verdict"]) not in _BROKEN:
            return
        self._harms[self._key(record)].append(
            Harm(
                Severity.BREAKS,
                _line(record["reason"]),
                (record["id"],),
                shown=True,
                known=record["verdict"] == Verdict.KNOWN.value,
            )
        )

    def _judged(self, record: Record) -> None:
        """An authored case: flows that depend on what broke in it are at risk."""
        found = tuple(
            one for one in troubles(record, self._place, self._known_rules) if one.level is not Level.OBSERVED
        )
        for one in found:
            names = self._named(one)
            hit = tuple(fact for fact in self._reliance.facts if not fact.flow and hits(fact, one))
            for identity, of in self._uses.items():
                client = self._reliance.client(of.spec.client)
                named = "every client" in names or _is_among(client, names)
                harm = risk(of, one, [fact for fact in hit if client.id in fact.clients], named=named)
                # What was replayed and held needs no conclusions, unless about a field that nobody asserts.
                if harm is not None and (_of_a_field(harm, one) or not self._held(identity)):
                    self._harms[client.id, of.spec.flow].append(harm)
            self._by_requirement(one, names)
        self._by_table(found)

    def _held(self, spec: str) -> bool:
        """Whether a spec was replayed in this run and held: what was sent was answered as it must be."""
        record = self._records.get(spec)
        return record is not None and record["verdict"] == Verdict.PASS.value

    def _named(self, one: Trouble) -> frozenset[str]:
        if one.requirement is None:
            return frozenset()
        return frozenset(map(str.lower, self._catalogue.requirement(one.requirement).clients))

    def _by_requirement(self, one: Trouble, names: frozenset[str]) -> None:
        """Clients that a requirement names, and of which there is no spec: nothing narrower is known."""
        if one.level is not Level.REQUIRED or (one.indirect and not EVERYBODYS.issuperset(one.fields)):
            return
        for name in names:
            client = self._reliance.client(name)
            if client.id not in self._asks and not name.startswith("every "):
                self._harms[client.id, one.operation].append(plain_harm(one))

    def _by_table(self, found: Iterable[Trouble], only: str = "") -> None:
        """Facts that name their flow, and those about clients of which there is no spec."""
        for one in found:
            for fact in self._reliance.facts:
                if fact.effect is Effect.NONE or not hits(fact, one):
                    continue
                for client in fact.clients:
                    flow = fact.flow or ("" if client in self._asks else one.asked.operation)
                    if flow and client == (only or client) and self._may_ask(client, fact, one):
                        self._harms[client, flow].append(fact_harm(fact, one))

    def _may_ask(self, client: str, fact: Fact, one: Trouble) -> bool:
        """Whether the client makes requests as the one whose answer broke.

        Without a spec nobody knows: a plain request then, or one with the features of the fact.
        """
        if client in self._asks:
            return one.asked.operation in self._asks[client]
        return one.asked.features <= fact.features | PLAIN


def _of_a_field(harm: Harm, one: Trouble) -> bool:
    return bool(harm.effect) and not EVERYBODYS.issuperset(one.fields)


def _is_golden(record: Record) -> bool:
    return bool(record["id"].startswith(t.GOLDEN))


def _is_among(client: Client, names: frozenset[str]) -> bool:
    return bool(names & {client.id, client.name.lower(), *map(str.lower, client.also)})


def _line(text: str | None) -> str:
    said = " ".join((text or "").split())
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _once(harms: Sequence[Harm]) -> tuple[Harm, ...]:
    """Each reason once, with all its evidence, worst first; without an effect only where none is known."""
    merged: dict[tuple[str, bool], Harm] = {}
    for harm in sorted(harms, key=lambda harm: harm.order):
        key = (harm.reason, harm.known)
        if (old := merged.get(key)) is None:
            merged[key] = harm
        else:
            merged[key] = replace(old, evidence=tuple(dict.fromkeys((*old.evidence, *harm.evidence))))
    return tuple(sorted(merged.values(), key=lambda harm: harm.order))
