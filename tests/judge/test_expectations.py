"""Every kind of expectation at every level: held by one answer, broken by another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.cases import case as c
from harness.exchange import Exchange
from harness.judge.judge import judge, saved_values
from harness.judge.xml import NotXmlError, error_body, error_code, root, texts
from harness.results.finding import Finding
from harness.vocabulary import Level, Verdict
from tests.judge.made import BOM, REQUEST_ID, case, error, exchange, facts, step

LINE = "PUT /acct/con/blob?comp=blocklist"
XML = b"<R><A>1</A></R>"


def made(status: int = 201, body: bytes = XML, **headers: str) -> Exchange:
    """An answer; underscores in names of headers stand for dashes."""
    return exchange(LINE, status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def graded(kind: str, level: Level | None) -> c.Expect:
    """One expectation of this kind and level."""
    why = "its own reason"
    values: dict[str, Any] = {
        "status": {"status": c.Graded((201, 202), level, why)},
        "error": {"error": c.Graded(("InvalidBlockList",), level, why)},
        "headers": {"headers": (("etag", c.Graded(c.Shaped("etag"), level, why)),)},
        "body": {"body": c.Graded(c.Text("<R><A>1</A></R>"), level, why)},
        "empty": {"body": c.Graded(c.Empty(), level, why)},
        "matches": {"body": c.Graded(c.Matches("<R>.*</R>"), level, why)},
        "xml": {"xml": (("R/A", c.Graded(c.Equal("1"), level, why)),)},
    }
    return c.Expect(**values[kind])


PAIRS = {
    "status": (made(202), made(200)),
    "error": (error(), made()),
    "headers": (made(ETag='"0x1"'), made(ETag="0x1")),
    "body": (made(), made(body=XML + b" ")),
    "empty": (made(body=b""), made()),
    "matches": (made(), made(body=b" " + XML)),
    "xml": (made(), made(body=b"<R><A>2</A></R>")),
}
BROKEN = {Level.REQUIRED: Verdict.DIFFERS, Level.EXPECTED: Verdict.LENIENT, Level.OBSERVED: Verdict.OBSERVED}


def judged(one: c.Case, *answers: Exchange) -> list[Finding]:
    """The findings without those of the wire rules."""
    return [found for found in judge(one, facts(*answers)) if found.rule is None]


@pytest.mark.parametrize("level", [None, *Level])
@pytest.mark.parametrize("whole", list(Level))
@pytest.mark.parametrize("kind", PAIRS)
def test_each_kind_has_its_own_level_or_the_cases(kind: str, whole: Level, level: Level | None) -> None:
    right, wrong = PAIRS[kind]
    one = replace(case((step(graded(kind, level)),)), level=whole)
    effective = level or whole
    kept, broke = judged(one, right), judged(one, wrong)
    assert {found.verdict for found in kept} == {
        Verdict.OBSERVED if effective is Level.OBSERVED else Verdict.PASS
    }
    assert broke
    first = next(found for found in broke if found.about != "error Message")
    assert (first.verdict, first.level, first.why) == (BROKEN[effective], effective, "its own reason")


@pytest.mark.parametrize("body", [b"", b"<R>", b"no XML", b"<R>\x00</R>"])
@pytest.mark.parametrize(
    ("whole", "levels", "wanted"),
    [
        (Level.REQUIRED, [Level.EXPECTED, Level.OBSERVED], Level.EXPECTED),
        (Level.REQUIRED, [Level.OBSERVED], Level.OBSERVED),
        (Level.REQUIRED, [Level.EXPECTED, None], Level.REQUIRED),
        (Level.EXPECTED, [Level.REQUIRED, None], Level.REQUIRED),
        (Level.EXPECTED, [Level.OBSERVED, None], Level.EXPECTED),
        (Level.OBSERVED, [None], Level.OBSERVED),
    ],
)
def test_a_body_that_is_no_xml_weighs_as_much_as_the_heaviest_that_reads_it(
    body: bytes, whole: Level, levels: list[Level | None], wanted: Level
) -> None:
    expect = c.Expect(xml=tuple((f"R/{at}", c.Graded(c.Present(), level)) for at, level in enumerate(levels)))
    (found,) = judged(replace(case((step(expect),)), level=whole), made(body=body))
    assert (found.about, found.level, found.verdict) == ("body as XML", wanted, BROKEN[wanted])


def test_a_step_can_test_another_requirement_and_have_another_reason() -> None:
    special = step(graded("headers", None), tests=("put-block-list.third",), why="The step's reason.")
    plain = replace(special, expect=c.Expect(status=c.Graded((201,))))
    (first, second) = judged(case((special, plain)), made(ETag='"1"'), made())
    assert (first.requirement, first.why) == ("put-block-list.third", "its own reason")
    assert second.why == "The step's reason."
    bare = judged(case((step(c.Expect(status=c.Graded((201,)))),)), made())
    assert (bare[0].requirement, bare[0].why) == ("put-block-list.first", "The case's reason.")


@pytest.mark.parametrize("level", list(Level))
def test_a_value_that_is_not_there_to_save_is_required_at_any_level_of_the_case(level: Level) -> None:
    saving = step(c.Expect(status=c.Graded((201,))), save=(c.Save("a", "xml", "R/B"),))
    one = replace(case((saving, step(c.Expect()))), level=level)
    found = {finding.about: finding for finding in judged(one, made())}
    assert found["R/B to remember"].verdict is Verdict.DIFFERS
    kept = {finding.about: finding.held for finding in judged(case((saving,)), made(body=b"<R><B/></R>"))}
    assert kept["R/B to remember"], "an empty element is there"


def test_what_can_be_saved() -> None:
    answer = made(ETag='"1"').response
    assert answer is not None
    assert saved_values(c.Save("x", "header", "etag"), answer) == ('"1"',)
    assert saved_values(c.Save("x", "header", "x-ms-copy-id"), answer) == ()
    assert saved_values(c.Save("x", "xml", "R/A"), answer) == ("1",)
    assert saved_values(c.Save("x", "xml", "R/B"), answer) == ()


# --- errors ---


def test_any_of_several_codes_will_do_but_header_and_body_each_need_one() -> None:
    one = case((step(c.Expect(error=c.Graded(("A", "B")))),))
    assert all(found.held for found in judged(one, error(code="B")))
    broke = {found.about for found in judged(one, error(code="C")) if not found.held}
    assert broke == {"header x-ms-error-code", "error Code"}


def test_a_code_that_comes_twice_is_none() -> None:
    twice = error()
    assert twice.response is not None
    headers = (*twice.response.headers, ("x-ms-error-code", "InvalidBlockList"))
    twice = replace(twice, response=replace(twice.response, headers=headers))
    one = case((step(c.Expect(error=c.Graded(("InvalidBlockList",)))),))
    assert "header x-ms-error-code" in {found.about for found in judged(one, twice) if not found.held}


def test_not_modified_has_its_code_in_the_header_alone() -> None:
    expect = c.Expect(status=c.Graded((304,)), error=c.Graded(("ConditionNotMet",)))
    one = case((c.Step("GET", "/{container}/{blob}", expect=expect),), operation="Get Blob")
    said = exchange("GET /acct/con/blob", 304, {"x-ms-error-code": "ConditionNotMet"})
    assert {found.about: found.held for found in judged(one, said)} == {
        "status": True,
        "header x-ms-error-code": True,
    }


def test_a_message_needs_the_request_id_of_its_own_response() -> None:
    one = case((step(c.Expect(error=c.Graded(("InvalidBlockList",)))),))
    for said, held in [
        (error(), True),
        (error(headers={"x-ms-request-id": None}), False),
        (error(headers={"x-ms-request-id": REQUEST_ID[:-1] + "1"}), False),
        (error(body=BOM + b"<Error><Code>InvalidBlockList</Code></Error>"), False),
    ]:
        (found,) = [found for found in judged(one, said) if found.about == "error Message"]
        assert (found.held, found.level) == (held, Level.EXPECTED)


# --- XML ---

TREE = '<?xml version="1.0" encoding="utf-8"?><R id="7"><B><N a="x">1</N><M/></B><B><N>ü &amp; 2</N></B></R>'


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("R", ("",)),
        ("R/B/N", ("1", "ü & 2")),
        ("R/B/M", ("",)),
        ("R/B/X", ()),
        ("R/N", ()),
        ("X/B/N", ()),
        ("R/@id", ("7",)),
        ("R/B/N/@a", ("x",)),
        ("R/@no", ()),
        ("R/*", ("B", "B")),
        ("R/B/*", ("N", "M", "N")),
        ("R/B/N/*", ()),
    ],
)
def test_paths(path: str, wanted: tuple[str, ...]) -> None:
    assert texts(root(BOM + TREE.encode()), path) == wanted
    assert texts(root(TREE.encode()), path) == wanted


@pytest.mark.parametrize(
    "data", [None, b"", b"<a>", b"<a></b>", b"{}", b'<?xml version="1.0" encoding="x"?><a/>']
)
def test_what_is_no_xml(data: bytes | None) -> None:
    with pytest.raises(NotXmlError):
        root(data)


def test_entities_that_grow_without_end_are_refused() -> None:
    rows = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE r [<!ENTITY e0 "lol">{rows}]><r>&e9;</r>'
    with pytest.raises(NotXmlError):
        root(bomb.encode())


def test_the_code_of_an_error_is_the_headers_else_the_bodys() -> None:
    response = error(code="Inner", headers={"x-ms-error-code": "Outer"}).response
    assert response is not None
    assert error_code(response) == "Outer"
    bare = error(code="Inner", headers={"x-ms-error-code": None}).response
    assert bare is not None
    assert error_code(bare) == "Inner"
    assert error_body(b"<Error/>").code is None
    with pytest.raises(NotXmlError, match="the root element is Errors"):
        error_body(b"<Errors/>")
