"""Makes the records of matrices: clients by action, clients by fault, transfers, and what happens at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from harness.vocabulary import Level, Verdict
from tests.reports import factory as made

ACTIONS = ("put-small", "get-large", "list", "create-only")
CLIENTS = {"azcopy": "10.32.2", "boostedblob": "1.1.0", "rclone": "1.75.2"}
FAULTS = ("busy", "short-body", "flipped-byte", "stall", "lost-answer")


def cell(
    scenario: str, values: Mapping[str, str], verdict: Verdict = Verdict.PASS, **more: Any
) -> dict[str, Any]:
    """The record of a cell."""
    said = ",".join(f"{axis}={value}" for axis, value in values.items())
    reason = None if verdict in (Verdict.PASS, Verdict.OBSERVED) else f"it is {verdict.value}"
    named = (
        {"client": values["client"], "client_version": CLIENTS.get(values["client"])}
        if "client" in values
        else {}
    )
    return made.scenario(
        f"{scenario}[{said}]",
        verdict,
        **{
            "title": "A transfer",
            "reason": reason,
            "cell": dict(values),
            "gate": scenario.partition("/")[0],
            **named,
            **more,
        },
    )


def clients(verdicts: Mapping[tuple[str, str], Verdict] | None = None) -> Iterator[dict[str, Any]]:
    """Every client by every action, with two kinds of credentials; `verdicts` by client and action."""
    for client, action, auth in product(CLIENTS, ACTIONS, ("shared-key", "account-sas")):
        values = {
            "client": client,
            "action": action,
            "auth": auth,
            "style": "path",
            "scheme": "http",
            "processes": "1",
        }
        verdict = (verdicts or {}).get((client, action), Verdict.PASS)
        found = [made.finding("the blob", "1 KiB", "nothing")] if verdict is Verdict.DIFFERS else None
        yield cell("clients/scenarios/does", values, verdict, **({"findings": found} if found else {}))


def trial(
    client: str, action: str, fault: str, outcome: str, note: str = "", why: str = "", **more: Any
) -> dict[str, Any]:
    """A client under a fault."""
    findings = [
        made.finding("the client", "recovers", outcome, level=Level.OBSERVED, why=why, source=["clients/2"]),
        made.finding("what was found", "", note, level=Level.OBSERVED),
    ]
    if outcome:
        more["outcome"] = outcome
    values = {"client": client, "action": action, "fault": fault}
    return cell(
        "safety/clients/survives", values, Verdict(more.pop("verdict", "pass")), findings=findings, **more
    )


def safety() -> Iterator[dict[str, Any]]:
    """Three clients, of which one corrupts, one hangs, and one cannot do everything."""
    for client, action, fault in product(CLIENTS, ACTIONS, FAULTS):
        if client == "boostedblob" and action == "get-large" and fault in ("short-body", "flipped-byte"):
            yield trial(client, action, fault, "corrupts-silently", "short: the first 4 of 9 bytes")
        elif client == "azcopy" and fault == "stall":
            yield trial(client, action, fault, "hangs", "it said: retrying")
        elif client == "azcopy" and action == "create-only":
            yield trial(
                client, action, fault, "", verdict="not-applicable", reason="AzCopy has no such option."
            )
        elif action == "list" and fault == "flipped-byte":
            yield trial(client, action, fault, "not-struck")
        elif fault == "lost-answer":
            yield trial(client, action, fault, "fails-loudly", "it said: connection reset")
        else:
            yield trial(client, action, fault, "recovers")


def transfers(failing: int = 0, cells: int = 40) -> Iterator[dict[str, Any]]:
    """Cells of a transfer, the first `failing` of which do not hold."""
    sizes = ["0B", "1B", "8MiB", "tree"]
    for number in range(cells):
        values = {
            "direction": "up" if number % 2 else "down",
            "size": sizes[number % 4],
            "n": str(number // 4),
        }
        if number < failing:
            found = [made.finding("digest", "aa" * 16, f"{number:032x}")]
            yield cell("azcopy/transfer/transfer", values, Verdict.DIFFERS, findings=found)
        else:
            yield cell("azcopy/transfer/transfer", values)
