"""The ledger of known deviations: what it forgives, until when, and what it never forgives."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.ledger import Deviation, LedgerError, load, settle
from harness.vocabulary import ExitCode, Verdict
from tests.run.made import record

ENTRY = Deviation("suite/one", "Not before 4.2.", "STOR-1", date(2026, 12, 31))
LEDGER = {"suite/one": ENTRY}
BEFORE, LAST, AFTER = date(2026, 11, 22), date(2026, 12, 31), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("found", "today", "wanted"),
    [
        (Verdict.DIFFERS, BEFORE, Verdict.KNOWN),
        (Verdict.DIFFERS, LAST, Verdict.KNOWN),
        (Verdict.LENIENT, BEFORE, Verdict.KNOWN),
        (Verdict.DIFFERS, AFTER, Verdict.DIFFERS),
        (Verdict.PASS, BEFORE, Verdict.STALE),
        (Verdict.PASS, AFTER, Verdict.STALE),
        (Verdict.INDETERMINATE, BEFORE, Verdict.INDETERMINATE),
        (Verdict.HARNESS_ERROR, BEFORE, Verdict.HARNESS_ERROR),
    ],
)
def test_what_a_ledger_makes_of_a_verdict(found: Verdict, today: date, wanted: Verdict) -> None:
    settled = settle(record("suite/one", found), LEDGER, today)
    assert settled["verdict"] == wanted
    if wanted in (Verdict.KNOWN, Verdict.STALE):
        assert "STOR-1" in settled["reason"]


def test_an_expired_entry_is_mentioned_beside_the_failure() -> None:
    settled = settle(record("suite/one", Verdict.DIFFERS), LEDGER, AFTER)
    assert "expired" in settled["reason"]


def test_others_are_left_alone() -> None:
    other = record("suite/two", Verdict.DIFFERS)
    assert settle(other, LEDGER, BEFORE) == other


GOOD = '["suite/one"]\nreason = "Not before 4.2."\nissue = "STOR-1"\nexpires = 2026-12-31\n'


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_ledger_is_read(tmp_path: Path) -> None:
    assert load(_written(tmp_path, GOOD), ["suite/one", "suite/two"]) == LEDGER


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("suite/one", "suite/nowhere"), "there is no case or scenario 'suite/nowhere'"),
        (GOOD.replace('issue = "STOR-1"\n', ""), "needs exactly these keys"),
        (GOOD + "more = 1\n", "needs exactly these keys"),
        (GOOD.replace("2026-12-31", '"2026-12-31"'), "expires must be a date"),
        (GOOD.replace("2026-12-31", "2026-12-31T00:00:00"), "expires must be a date"),
        (GOOD.replace('"STOR-1"', "1"), "issue must be a text"),
        ("x = ", "not TOML"),
    ],
)
def test_what_is_wrong_with_a_ledger_is_a_usage_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(LedgerError) as caught:
        load(_written(tmp_path, text), ["suite/one"])
    assert says in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_ledger_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        load(tmp_path / "none.toml", [])


CELLS = [
    f"azcopy/transfer/transfer[size={size},auth={auth}]"
    for size in ("0B", "1B")
    for auth in ("sas", "bearer")
]


def _entries(*names: str) -> str:
    return "".join(
        f'["{name}"]\nreason = "{name}"\nissue = "STOR-{number}"\nexpires = 2026-12-31\n'
        for number, name in enumerate(names, 1)
    )


def test_a_pattern_names_cells_and_its_brackets_are_brackets(tmp_path: Path) -> None:
    ledger = load(_written(tmp_path, _entries("azcopy/transfer/transfer[*auth=bearer]")), CELLS)
    assert sorted(ledger) == [one for one in sorted(CELLS) if "bearer" in one]
    one = load(_written(tmp_path, _entries(CELLS[0])), CELLS)
    assert list(one) == [CELLS[0]]


def test_an_id_stands_above_patterns_and_the_first_pattern_above_the_next(tmp_path: Path) -> None:
    ledger = load(_written(tmp_path, _entries("azcopy/*size=0B*", "azcopy/*", CELLS[0])), CELLS)
    assert [ledger[one].id for one in CELLS] == [CELLS[0], "azcopy/*size=0B*", "azcopy/*", "azcopy/*"]


def test_a_pattern_that_names_nothing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no case or scenario 'azcopy/upload"):
        load(_written(tmp_path, _entries("azcopy/upload/*")), CELLS)


def test_each_cell_of_a_pattern_is_settled_by_itself(tmp_path: Path) -> None:
    ledger = load(_written(tmp_path, _entries("azcopy/*")), CELLS)
    settled = [
        settle(record(one, found), ledger, BEFORE)
        for one, found in zip(CELLS, (Verdict.DIFFERS, Verdict.PASS, Verdict.NOT_APPLICABLE), strict=False)
    ]
    assert [one["verdict"] for one in settled] == ["known", "stale", "not-applicable"]
    assert "in the ledger under azcopy/*" in settled[1]["reason"]
