"""How an outcome is chosen: by what is there, never by the client's word for it."""

from __future__ import annotations

import pytest

from harness.safety.outcome import Outcome, Wrong, judge

SHORT = Wrong("bytes of f", "10 bytes", "short: the first 5 of 10 bytes")


@pytest.mark.parametrize(
    ("told", "wrong", "outcome"),
    [
        ("done", [], Outcome.RECOVERS),
        ("done", [SHORT], Outcome.CORRUPTS_SILENTLY),
        ("failed", [SHORT], Outcome.FAILS_LOUDLY),
        ("failed", [], Outcome.FAILS_LOUDLY),
        ("hung", [SHORT], Outcome.HANGS),
    ],
)
def test_a_struck_client_is_judged_by_what_is_there(told: str, wrong: list[Wrong], outcome: Outcome) -> None:
    assert judge(told, "", wrong, struck=True).outcome is outcome


@pytest.mark.parametrize("told", ["done", "failed", "hung"])
def test_nothing_is_said_about_a_client_that_was_not_struck(told: str) -> None:
    assert judge(told, "no", [SHORT], struck=False).outcome is Outcome.NOT_STRUCK


def test_the_note_of_a_corruption_says_what_is_wrong() -> None:
    assert judge("done", "", [SHORT], struck=True).note == "bytes of f: short: the first 5 of 10 bytes"


def test_the_note_of_a_failure_says_what_is_there_and_the_last_words() -> None:
    note = judge("failed", "409 BlobAlreadyExists", [], struck=True, there="the data is there").note
    assert note == "the data is there; it said: 409 BlobAlreadyExists"


def test_a_client_without_last_words_is_said_to_have_none() -> None:
    assert judge("hung", "", [], struck=True, there="nothing is there").note == (
        "nothing is there; it said nothing"
    )


def test_last_words_lose_what_is_of_this_run_alone() -> None:
    said = "ServerBusy RequestId:ce31ad40-c881 Time:Mon, 23 Nov 2026 01:02:03 GMT ErrorCode:Busy"
    assert judge("failed", said, [], struck=True).note == "it said: ServerBusy ErrorCode:Busy"
    other = "gone RequestId:9 Time:2026-11-23T01:27:01.1Z x"
    assert judge("failed", other, [], struck=True).note == "it said: gone x"
