"""What a ledger allows, and what it calls what it does not."""

from __future__ import annotations

from harness.soak.ledger import REST, Ledger, Look, Seen, State, Violation

NOTHING = Seen()


def _state(number: int) -> State:
    return State(number, f"{number:064x}", number)


def _seen(number: int, *, digest: int | None = None) -> Seen:
    state = _state(number if digest is None else digest)
    return Seen(state.digest, state.length, str(number))


def _after(*states: State) -> Ledger:
    ledger = Ledger()
    for state in states:
        ledger.begin("b", state)
        ledger.acknowledge("b")
    return ledger


def _judge(ledger: Ledger, seen: Seen) -> str:
    violation = ledger.judge(ledger.look("b"), seen)
    return "" if violation is None else violation.what


def test_what_was_acknowledged_last_is_all_that_is_allowed() -> None:
    assert _judge(_after(_state(1), _state(2)), _seen(2)) == ""
    assert _judge(_after(_state(1), _state(2)), _seen(1)) == "stale"
    assert _judge(_after(_state(1), _state(2)), NOTHING) == "lost"
    assert _judge(_after(_state(1), State(2)), _seen(1)) == "resurrected"
    assert _judge(_after(_state(1)), _seen(7)) == "strange"
    assert _judge(_after(_state(1), _state(2)), _seen(2, digest=1)) == "half"
    assert _judge(_after(), NOTHING) == ""


def test_a_write_without_an_answer_may_have_happened_or_not() -> None:
    for seen in (_seen(1), _seen(2)):
        ledger = _after(_state(1))
        ledger.begin("b", _state(2))
        ledger.leave("b", 0.0)
        assert _judge(ledger, seen) == ""
    assert (ledger.acknowledged, ledger.unanswered) == (1, 1)


def test_what_was_shown_once_stays() -> None:
    ledger = _after(_state(1))
    ledger.begin("b", _state(2))
    ledger.leave("b", 0.0)
    assert not ledger.free("b")
    assert _judge(ledger, _seen(2)) == ""
    assert ledger.free("b")
    assert _judge(ledger, _seen(1)) == "stale"


def test_what_is_shown_before_its_acknowledgement_stays_too() -> None:
    ledger = _after(_state(1))
    ledger.begin("b", _state(2))
    assert _judge(ledger, _seen(2)) == ""
    assert _judge(ledger, _seen(1)) == "stale"
    ledger.acknowledge("b")
    assert ledger.now("b") == _state(2)
    assert _judge(ledger, _seen(2)) == ""


def test_a_read_that_began_before_may_show_what_was_then() -> None:
    ledger = _after(_state(1))
    look = ledger.look("b")
    for number in (2, 3):
        ledger.begin("b", _state(number))
        ledger.acknowledge("b")
    assert ledger.judge(look, _seen(1)) is None
    assert ledger.judge(look, _seen(2)) is None
    assert ledger.judge(look, _seen(3)) is None
    assert ledger.judge(look, NOTHING) is not None


def test_after_its_rest_a_write_that_did_not_come_never_may() -> None:
    ledger = _after(_state(1))
    ledger.begin("b", _state(2))
    ledger.leave("b", 0.0)
    assert ledger.settle(ledger.look("b"), _seen(1)) is None
    assert ledger.free("b")
    assert _judge(ledger, _seen(2)) == "stale"


def test_a_violation_is_told_once() -> None:
    ledger = _after(_state(1))
    assert ledger.judge(ledger.look("b"), NOTHING) == Violation("lost", "b", str(_state(1)), "no blob")
    ledger.accept("b", NOTHING)
    assert _judge(ledger, NOTHING) == ""
    ledger.begin("b", _state(2))
    assert _judge(ledger, _seen(1)) == "resurrected"
    ledger.accept("b", _seen(1))
    ledger.acknowledge("b")
    assert _judge(ledger, _seen(2)) == ""


def test_bytes_are_those_that_lie_there() -> None:
    ledger = _after(_state(10), _state(20))
    assert ledger.bytes == 20
    ledger.begin("b", State(21))
    assert ledger.bytes == 20
    ledger.acknowledge("b")
    assert ledger.bytes == 0


def test_looks_of_long_ago_are_still_judged() -> None:
    ledger = _after(*(_state(number) for number in range(1, 200)))
    assert ledger.judge(Look("b", 0), _seen(199)) is None
    assert ledger.judge(Look("b", 0), _seen(3)) is not None


def test_how_long_there_is_something_to_wait_for() -> None:
    ledger = _after(_state(1))
    assert ledger.rest(100.0) == 0
    ledger.begin("b", _state(2))
    ledger.leave("b", 100.0)
    assert ledger.rest(101.0) == REST - 1
    assert ledger.rest(200.0) == 0
