"""What a listing must show, may show and must not show, while names come and go."""

from __future__ import annotations

from harness.crowd.roll import Roll, Said


def _roll(*names: str) -> Roll:
    roll = Roll()
    for name in names:
        _settle(roll, name, True)
    return roll


def _settle(roll: Roll, name: str, there: bool | None) -> None:
    roll.begin(name)
    roll.end(name, there)


def test_what_was_there_and_stays_must_be_shown_once() -> None:
    roll = _roll("a", "b", "c")
    look = roll.look()
    assert not roll.judge(look, ["a", "b", "c"])
    assert roll.judge(look, ["a", "c"]) == Said(missing=("b",))
    assert roll.judge(look, ["a", "b", "b", "c"]) == Said(twice=("b",))
    assert roll.judge(look, ["a", "b", "c", "d"]) == Said(strange=("d",))


def test_what_changes_meanwhile_may_be_shown_or_not() -> None:
    roll = _roll("stays", "goes")
    _settle(roll, "comes", False)
    look = roll.look()
    _settle(roll, "goes", False)
    _settle(roll, "comes", True)
    assert not roll.judge(look, ["stays"])
    assert not roll.judge(look, ["comes", "goes", "stays"])


def test_a_change_that_has_begun_before_is_not_certain() -> None:
    roll = _roll("a")
    roll.begin("a")
    look = roll.look()
    assert not roll.judge(look, [])
    roll.end("a", False)
    assert not roll.judge(look, ["a"])
    assert roll.judge(roll.look(), ["a"]) == Said(gone=("a",))


def test_what_nobody_knows_binds_nobody() -> None:
    roll = _roll("a")
    _settle(roll, "a", None)
    look = roll.look()
    assert not roll.judge(look, [])
    assert not roll.judge(look, ["a"])


def test_of_two_changes_at_once_nobody_knows_the_last() -> None:
    roll = _roll()
    roll.begin("a")
    roll.begin("a")
    roll.end("a", True)
    assert not roll.judge(roll.look(), [])
    roll.end("a", False)
    assert not roll.judge(roll.look(), ["a"]) or roll.look().away == {"a"}


def test_a_prefix_asks_for_its_own_names_only() -> None:
    roll = _roll("x/1", "y/1")
    look = roll.look()
    assert not roll.judge(look, ["x/1"], "x/")
    assert roll.judge(look, [], "x/") == Said(missing=("x/1",))
