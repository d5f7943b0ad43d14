"""What writers choose: all of it comes, it comes again from the same seed, and it keeps to the budget."""

from __future__ import annotations

import itertools
import random

from harness.soak import choice, weather
from harness.soak.choice import Kind
from harness.soak.ledger import State

THERE = State(1, "d", 5)


def test_all_kinds_come_and_only_what_can_be() -> None:
    chance = random.Random(1)
    assert {choice.kind(chance, THERE, full=False) for _ in range(300)} == set(Kind)
    assert {choice.kind(chance, State(0), full=False) for _ in range(300)} == {Kind.PUT, Kind.COMMIT}


def test_a_full_budget_makes_room() -> None:
    chance = random.Random(1)
    assert choice.kind(chance, THERE, full=True) is Kind.DELETE
    assert choice.size(chance, full=True) == 0


def test_blocks_hold_all_of_a_content_and_none_is_empty() -> None:
    chance = random.Random(3)
    for length in (0, 1, 2, 3, 1000, choice.MIB):
        for _ in range(50):
            spans = choice.cuts(chance, length)
            assert len(spans) <= choice.BLOCKS
            assert all(first < end for first, end in spans)
            assert [at for first, end in spans for at in (first, end)] == sorted(
                at for span in spans for at in span
            )
            assert (spans[0][0], spans[-1][1]) == (0, length) if spans else length == 0
            assert all(one[1] == other[0] for one, other in itertools.pairwise(spans))


def test_faults_come_again_from_the_same_seed_and_spoil_no_read() -> None:
    known = weather.used()
    assert {"busy", "lost-answer", "reset-before", "stall"} <= {one.id for one in known}
    assert not {"flipped-byte", "short-body"} & {one.id for one in known}
    draws = [[weather.draw(random.Random(5), known) for _ in range(3)] for _ in range(2)]
    assert draws[0] == draws[1]
