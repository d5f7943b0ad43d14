"""What holds for every recipe: the same bytes each time, and as many as were said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from harness.cases import case as c
from harness.cases.recipes import content, random_bytes, render_body, size
from harness.cases.template import Scope, block_id, render, render_regex, render_target

SCOPE = Scope("a", "http://h/a", "c", "own", "new", "b", "seed", datetime(2026, 1, 1, tzinfo=UTC))

leaves = (
    st.builds(c.Random, st.integers(0, 300), st.integers(0, 5))
    | st.builds(c.Zeros, st.integers(0, 300))
    | st.builds(c.Hex, st.binary(max_size=50))
)
recipes = st.recursive(
    leaves,
    lambda inner: (
        st.builds(c.Slice, inner, st.integers(0, 400), st.integers(0, 400))
        | st.builds(c.Join, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(recipes)
def test_size_is_the_length_of_the_bytes(recipe: c.Recipe) -> None:
    data = content(recipe, SCOPE)
    assert size(recipe) == len(data)
    assert content(recipe, SCOPE) == data == render_body(recipe, SCOPE).data


@given(recipes, st.integers(0, 400), st.integers(0, 400))
def test_a_slice_is_the_piece_of_the_whole(recipe: c.Recipe, first: int, last: int) -> None:
    assert content(c.Slice(recipe, first, last), SCOPE) == content(recipe, SCOPE)[first : last + 1]


@given(st.integers(0, 9), st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)))
def test_a_stream_is_the_same_however_it_is_cut(seed: int, cuts: tuple[int, int, int]) -> None:
    first, middle, last = sorted(cuts)
    whole = random_bytes(seed, 0, last)
    assert random_bytes(seed, first, middle) + random_bytes(seed, middle, last) == whole[first:]


def test_seeds_differ() -> None:
    assert len({random_bytes(seed, 0, 32) for seed in range(100)}) == 100


@given(
    st.lists(
        st.tuples(st.sampled_from(["Latest", "Committed", "Uncommitted"]), st.text(max_size=5)), max_size=5
    )
)
def test_a_block_list_says_what_it_was_given(entries: list[tuple[str, str]]) -> None:
    # What XML cannot hold cannot be listed; braces are placeholders.
    kept = [(which, text) for which, text in entries if text.isprintable() and not set("{}") & set(text)]
    listed = tuple(c.ListedBlock(which, text) for which, text in kept)  # type: ignore[arg-type]
    top = ElementTree.fromstring(content(c.BlockListXml(listed), SCOPE))
    assert [(child.tag, child.text or "") for child in top] == kept


@given(st.integers(0, 99_999_999), st.integers(0, 99_999_999))
def test_block_ids_are_equally_long_and_differ(one: int, other: int) -> None:
    assert len(block_id(one)) == len(block_id(other)) == 20
    assert (block_id(one) == block_id(other)) == (one == other)


@given(st.text(max_size=20))
def test_a_value_keeps_its_meaning_wherever_it_is_put(value: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in value):
        return
    scope = SCOPE.knowing({"v": value})
    assert render("<{v}>", scope) == f"<{value}>"
    assert render_target("/{v}?x={v}&y", scope) == f"/{quote(value, safe='/')}?x={quote(value, safe='')}&y"
    assert re.fullmatch(render_regex("{v}", scope), value)
    assert render_target("/{v}", scope).isascii()
    assert not set(render_target("/{v}?x={v}", scope)[1:]) & set(' #\r\n\t"<>')
