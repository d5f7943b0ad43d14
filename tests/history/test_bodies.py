"""Bodies that name their writer: what was written is recognised, and what was not is too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history.bodies import RECORD, body, cut, runs
from harness.history.values import Run

tags = st.text("abcw.-/0123456789", min_size=1, max_size=20)


@given(tags, st.integers(1, 300), st.data())
def test_a_range_names_its_place(tag: str, count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, count - 1))
    size = data.draw(st.integers(1, count - first))
    piece = body(tag, count)[first * RECORD : (first + size) * RECORD]
    assert runs(piece) == (Run(tag, first, size),) == cut([(tag, count)], first, size)


@given(st.lists(st.tuples(tags, st.integers(1, 5)), min_size=1, max_size=5), st.data())
def test_pieces_after_each_other(parts: list[tuple[str, int]], data: st.DataObject) -> None:
    whole = b"".join(body(tag, count) for tag, count in parts)
    assert runs(whole) == tuple(Run(tag, 0, count) for tag, count in parts)
    total = len(whole) // RECORD
    first = data.draw(st.integers(0, total - 1))
    size = data.draw(st.integers(1, total - first))
    assert runs(whole[first * RECORD : (first + size) * RECORD]) == cut(parts, first, size)


@given(st.binary(min_size=1, max_size=3 * RECORD))
def test_other_bytes_are_of_nobody(data: bytes) -> None:
    found = runs(body("a", 2) + data)
    assert found[0] == Run("a", 0, 2)
    assert found[1].tag.startswith("?")


def test_half_a_record_and_swapped_ones() -> None:
    whole = body("a", 3)
    assert [run.tag[0] for run in runs(whole[:-1])] == ["a", "?"]
    assert runs(whole[RECORD:] + whole[:RECORD]) == (Run("a", 1, 2), Run("a", 0, 1))
    assert runs(b"") == ()


@pytest.mark.parametrize("tag", ["", "a:b", "x" * 21])
def test_a_tag_must_leave_room(tag: str) -> None:
    with pytest.raises(ValueError, match="no tag"):
        body(tag, 1)
