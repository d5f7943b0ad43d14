"""Which question the judge asks first: the answer to an earlier one ends the case, whatever the rest says."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import harness.judge
from harness.cases import case as c
from harness.exchange import Exchange
from harness.judge.facts import MADE_UP_COMP, Facts, StepFact, answer
from harness.judge.judge import REFUSAL_CODES, judge
from harness.results.finding import Finding, verdict
from harness.vocabulary import Level, Verdict
from tests.judge.made import SCOPE, case, error, exchange, status, step

GET = c.Step("GET", "/{container}/{blob}", expect=status(200))
FINE = exchange("PUT /acct/con/blob?comp=blocklist", 201)
WRONG = error(status=409)
SILENT = exchange("PUT /acct/con/blob?comp=blocklist", 0, failure="timeout: no response")
BUSY = error(status=503, code="ServerBusy")
REFUSED = error(status=501, code="NotImplemented")
GIVEN_FINE = exchange("GET /acct/con/blob", 200)
GIVEN_WRONG = error("GET /acct/con/blob", 404, "BlobNotFound")
GIVEN_SILENT = exchange("GET /acct/con/blob", 0, failure="reset: x")


def seen(given: Exchange | None, *steps: Exchange, **rest: object) -> Facts:
    """Facts of a premise and of steps."""
    first = [] if given is None else [StepFact("given", 0, given, SCOPE, "/acct")]
    after = [StepFact("steps", index, one, SCOPE, "/acct") for index, one in enumerate(steps)]
    return Facts((*first, *after), **rest)  # type: ignore[arg-type]


def judged(facts: Facts, *expects: c.Expect) -> tuple[Finding, ...]:
    """The findings of a case with a premise, without those of the wire rules."""
    steps = tuple(step(expect) for expect in expects or (status(201),))
    return tuple(found for found in judge(case(steps, given=(GET,)), facts) if found.rule is None)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (seen(GIVEN_WRONG, WRONG, error="KeyError", not_applicable="no key"), Verdict.HARNESS_ERROR),
        (seen(GIVEN_WRONG, WRONG, not_applicable="no key"), Verdict.NOT_APPLICABLE),
        (seen(GIVEN_WRONG, SILENT), Verdict.BLOCKED),
        (seen(GIVEN_WRONG, REFUSED), Verdict.BLOCKED),
        (seen(GIVEN_WRONG, WRONG), Verdict.BLOCKED),
        (seen(GIVEN_WRONG, FINE), Verdict.BLOCKED),
        (seen(GIVEN_SILENT), Verdict.INDETERMINATE),
        (seen(GIVEN_FINE, SILENT), Verdict.INDETERMINATE),
        (seen(GIVEN_FINE, BUSY), Verdict.INDETERMINATE),
        (seen(GIVEN_FINE, REFUSED), Verdict.UNSUPPORTED),
        (seen(GIVEN_FINE, WRONG), Verdict.DIFFERS),
        (seen(GIVEN_FINE, FINE), Verdict.PASS),
        (seen(GIVEN_FINE), Verdict.HARNESS_ERROR),
    ],
)
def test_the_order_of_questions(facts: Facts, wanted: Verdict) -> None:
    assert verdict(judged(facts)) is wanted


@pytest.mark.parametrize("ending", [SILENT, BUSY, REFUSED])
def test_what_was_seen_before_an_ending_still_counts(ending: Exchange) -> None:
    found = judged(seen(GIVEN_FINE, WRONG, ending), status(201), status(201))
    assert verdict(found) is Verdict.DIFFERS
    assert [one.exchange for one in found] == [1, 2], "numbers are those of the wire file"


@pytest.mark.parametrize("ending", [SILENT, BUSY, REFUSED])
def test_what_comes_after_an_ending_is_not_judged(ending: Exchange) -> None:
    found = judged(seen(GIVEN_FINE, ending, WRONG), status(201), status(201))
    assert verdict(found) is not Verdict.DIFFERS


def test_a_premise_that_breaks_an_expectation_of_a_lower_level_holds() -> None:
    premise = replace(GET, expect=status(202, level=Level.EXPECTED))
    facts = seen(GIVEN_FINE, FINE)
    assert verdict(one for one in judge(case((step(status(201)),), (premise,)), facts) if not one.rule) is (
        Verdict.PASS
    )
    required = replace(GET, expect=status(202))
    (blocked,) = judge(case((step(status(201)),), (required,)), facts)
    assert (blocked.verdict, blocked.step, blocked.exchange) == (Verdict.BLOCKED, "given 1", 0)
    assert (blocked.about, blocked.expected, blocked.observed) == ("status", "202", "200")


@pytest.mark.parametrize("code", sorted(REFUSAL_CODES))
def test_each_listed_code_is_a_refusal_and_no_other_400_is(code: str) -> None:
    assert verdict(judged(seen(GIVEN_FINE, error(code=code)))) is Verdict.UNSUPPORTED
    assert verdict(judged(seen(GIVEN_FINE, error(code=f"Not{code}")))) is Verdict.DIFFERS


def test_a_code_in_the_body_alone_is_read_too() -> None:
    said = error(code="NotImplemented", headers={"x-ms-error-code": None})
    assert verdict(judged(seen(GIVEN_FINE, said))) is Verdict.UNSUPPORTED


@pytest.mark.parametrize(
    "expect",
    [
        status(400, 501),
        status(201, 501, level=Level.OBSERVED),
        c.Expect(error=c.Graded(("Other", "NotImplemented"))),
    ],
)
def test_a_refusal_that_the_step_asks_for_is_judged_like_any_answer(expect: c.Expect) -> None:
    assert Verdict.UNSUPPORTED not in {one.verdict for one in judged(seen(GIVEN_FINE, REFUSED), expect)}


def made_up_facts(said: Exchange, probe: Exchange) -> Facts:
    """Facts with this answer to the step, and this one to the made-up operation."""
    known = answer(probe)
    assert known is not None
    return seen(GIVEN_FINE, said, made_up={("PUT", "blob"): known})


def plain(comp: str, code: int = 400) -> Exchange:
    """A refusal that speaks of the comp, and of blocks."""
    text = f"block lists know no {comp}".encode()
    return exchange(f"PUT /acct/con/blob?comp={comp}", code, {"x-ms-error-code": "No"}, text)


@pytest.mark.parametrize(
    ("said", "probe", "wanted"),
    [
        (plain("blocklist"), plain(MADE_UP_COMP), Verdict.UNSUPPORTED),
        (plain("blocklist", 415), plain(MADE_UP_COMP, 415), Verdict.UNSUPPORTED),
        (plain("blocklist", 415), plain(MADE_UP_COMP), Verdict.DIFFERS),
        (plain("blocklist"), plain("another"), Verdict.DIFFERS),
        (plain("blocklist", 202), plain(MADE_UP_COMP, 202), Verdict.DIFFERS),
        (plain("blocklist", 302), plain(MADE_UP_COMP, 302), Verdict.DIFFERS),
        *(
            (plain("blocklist", code), plain(MADE_UP_COMP, code), Verdict.DIFFERS)
            for code in (401, 403, 404, 409, 412, 500)
        ),
    ],
)
def test_the_answer_to_a_made_up_operation(said: Exchange, probe: Exchange, wanted: Verdict) -> None:
    assert verdict(judged(made_up_facts(said, probe))) is wanted


def test_a_made_up_operation_cannot_be_unsupported() -> None:
    one = case(
        (c.Step("PUT", f"/{{container}}/x?comp={MADE_UP_COMP}", expect=status(400)),),
        operation="Made-up operation",
    )
    said = error(f"PUT /acct/con/x?comp={MADE_UP_COMP}", 501, "NotImplemented")
    facts = Facts((StepFact("steps", 0, said, SCOPE, "/acct"),))
    assert verdict(found for found in judge(one, facts) if not found.rule) is Verdict.DIFFERS


def test_half_an_answer_to_a_probe_is_none() -> None:
    assert answer(plain(MADE_UP_COMP)) is not None
    assert answer(replace(plain(MADE_UP_COMP), failure="closed-early: x")) is None
    assert answer(SILENT) is None


def test_a_wire_rule_that_another_operation_breaks_is_recorded_and_not_scored() -> None:
    bare = exchange("GET /acct/con/blob", 200)
    facts = Facts(tuple(StepFact("steps", at, one, SCOPE, "/acct") for at, one in enumerate((error(), bare))))
    writing = case((step(status(400)), GET))
    found = judge(writing, facts)
    assert verdict(found) is Verdict.PASS
    assert ("blob-type", 1, Verdict.OBSERVED) in {(one.rule, one.exchange, one.verdict) for one in found}
    assert verdict(judge(replace(writing, operation="Get Blob"), facts)) is Verdict.DIFFERS


def test_the_judge_has_no_way_to_a_socket_a_file_or_a_clock() -> None:
    reach = {"socket", "ssl", "os", "io", "pathlib", "subprocess", "time", "threading", "random", "urllib"}
    folder = Path(next(iter(harness.judge.__path__)))
    for path in [*folder.glob("*.py"), *(folder.parent / "rules").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wanted = {name for name in names if name != "urllib.parse"}
            assert not {name.partition(".")[0] for name in wanted} & reach, f"{path.name}: {names}"
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "open"), path.name


def test_the_same_facts_give_the_same_findings() -> None:
    facts = seen(GIVEN_FINE, WRONG)
    assert judged(facts) == judged(facts)
