"""Whether a run meets a policy, and why not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from harness.globs import fits
from harness.policy.policy import FAULT, About, Decision, Policy, about, about_id
from harness.results.read import Results
from harness.results.record import Record
from harness.safety.outcome import Outcome
from harness.vocabulary import ExitCode, Verdict, exit_code

_NAMED = 3  # ids that a reason names before it only counts

Reason = tuple[ExitCode, str]


def decide(results: Results, policy: Policy, listed: Collection[str] = ()) -> Decision:
    """Whether the run meets the gate. A pattern that names nothing in the run is no gate: exit code 5.

    `listed` are ids that must be in the run, whether it selected them or not: those of the set's manifest,
    where the gate is about an endpoint and not about a selection.
    """
    reasons = tuple(_reasons(results, policy, listed))
    return Decision(policy.name, exit_code(code for code, _ in reasons), tuple(said for _, said in reasons))


def _reasons(results: Results, policy: Policy, manifest: Collection[str]) -> Iterator[Reason]:
    chosen = results.chosen(policy.set)
    known = {record["id"]: about(record) for record in results.records if record["id"] in chosen}
    listed = {one: known.get(one) or about_id(one) for one in chosen}
    needed = [
        record for record in results.records if record["id"] in chosen and policy.covers(known[record["id"]])
    ]
    by_verdict: dict[Verdict, list[str]] = {}
    for record in needed:
        by_verdict.setdefault(policy.judged(record), []).append(record["id"])
    for verdict, (code, says) in _FAILURES.items():
        if ids := by_verdict.get(verdict):
            yield code, f"{says}: {_some(ids)}"
    yield from _unsafe(needed, policy)
    if missing := sorted(one for one, asked in listed.items() if one not in known and policy.covers(asked)):
        yield ExitCode.INDETERMINATE, f"the run was cut off before: {_some(missing)}"
    elif not results.complete:
        yield ExitCode.INDETERMINATE, "the run was cut off"
    if left_out := sorted(
        one for one in set(manifest) - set(results.selection) if policy.covers(about_id(one))
    ):
        yield ExitCode.NOTHING_VERIFIED, f"not part of this run: {_some(left_out)}"
    if not any(verdict.verified for verdict in by_verdict) and not any(map(policy.rules_on, needed)):
        yield ExitCode.NOTHING_VERIFIED, "nothing was verified"
    yield from _nothing_such(tuple(listed.values()), policy)


def _unsafe(needed: Sequence[Record], policy: Policy) -> Iterator[Reason]:
    """Outcomes that a rule does not allow, by outcome; and rules under which nothing was learnt."""
    refused: dict[str, list[str]] = {}
    for record in needed:
        if policy.refused(record):
            refused.setdefault(record["outcome"], []).append(record["id"])
    for outcome, ids in sorted(refused.items()):
        yield ExitCode.DIVERGENCE, f"{outcome}, which this gate does not allow: {_some(ids)}"
    for rule in policy.safety:
        outcomes = {record.get("outcome", "") for record in needed if rule.is_about(about(record))}
        if not outcomes - {"", Outcome.NOT_STRUCK.value}:
            said = "no fault struck" if outcomes else "the run has no cell of"
            yield ExitCode.NOTHING_VERIFIED, f"a rule for safety is about what was not shown: {said} {rule}"


def _nothing_such(listed: Sequence[About], policy: Policy) -> Iterator[Reason]:
    """Patterns that name nothing in the run."""
    asked: tuple[tuple[str, tuple[str, ...], Callable[[About, str], bool]], ...] = (
        ("", policy.include, lambda one, pattern: fits(one.id, pattern)),
        ("the suite ", policy.suites, lambda one, pattern: any(fits(place, pattern) for place in one.places)),
        ("the client ", policy.clients, lambda one, pattern: bool(one.client) and fits(one.client, pattern)),
        ("the fault ", policy.faults, lambda one, pattern: fits(one.cell.get(FAULT, ""), pattern)),
    )
    for what, patterns, names in asked:
        for pattern in patterns:
            if not any(names(one, pattern) for one in listed):
                yield (
                    ExitCode.NOTHING_VERIFIED,
                    f"the gate names {what}{pattern}, and the run has no such thing",
                )


_FAILURES = {
    Verdict.HARNESS_ERROR: (ExitCode.HARNESS, "our own fault"),
    Verdict.DIFFERS: (ExitCode.DIVERGENCE, "differs"),
    Verdict.LENIENT: (ExitCode.DIVERGENCE, "lenient, which this gate does not allow"),
    Verdict.STALE: (ExitCode.DIVERGENCE, "in the ledger, but passes"),
    Verdict.INDETERMINATE: (ExitCode.INDETERMINATE, "no answer"),
    Verdict.UNSUPPORTED: (ExitCode.NOTHING_VERIFIED, "not offered by the endpoint"),
    Verdict.BLOCKED: (ExitCode.NOTHING_VERIFIED, "blocked by a premise that failed"),
    Verdict.NOT_RUN: (ExitCode.NOTHING_VERIFIED, "not run"),
}


def _some(ids: Sequence[str]) -> str:
    named = ", ".join(ids[:_NAMED])
    return f"{named} and {len(ids) - _NAMED} more" if len(ids) > _NAMED else named
