"""Every matcher holds where it should, and fails where it should."""

from __future__ import annotations

from typing import get_args

import pytest

from harness.cases import case as c
from harness.exchange import Body
from harness.judge.matching import match, match_body
from harness.wire.body import body_of
from tests.judge.made import SCOPE

RECIPE = c.Random(100, 1)
DATE = "Sun, 22 Nov 2026 00:00:00 GMT"

TEXT = [
    # matcher, values that it holds for, values that it fails for
    (c.Equal("{account}"), [("acct",)], [(), ("Acct",), ("acct", "acct")]),
    (c.EqualList(("a", "{blob}")), [("a", "blob")], [(), ("a",), ("blob", "a"), ("a", "blob", "b")]),
    (c.EqualList(()), [()], [("a",)]),
    (c.Absent(), [()], [("",), ("a",)]),
    (c.Present(), [("",), ("a", "b")], [()]),
    (c.Matches("a{2}{account}"), [("aaacct",)], [(), ("xaaacct",), ("aaacctx",), ("a",)]),
    (c.OneOf(("a", "{etag}")), [("a",), ('"0x1"',)], [(), ("b",), ("a", "a")]),
    (c.Not("{etag}"), [('"0x2"',)], [(), ('"0x1"',)]),
    (c.Md5Of(c.Text("")), [("1B2M2Y8AsgTpgAmY7PhCfg==",)], [(), ("1B2M2Y8AsgTpgAmY7PhCfA==",)]),
    (c.Crc64Of(c.Text("Hello World")), [("YeJLfssylmU=",)], [(), ("AAAAAAAAAAA=",)]),
    (c.Shaped("etag"), [('"0x8D"',)], [(), ("0x8D",), ('""',), ('W/"0x8D"',)]),
    (
        c.Shaped("date"),
        [(DATE,)],
        [(), ("2026-11-22T00:00:00Z",), ("Sun, 32 Nov 2026 00:00:00 GMT",), (DATE[:-4],)],
    ),
    (
        c.Shaped("guid"),
        [("148ba85b-f01e-0065-77e9-4d0c4b000000",)],
        [(), ("148ba85bf01e006577e94d0c4b000000",), ("148ba85b-f01e-0065-77e9-4d0c4b00000g",)],
    ),
]


@pytest.mark.parametrize(("matcher", "holds", "fails"), TEXT, ids=[type(row[0]).__name__ for row in TEXT])
@pytest.mark.parametrize("listed", [False, True])
def test_matcher(
    matcher: c.Matcher, holds: list[tuple[str, ...]], fails: list[tuple[str, ...]], listed: bool
) -> None:
    for values in holds:
        assert match(matcher, values, SCOPE, listed=listed).held, values
    for values in fails:
        said = match(matcher, values, SCOPE, listed=listed)
        assert not said.held, values
        assert said.expected
        assert said.observed


def test_contains_means_an_item_of_a_list_and_a_piece_of_a_text() -> None:
    assert match(c.Contains("{blob}"), ("a", "blob"), SCOPE, listed=True).held
    assert not match(c.Contains("{blob}"), ("a blob b",), SCOPE, listed=True).held
    assert match(c.Contains("{blob}"), ("a blob b",), SCOPE, listed=False).held
    assert not match(c.Contains("{blob}"), ("a",), SCOPE, listed=False).held
    assert not match(c.Contains("{blob}"), (), SCOPE, listed=False).held


def test_every_matcher_is_in_the_table() -> None:
    assert {type(row[0]) for row in TEXT} | {c.Contains} == set(get_args(c.Matcher))


@pytest.mark.parametrize(
    ("expected", "holds", "fails"),
    [
        (c.Empty(), b"", b"x"),
        (c.Text("{blob}"), b"blob", b"blob\n"),
        (c.Zeros(3), bytes(3), bytes(4)),
        (c.Matches("a.*{account}"), b"a\nacct", b"a\nacct\n"),
    ],
)
def test_body(expected: c.Recipe | c.Empty | c.Matches, holds: bytes, fails: bytes) -> None:
    assert match_body(expected, body_of(holds), SCOPE).held
    assert not match_body(expected, body_of(fails), SCOPE).held


def test_the_first_difference_of_bodies_is_named() -> None:
    right = bytes(1000)
    for at in (0, 1, 499, 500, 999):
        wrong = bytearray(right)
        wrong[at] = 1
        assert (
            f"first difference at byte {at}"
            in match_body(c.Zeros(1000), body_of(bytes(wrong)), SCOPE).observed
        )
    assert "first difference at byte 900" in match_body(c.Zeros(1000), body_of(bytes(900)), SCOPE).observed


def test_a_body_that_was_not_kept_is_known_by_its_digest() -> None:
    whole = body_of(bytes(50))
    kept = Body(whole.length, whole.sha256, None)
    assert match_body(c.Zeros(50), kept, SCOPE).held
    assert not match_body(c.Zeros(51), kept, SCOPE).held
    assert not match_body(c.Matches(".*"), kept, SCOPE).held
