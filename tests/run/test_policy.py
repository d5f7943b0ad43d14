"""Gates: which runs meet them, and with which exit code those do not that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.policy import Policy, PolicyError, decide, load
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import ExitCode, Level, Verdict
from tests.run.made import record, results

MVP = load("mvp")
STRICT = load("strict")


def _with(*verdicts: Verdict) -> Results:
    return results([record(f"suite/case-{number}", found) for number, found in enumerate(verdicts)])


@pytest.mark.parametrize(
    ("verdicts", "mvp", "strict"),
    [
        ([Verdict.PASS], ExitCode.MET, ExitCode.MET),
        ([Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE], ExitCode.MET, ExitCode.MET),
        ([Verdict.PASS, Verdict.KNOWN], ExitCode.MET, ExitCode.MET),
        ([Verdict.PASS, Verdict.LENIENT], ExitCode.MET, ExitCode.DIVERGENCE),
        ([Verdict.PASS, Verdict.DIFFERS], ExitCode.DIVERGENCE, ExitCode.DIVERGENCE),
        ([Verdict.PASS, Verdict.STALE], ExitCode.DIVERGENCE, ExitCode.DIVERGENCE),
        ([Verdict.PASS, Verdict.INDETERMINATE], ExitCode.INDETERMINATE, ExitCode.INDETERMINATE),
        ([Verdict.PASS, Verdict.HARNESS_ERROR], ExitCode.HARNESS, ExitCode.HARNESS),
        ([Verdict.PASS, Verdict.NOT_RUN], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
        ([Verdict.PASS, Verdict.UNSUPPORTED], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
        ([Verdict.PASS, Verdict.BLOCKED], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
        ([Verdict.NOT_APPLICABLE], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
        ([Verdict.OBSERVED], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
        ([], ExitCode.NOTHING_VERIFIED, ExitCode.NOTHING_VERIFIED),
    ],
)
def test_every_verdict_has_its_exit_code(verdicts: list[Verdict], mvp: ExitCode, strict: ExitCode) -> None:
    run = _with(*verdicts)
    assert decide(run, MVP).exit_code is mvp
    assert decide(run, STRICT).exit_code is strict
    assert decide(run, MVP).met is (mvp is ExitCode.MET)
    assert bool(decide(run, MVP).reasons) is not decide(run, MVP).met


def test_of_several_the_first_of_the_design_counts() -> None:
    everything = _with(*Verdict)
    assert decide(everything, MVP).exit_code is ExitCode.HARNESS
    fewer = _with(*(found for found in Verdict if found is not Verdict.HARNESS_ERROR))
    assert decide(fewer, MVP).exit_code is ExitCode.DIVERGENCE
    assert len(decide(fewer, MVP).reasons) > 3, "every reason is said, not only the one that counts"
    assert (
        decide(_with(Verdict.PASS, Verdict.INDETERMINATE, Verdict.NOT_RUN), MVP).exit_code
        is ExitCode.INDETERMINATE
    )


@pytest.mark.parametrize("complete", [False, None])
def test_a_run_that_was_cut_off_meets_no_gate(complete: bool | None) -> None:
    run = results([record("suite/one")], complete=complete)
    assert decide(run, MVP).exit_code is ExitCode.INDETERMINATE
    part = results([record("suite/one")], ["suite/one", "suite/two"], complete=complete)
    decision = decide(part, MVP)
    assert decision.exit_code is ExitCode.INDETERMINATE
    assert "suite/two" in " ".join(decision.reasons)


def test_a_gate_looks_only_at_what_it_names() -> None:
    records: list[Record] = [record("azcopy/one", Verdict.DIFFERS), record("put-blob/one")]
    blobs = Policy("blobs", include=("put-*",))
    assert decide(results(records), blobs).met
    assert decide(results(records), Policy("rest", exclude=("azcopy/*",))).met
    assert decide(results(records), Policy("all")).exit_code is ExitCode.DIVERGENCE


def test_a_gate_that_names_what_the_run_lacks_is_never_met() -> None:
    gate = Policy("clients", include=("*", "azcopy/*"))
    decision = decide(results([record("put-blob/one")]), gate)
    assert decision.exit_code is ExitCode.NOTHING_VERIFIED
    assert "azcopy/*" in " ".join(decision.reasons)


def test_a_gate_for_a_part_names_what_is_there() -> None:
    gate = Policy("clients", include=("put-*", "azcopy/*"))
    run = results([record("put-blob/one")])
    assert decide(run, gate.narrowed(["put-blob/one"])).met
    assert not decide(run, gate.narrowed(["get-blob/one"])).met, "what names nothing is no gate"


def test_a_run_of_a_part_does_not_speak_for_the_manifest() -> None:
    run = results([record("put-blob/one")])
    assert decide(run, MVP).met
    assert decide(run, MVP, ["put-blob/one"]).met
    decision = decide(run, MVP, ["put-blob/one", "put-blob/two"])
    assert decision.exit_code is ExitCode.NOTHING_VERIFIED
    assert "put-blob/two" in " ".join(decision.reasons)
    assert decide(run, Policy("x", exclude=("*/two",)), ["put-blob/one", "put-blob/two"]).met


def test_the_shipped_gates() -> None:
    assert (MVP.name, MVP.levels) == ("mvp", (Level.REQUIRED,))
    assert (STRICT.name, STRICT.levels) == ("strict", (Level.REQUIRED, Level.EXPECTED))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is not TOML"),
        ("lewels = []", "unknown key 'lewels'"),
        ('levels = "required"', "levels must be"),
        ('levels = ["requird"]', "requird"),
        ("include = [1]", "include must be"),
    ],
)
def test_what_is_wrong_with_a_policy_is_a_usage_error(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load(str(path))
    assert says in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


def test_a_gate_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    for name in ("mvpp", str(tmp_path / "none.toml")):
        with pytest.raises(PolicyError):
            load(name)


def test_a_policy_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "nightly.toml"
    path.write_text('levels = ["required"]\nexclude = ["azcopy/*"]\n', encoding="utf-8")
    assert load(str(path)) == Policy("nightly", exclude=("azcopy/*",))
