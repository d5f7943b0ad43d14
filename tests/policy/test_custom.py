"""Gates of one's own: suites, clients, faults and what a client may make of them; bad files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.data import folder
from harness.policy import Policy, PolicyError, Safety, decide, from_table, load, to_table
from harness.safety.outcome import Outcome
from harness.vocabulary import ExitCode, Level, Verdict
from tests.reports import factory
from tests.reports.matrices import cell, trial
from tests.run.made import record, results

CASE = record("put-blob/one")
FINE = trial("rclone", "list", "busy", "recovers")
LOUD = frozenset({Outcome.RECOVERS, Outcome.FAILS_LOUDLY})


def client(name: str, verdict: Verdict = Verdict.PASS, **more: Any) -> dict[str, Any]:
    values = {"client": name, "action": "list", "auth": "shared-key"}
    return cell("clients/scenarios/does", values, verdict, **more)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_clients_that_are_not_named_do_not_count() -> None:
    run = results([client("rclone"), client("obstore", Verdict.DIFFERS), client("pyarrow", Verdict.NOT_RUN)])
    assert decide(run, Policy("mine", clients=("rclone",))).met
    assert decide(run, Policy("mine", clients=("rclone", "ob*"))).exit_code is ExitCode.DIVERGENCE
    assert decide(run, Policy("mine", clients=("*",))).exit_code is ExitCode.DIVERGENCE


def test_a_client_that_is_named_is_needed() -> None:
    run = results([client("rclone"), client("azcopy", Verdict.NOT_RUN)])
    assert decide(run, Policy("mine", clients=("rclone", "azcopy"))).exit_code is ExitCode.NOTHING_VERIFIED
    absent = decide(run, Policy("mine", clients=("rclone", "duckdb")))
    assert absent.exit_code is ExitCode.NOTHING_VERIFIED
    assert "the gate names the client duckdb, and the run has no such thing" in absent.reasons


def test_what_is_of_no_client_counts_whatever_clients_are_named() -> None:
    drove_none = factory.scenario("histories/keys/linearisable", Verdict.DIFFERS, client_version=None)
    crowd = factory.scenario("concurrency/blocks/commits", Verdict.DIFFERS, client="crowd")
    for broken in (record("put-blob/one", Verdict.DIFFERS), drove_none, crowd):
        decision = decide(results([client("rclone"), broken]), Policy("mine", clients=("rclone",)))
        assert decision.exit_code is ExitCode.DIVERGENCE


def test_a_plain_scenario_is_of_the_client_that_it_drove() -> None:
    sdk = factory.scenario("sdk/list", Verdict.DIFFERS, client="azure-storage-blob", client_version="12")
    missing = factory.scenario("sdk/list", Verdict.NOT_RUN, client="sdk", client_version=None)
    policy = Policy("mine", clients=("azcopy",))
    for other in (sdk, missing):
        assert decide(results([factory.scenario("azcopy/up"), other]), policy).met
    named = Policy("mine", clients=("azure-storage-blob",))
    assert not decide(results([factory.scenario("azcopy/up"), missing]), named).met


def test_cells_that_never_came_are_needed_by_their_client() -> None:
    names = [client(name)["id"] for name in ("rclone", "obstore")]
    run = results([client("rclone")], names, complete=False)
    reasons = " ".join(decide(run, Policy("mine", clients=("rclone",))).reasons)
    assert "cut off" in reasons
    assert "obstore" not in reasons
    assert "obstore" in " ".join(decide(run, Policy("all")).reasons)


@pytest.mark.parametrize(
    ("suites", "met"),
    [
        (("clients",), True),
        (("clients/scenarios",), True),
        (("clients/scenarios/does",), True),
        (("cl*",), True),
        (("put-blob",), False),
        (("clients", "put-blob"), False),
        (("clients/scen",), False),  # names nothing
    ],
)
def test_suites_that_are_not_named_do_not_count(suites: tuple[str, ...], met: bool) -> None:
    run = results([client("rclone"), record("put-blob/one", Verdict.DIFFERS)])
    assert decide(run, Policy("mine", suites=suites)).met is met


def test_faults_that_are_not_named_do_not_count() -> None:
    run = results(
        [
            trial("rclone", "list", "busy", "recovers"),
            trial("rclone", "list", "stall", "", verdict="indeterminate"),
        ]
    )
    assert decide(run, Policy("mine", faults=("busy",))).met
    assert decide(run, Policy("mine", faults=("stall",))).exit_code is ExitCode.INDETERMINATE
    assert decide(run, Policy("mine", faults=("busy", "short-body"))).exit_code is ExitCode.NOTHING_VERIFIED


@pytest.mark.parametrize(
    ("outcome", "met"),
    [("recovers", True), ("fails-loudly", True), ("corrupts-silently", False), ("hangs", False)],
)
def test_a_gate_says_what_a_client_may_make_of_a_fault(outcome: str, met: bool) -> None:
    run = results(
        [CASE, trial("rclone", "list", "busy", "recovers"), trial("rclone", "get", "busy", outcome)]
    )
    decision = decide(run, Policy("mine", safety=(Safety(LOUD),)))
    assert decision.met is met
    if not met:
        assert decision.exit_code is ExitCode.DIVERGENCE
        assert decision.reasons[0].startswith(f"{outcome}, which this gate does not allow: safety/clients/")
    assert decide(run, Policy("none")).met, "without a rule it is no matter of the gate"


def test_of_several_rules_the_first_that_is_about_a_cell_counts() -> None:
    run = results(
        [
            trial("boostedblob", "get-small", "flipped-byte", "corrupts-silently"),
            trial("rclone", "list", "busy", "recovers"),
        ]
    )
    known = Safety(frozenset(Outcome), clients=("boosted*",), faults=("flipped-byte",), actions=("get-*",))
    assert decide(run, Policy("mine", safety=(known, Safety(LOUD)))).met
    assert not decide(run, Policy("mine", safety=(Safety(LOUD), known))).met


def test_a_rule_under_which_nothing_was_learnt_is_not_met() -> None:
    busy = Safety(LOUD, faults=("busy",))
    struck = trial("rclone", "list", "stall", "recovers")
    for run in (
        results([CASE, struck]),
        results([CASE, struck, trial("rclone", "list", "busy", "not-struck")]),
        results([CASE, struck, trial("rclone", "list", "busy", "", verdict="not-applicable")]),
    ):
        decision = decide(run, Policy("mine", safety=(busy,)))
        assert decision.exit_code is ExitCode.NOTHING_VERIFIED
        assert "faults busy" in decision.reasons[0]
    run = results(
        [CASE, trial("rclone", "list", "busy", "not-struck"), trial("rclone", "get", "busy", "recovers")]
    )
    assert decide(run, Policy("mine", safety=(busy,))).met


def test_outcomes_alone_are_something_verified() -> None:
    run = results([trial("rclone", "list", "busy", "recovers", verdict="observed")])
    assert decide(run, Policy("mine", safety=(Safety(LOUD),))).met
    assert decide(run, Policy("mine")).exit_code is ExitCode.NOTHING_VERIFIED


def test_brackets_in_patterns_are_brackets() -> None:
    run = results([client("rclone"), client("obstore", Verdict.DIFFERS)])
    assert decide(run, Policy("mine", exclude=("clients/scenarios/does[client=obstore,*",))).met
    assert not decide(run, Policy("mine", exclude=("clients/scenarios/does[c]*",))).met


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
    name = "fleet"
    says = "A sentence."
    set = "gates"
    levels = ["required", "expected"]
    include = ["*"]
    exclude = ["azcopy/large/*"]
    suites = ["clients", "safety/"]
    clients = ["rclone", "azcopy"]
    faults = ["flipped-byte"]
    [[safety]]
    clients = ["rclone"]
    faults = ["flipped-byte"]
    actions = ["get-*"]
    allow = ["recovers"]
    [[safety]]
    allow = ["recovers", "fails-loudly"]
    """
    assert load(written(tmp_path, text)) == Policy(
        name="fleet",
        says="A sentence.",
        set="gates",
        levels=(Level.REQUIRED, Level.EXPECTED),
        exclude=("azcopy/large/*",),
        suites=("clients", "safety"),
        clients=("rclone", "azcopy"),
        faults=("flipped-byte",),
        safety=(
            Safety(frozenset({Outcome.RECOVERS}), ("rclone",), ("flipped-byte",), ("get-*",)),
            Safety(LOUD),
        ),
    )


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ('client = ["rclone"]', "unknown key 'client'", "Did you mean 'clients'?"),
        ('clients = "rclone"', "clients must be a list of texts", "docs/gates.md"),
        ("suites = []", "suites is empty", "Leave the key out"),
        ("levels = []", "levels is empty", "Leave the key out"),
        ('levels = ["mandatory"]', "levels: there is no 'mandatory'", "required, expected, observed"),
        ('set = "gate"', "there is no set 'gate'", "mvp, strict, gates, golden"),
        ('safety = ["rclone"]', "safety must be a list of tables", "Write [[safety]]"),
        ("[safety]\nallow = []", "safety must be a list of tables", "Write [[safety]]"),
        ('[[safety]]\nclients = ["rclone"]', "safety 1: allow is missing", "corrupts-silently"),
        ('[[safety]]\nallow = ["survives"]', "safety 1: allow: there is no 'survives'", "recovers"),
        ('[[safety]]\nalow = ["hangs"]', "safety 1: unknown key 'alow'", "Did you mean 'allow'?"),
        ("[[safety]]\nallow = []\nfaults = []", "safety 1: faults is empty", "Leave the key out"),
        ('[[safety]]\nallow = "hangs"', "safety 1: allow must be a list of texts", "docs/gates.md"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_a_hint(
    tmp_path: Path, text: str, says: str, hint: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_every_shipped_gate_can_be_read() -> None:
    names = {path.stem: load(str(path)) for path in (folder("fixtures") / "gates").glob("*.toml")}
    assert all(policy.name == name and policy.says for name, policy in names.items())
    assert all(from_table(Path("run.json"), to_table(policy)) == policy for policy in names.values())
    gates = names["gates"]
    assert (gates.set, gates.levels, gates.include) == ("gates", (Level.REQUIRED, Level.EXPECTED), ("*",))
    assert names["training-fleet"].safety[-1] == Safety(LOUD)
