"""The page about client impact: which flows of which clients a run breaks, as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.golden.harm import Harm, Severity
from harness.golden.impact import Flow, Impact, State
from harness.golden.phrases import SPARED
from harness.golden.profile import Profile
from reports.names import Slugs
from reports.page import listed, render

SIGNS = {
    Severity.DATA_LOSS.value: ("bad", "harness-error"),
    Severity.BREAKS.value: ("bad", "differs"),
    Severity.AT_RISK.value: ("warn", "lenient"),
    Severity.LOUD.value: ("gap", "indeterminate"),
    State.HELD.value: ("good", "pass"),
    State.UNCONTRADICTED.value: ("good", "pass"),
    State.UNVERIFIED.value: ("none", "not-run"),
    "known": ("good", "known"),
}
"""Colour and symbol of each word; the word always stands beside them."""

_LISTED = 12
"""Pieces of evidence that a reason names."""

_NAMED = 4
"""Flows that are named beside a kind of request."""


def build(found: Impact, known: Sequence[Profile], out: Path) -> Path:
    """Writes the page to `out`, and returns `out`. `known`: what the clients send and depend on."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(html(found, known), encoding="utf-8")
    return out


def html(found: Impact, known: Sequence[Profile]) -> str:
    """The page."""
    slugs = Slugs()
    counts = dict.fromkeys((*Severity, "known", "unharmed", State.UNVERIFIED), 0)
    for flow in found.flows:
        counts[_counted(flow)] += 1
    return render(
        "impact.html",
        script="filter.js",
        header=found.results.header,
        complete=found.results.complete,
        clients=found.clients,
        flows=len(found.flows),
        counts=counts,
        Severity=Severity,
        State=State,
        signs=SIGNS,
        profiles={one.client.id: one for one in known},
        anchors={one.client.id: slugs.take(one.client.id) for one in found.clients},
        word=_word,
        says=_says,
        some=_some,
        listed_evidence=lambda harm: harm.evidence[:_LISTED],
        harmed=sum(flow.state is State.HARMED and not flow.known for flow in found.flows),
    )


def _counted(flow: Flow) -> str:
    if flow.known:
        return "known"
    if flow.severity is not None:
        return flow.severity
    return State.UNVERIFIED if flow.state is State.UNVERIFIED else "unharmed"


def _word(flow: Flow) -> str:
    """The word of a flow: its severity, else its state."""
    if flow.known:
        return "known"
    return flow.severity.value if flow.severity else flow.state.value


def _says(harm: Harm) -> str:
    """The reason and what the client does then; flow and client stand beside it, the evidence below."""
    if not harm.effect:
        return harm.reason
    return f"{harm.reason}, {'but' if harm.effect == SPARED else 'and'} {harm.effect}"


def _some(flows: Sequence[str]) -> str:
    """The flows, or the first few and how many more there are."""
    kept = list(flows[:_NAMED])
    return listed([*kept, f"{len(flows) - _NAMED} more"] if len(flows) > _NAMED else kept)
