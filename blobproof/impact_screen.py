"""What `blobproof impact` prints: sentences for people, client by client, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from harness.golden.harm import Severity
from harness.golden.impact import ClientImpact, Flow, Impact, State
from harness.golden.phrases import sentence
from harness.golden.profile import Profile
from harness.golden.reliance import ANY, Fact

_COLOURS = {
    Severity.DATA_LOSS: "bold red",
    Severity.BREAKS: "red",
    Severity.AT_RISK: "yellow",
    Severity.LOUD: "cyan",
}


def facts(found: Impact) -> dict[str, Any]:
    """The impact as JSON."""
    header = found.results.header
    return {
        "run": header["run"],
        "endpoint": header["endpoint"]["name"],
        "service_version": header["service_version"],
        "complete": found.results.complete,
        "exit_code": found.exit_code.value,
        "clients": [
            {
                "client": one.client.id,
                "name": one.client.name,
                "verified": one.verified,
                "flows": [_flow(flow) for flow in one.flows],
            }
            for one in found.clients
        ],
    }


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "flow": flow.name,
        "state": flow.state.value,
        "severity": flow.severity.value if flow.severity else None,
        "known": flow.known,
        "specs": list(flow.specs),
        "note": flow.note or None,
        "reasons": [
            {
                "says": sentence(flow.client.name, flow.name, harm),
                "severity": harm.severity.value,
                "reason": harm.reason,
                "effect": harm.effect or None,
                "source": list(harm.source),
                "step": harm.step,
                "shown": harm.shown,
                "known": harm.known,
                "evidence": list(harm.evidence),
            }
            for harm in flow.harms
        ],
    }


def show(console: Console, found: Impact, *, everything: bool) -> None:
    """Print it, client by client, the worst first."""
    header = found.results.header
    console.print(
        f"[bold]{escape(header['endpoint']['name'])}[/], service version "
        f"{escape(header['service_version'])}, run {escape(header['run'])}",
        soft_wrap=True,
    )
    if not found.results.complete:
        console.print("[yellow]the run was cut off: what it did not bring is not verified[/]")
    for client in found.clients:
        _show_client(console, client, everything=everything)
    console.print(summary(found))


def _show_client(console: Console, of: ClientImpact, *, everything: bool) -> None:
    harmed, unverified = of.of(State.HARMED), of.of(State.UNVERIFIED)
    whole = of.of(State.HELD, State.UNCONTRADICTED)
    console.print(f"\n[bold]{escape(of.client.name)}[/]")
    for flow in harmed:
        for harm in flow.harms if everything else flow.harms[:1]:
            colour = "dim" if harm.known else _COLOURS[harm.severity]
            word = "known" if harm.known else harm.severity.value
            said = sentence(of.client.name, flow.name, harm)
            console.print(f"  [{colour}]{word:13}[/]{escape(said)}", soft_wrap=True)
        if not everything and len(flow.harms) > 1:
            console.print(f"  {'':13}[dim]and {_count(len(flow.harms) - 1, 'more reason')}[/]")
    if everything:
        for flow in whole:
            note = f" [dim]({escape(flow.note)})[/]" if flow.note else ""
            console.print(f"  [green]{'unharmed':13}[/]{escape(flow.name)}{note}", soft_wrap=True)
        for flow in unverified:
            console.print(
                f"  [dim]{'not verified':13}[/]{escape(flow.name)} [dim]({escape(flow.note)})[/]",
                soft_wrap=True,
            )
        return
    if not of.verified:
        console.print(f"  nothing was verified: {escape(of.why_not)}", soft_wrap=True)
        return
    counts = [f"{_count(len(whole), 'flow')} unharmed"] if whole else []
    counts += [f"{len(unverified)} not verified"] if unverified else []
    if counts:
        console.print(f"  [dim]{', '.join(counts)}[/]")


def summary(found: Impact) -> str:
    """The whole in one line."""
    flows = found.flows
    counts = {word: sum(flow.severity is word for flow in flows) for word in Severity}
    words = {
        "losing data, or in danger of it": counts[Severity.DATA_LOSS],
        "broken": counts[Severity.BREAKS],
        "at risk": counts[Severity.AT_RISK],
        "failing in another way": counts[Severity.LOUD],
        "unharmed": sum(flow.state in (State.HELD, State.UNCONTRADICTED) for flow in flows),
        "not verified": sum(flow.state is State.UNVERIFIED for flow in flows),
    }
    said = ", ".join(f"{count} {word}" for word, count in words.items() if count)
    return f"\n{_count(len(flows), 'flow')} of {_count(len(found.clients), 'client')}: {said or 'none'}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def profile_facts(one: Profile) -> dict[str, Any]:
    """What a client sends and depends on, as JSON."""
    return {
        "client": one.client.id,
        "name": one.client.name,
        "versions": list(one.versions),
        "asks": [
            {
                "operation": asked.shape.operation,
                "features": sorted(asked.shape.features),
                "auth": asked.shape.auth,
                "flows": list(asked.flows),
            }
            for asked in one.asked
        ],
        "sends_back": [
            {"operation": back.operation, "field": back.field, "in": back.place, "flows": list(back.flows)}
            for back in one.sent_back
        ],
        "depends": [
            {
                "operations": sorted(fact.operations),
                "fields": list(fact.fields),
                "wrong": fact.wrong,
                "status": sorted(fact.status),
                "effect": fact.effect.value,
                "says": fact.says,
                "source": list(fact.source),
            }
            for fact in one.facts
        ],
    }


def show_profiles(console: Console, known: Sequence[Profile]) -> None:
    """Print what clients send and depend on."""
    for one in known:
        versions = f" [dim]{escape(', '.join(one.versions))}[/]" if one.versions else ""
        console.print(f"[bold]{escape(one.client.name)}[/]{versions}")
        for asked in one.asked:
            flows = _count(len(asked.flows), "flow")
            console.print(f"  asks          {escape(str(asked.shape))} [dim]({flows})[/]", soft_wrap=True)
        for back in one.sent_back:
            said = f"{back.field} of {back.operation}, in {back.place}"
            flows = _count(len(back.flows), "flow")
            console.print(f"  sends back    {escape(said)} [dim]({flows})[/]", soft_wrap=True)
        for fact in one.facts:
            console.print(f"  depends on    {escape(_depends(fact))}", soft_wrap=True)


def _depends(fact: Fact) -> str:
    operations = "any operation" if ANY in fact.operations else ", ".join(sorted(fact.operations))
    how = {"missing": " missing", "malformed": " malformed"}.get(fact.wrong, " wrong")
    if fact.status:
        how = f" {', '.join(map(str, sorted(fact.status)))}"
    fields = ", ".join(fact.fields)
    return f"{operations}: {fields}{how}: {fact.effect}, {fact.says} ({', '.join(fact.source)})"
