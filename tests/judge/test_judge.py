"""What the judge makes of facts: each verdict from facts that deserve it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from harness.cases import case as c
from harness.exchange import Exchange
from harness.judge.facts import MADE_UP_COMP, Answer, Facts, StepFact, answer
from harness.judge.judge import judge
from harness.results.finding import Finding, verdict
from harness.vocabulary import Level, Verdict
from tests.judge.made import REQUEST_ID, SCOPE, case, error, exchange, facts, status, step

REFUSED = c.Expect(status=c.Graded((400,)), error=c.Graded(("InvalidBlockList",)))


def own(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    """The assertions of the case itself, by what they are about."""
    return {finding.about: finding for finding in findings if finding.rule is None}


def judged(one: c.Case, seen: Facts) -> Verdict:
    """The verdict without the wire rules, which have tests of their own."""
    return verdict(finding for finding in judge(one, seen) if finding.rule is None)


def test_an_expected_refusal_passes_with_every_assertion_counted() -> None:
    found = judge(case((step(REFUSED),)), facts(error()))
    assert verdict(found) is Verdict.PASS
    assert set(own(found)) == {"status", "header x-ms-error-code", "error Code", "error Message"}
    assert all(finding.requirement == "put-block-list.first" for finding in own(found).values())
    assert all(finding.source == ("reference/1.4",) for finding in own(found).values())
    assert any(finding.rule == "error-body" for finding in found)


@pytest.mark.parametrize(
    ("answer_", "about", "wanted"),
    [
        (error(status=201), "status", Verdict.DIFFERS),
        (error(headers={"x-ms-error-code": None}), "header x-ms-error-code", Verdict.DIFFERS),
        (error(headers={"x-ms-error-code": "Other"}), "header x-ms-error-code", Verdict.DIFFERS),
        (error(body=b""), "error body", Verdict.DIFFERS),
        (error(body=b"<html/>"), "error body", Verdict.DIFFERS),
        (error(body=b"<Error><Code>Other</Code></Error>"), "error Code", Verdict.DIFFERS),
        (error(headers={"x-ms-request-id": "another"}), "error Message", Verdict.LENIENT),
    ],
)
def test_each_assertion_of_an_error_can_fail(answer_: Exchange, about: str, wanted: Verdict) -> None:
    found = judge(case((step(REFUSED),)), facts(answer_))
    assert own(found)[about].verdict is wanted


def test_old_versions_and_head_have_fewer_assertions() -> None:
    old = replace(
        error(headers={"x-ms-error-code": None}),
        request=replace(error().request, headers=(("x-ms-version", "2017-07-29"),)),
    )
    assert set(own(judge(case((step(REFUSED),)), facts(old)))) == {"status", "error Code", "error Message"}
    head = error("HEAD /acct/con/blob", 404, "BlobNotFound", body=b"")
    wanted = c.Expect(error=c.Graded(("BlobNotFound",)))
    asked = c.Step("HEAD", "/{container}/{blob}", expect=wanted)
    found = judge(case((asked,), operation="Get Blob Properties"), facts(head))
    assert set(own(found)) == {"header x-ms-error-code"}


@pytest.mark.parametrize(
    ("level", "wanted"),
    [(None, Verdict.DIFFERS), (Level.EXPECTED, Verdict.LENIENT), (Level.OBSERVED, Verdict.OBSERVED)],
)
def test_an_assertion_has_its_own_level(level: Level | None, wanted: Verdict) -> None:
    assert judged(case((step(status(201, level=level)),)), facts(error())) is wanted


def test_headers_bodies_and_xml_are_asserted() -> None:
    expect = c.Expect(
        headers=(("ETag", c.Graded(c.Not("{etag}"))), ("Gone", c.Graded(c.Absent()))),
        body=c.Graded(c.Matches("<R.*")),
        xml=(
            ("R/B/N", c.Graded(c.EqualList(("1", "2")))),
            ("R/B/*", c.Graded(c.Contains("N"))),
            ("R/@id", c.Graded(c.Equal("7"))),
        ),
    )
    body = b'<R id="7"><B><N>1</N></B><B><N>2</N></B></R>'
    right = exchange("PUT /acct/con/blob?comp=blocklist", 201, {"ETag": '"0x2"'}, body)
    assert judged(case((step(expect),)), facts(right)) is Verdict.PASS
    wrong = exchange("PUT /acct/con/blob?comp=blocklist", 201, {"ETag": '"0x1"', "gone": ""}, b"<R/>")
    found = own(judge(case((step(expect),)), facts(wrong)))
    broken = {about for about, finding in found.items() if not finding.held}
    assert broken == {"header ETag", "header Gone", "xml R/B/N", "xml R/B/*", "xml R/@id"}
    none = exchange("PUT /acct/con/blob?comp=blocklist", 201, {}, b"<R")
    assert not own(judge(case((step(expect),)), facts(none)))["body as XML"].held


def test_a_header_that_comes_twice_equals_nothing() -> None:
    expect = c.Expect(headers=(("ETag", c.Graded(c.Equal('"0x2"'))),))
    twice = exchange("PUT /acct/con/blob?comp=blocklist", 201, (("ETag", '"0x2"'), ("etag", '"0x2"')))
    assert judged(case((step(expect),)), facts(twice)) is Verdict.DIFFERS


def test_what_was_to_be_saved_and_is_not_there_is_required() -> None:
    saving = step(status(201, level=Level.OBSERVED), save=(c.Save("x", "header", "x-ms-copy-id"),))
    one = replace(case((saving, step(status(201)))), level=Level.EXPECTED)
    found = judge(one, facts(exchange("PUT /acct/con/blob?comp=blocklist", 201)))
    assert own(found)["x-ms-copy-id to remember"].verdict is Verdict.DIFFERS


# --- no answer ---


@pytest.mark.parametrize(
    ("failure", "code", "wanted"),
    [
        ("timeout: no response", 0, Verdict.INDETERMINATE),
        ("reset: connection reset", 0, Verdict.INDETERMINATE),
        ("refused: nobody listens", 0, Verdict.INDETERMINATE),
        ("closed-early: before the response", 0, Verdict.INDETERMINATE),
        ("closed-early: 5 of 10 bytes", 200, Verdict.DIFFERS),
        ("protocol: no status line", 0, Verdict.DIFFERS),
    ],
)
def test_no_whole_answer(failure: str, code: int, wanted: Verdict) -> None:
    one = case((step(status(201)), step(status(201))))
    seen = facts(exchange("PUT /acct/con/blob?comp=blocklist", code, failure=failure))
    found = judge(one, seen)
    assert verdict(found) is wanted
    assert found[-1].observed == failure


@pytest.mark.parametrize("code", [429, 503])
def test_a_throttle_is_indeterminate_unless_expected(code: int) -> None:
    seen = facts(error(status=code, code="ServerBusy"))
    assert judged(case((step(status(201)),)), seen) is Verdict.INDETERMINATE
    assert judged(case((step(status(code)),)), seen) is Verdict.PASS


def test_a_final_refusal_said_as_a_throttle_is_a_wrong_answer() -> None:
    seen = facts(error(status=503, code="BlobAlreadyExists"))
    assert judged(case((step(status(409)),)), seen) is Verdict.DIFFERS


@pytest.mark.parametrize(("level", "wanted"), [(None, Verdict.DIFFERS), (Level.EXPECTED, Verdict.LENIENT)])
def test_who_asks_for_a_body_that_is_only_declared_has_not_refused_it(
    level: Level | None, wanted: Verdict
) -> None:
    found = judge(case((step(status(413, level=level)),)), facts(exchange(status=0, failure="continued")))
    assert (verdict(found), found[-1].observed) == (wanted, "100 Continue")


# --- unsupported ---


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (501, "APINotImplemented"),
        (405, "Whatever"),
        (400, "UnsupportedHeader"),
        (400, "UnsupportedQueryParameter"),
    ],
)
def test_a_recognised_refusal_is_unsupported(code: int, name: str) -> None:
    later = error(status=500, code="InternalError")
    found = judge(case((step(status(201)), step(status(200)))), facts(error(status=code, code=name), later))
    assert verdict(found) is Verdict.UNSUPPORTED
    assert len(found) == 1, "what comes after a refusal proves nothing"


def test_answers_that_differ_in_what_they_name_are_two() -> None:
    """Only the time is left out of what is compared: the elements that stand behind it count."""

    def refusal(name: str) -> Exchange:
        body = error(code="InvalidQueryParameterValue").response
        assert body is not None
        assert body.body.data is not None
        element = f"<QueryParameterName>{name}</QueryParameterName></Error>".encode()
        return error(code="InvalidQueryParameterValue", body=body.body.data.replace(b"</Error>", element))

    assert answer(refusal("comp")) == answer(refusal("comp"))
    assert answer(refusal("comp")) != answer(refusal("include"))


def test_a_2xx_is_never_a_refusal() -> None:
    said = exchange("PUT /acct/con/blob?comp=blocklist", 202, {"x-ms-error-code": "NotImplemented"})
    assert judged(case((step(status(201)),)), facts(said)) is Verdict.DIFFERS


def test_a_refusal_that_is_expected_is_no_gap() -> None:
    assert judged(case((step(status(501)),)), facts(error(status=501, code="NotImplemented"))) is Verdict.PASS


def test_only_the_operation_under_test_can_be_unsupported() -> None:
    one = case((c.Step("GET", "/{container}/{blob}", expect=status(200)),))
    assert judged(one, facts(error("GET /acct/con/blob", 501, "NotImplemented"))) is Verdict.DIFFERS


def _made_up(comp: str, code: int = 400, name: str = "InvalidQueryParameterValue") -> Exchange:
    body = (
        f"<Error><Code>{name}</Code><Message>No.\nRequestId:{REQUEST_ID}\nTime:2026</Message>"
        f"<QueryParameterValue>{comp}</QueryParameterValue></Error>"
    )
    return error(f"PUT /acct/con/blob?comp={comp}", code, name, body.encode())


def test_the_same_answer_as_to_a_made_up_operation_is_unsupported() -> None:
    made_up = answer(_made_up(MADE_UP_COMP))
    assert made_up is not None
    seen = facts(_made_up("blocklist"), made_up={("PUT", "blob"): made_up})
    assert judged(case((step(status(201)),)), seen) is Verdict.UNSUPPORTED
    other = facts(_made_up("blocklist"), made_up={("PUT", "blob"): replace(made_up, body="else")})
    assert judged(case((step(status(201)),)), other) is Verdict.DIFFERS


def test_a_server_that_denies_everything_is_not_excused() -> None:
    denial = _made_up("blocklist", 403, "AuthorizationFailure")
    made_up = answer(_made_up(MADE_UP_COMP, 403, "AuthorizationFailure"))
    assert isinstance(made_up, Answer)
    seen = facts(denial, made_up={("PUT", "blob"): made_up})
    assert judged(case((step(status(201)),)), seen) is Verdict.DIFFERS


# --- premises, our own faults ---


def _premised(premise: Exchange, *after: Exchange) -> Verdict:
    one = case((step(status(201)),), given=(c.Step("PUT", "/{container}/{blob}", expect=status(201)),))
    first = StepFact("given", 0, premise, SCOPE, "/acct")
    rest = tuple(StepFact("steps", index, fact, SCOPE, "/acct") for index, fact in enumerate(after))
    return verdict(judge(one, Facts((first, *rest))))


def test_a_premise_that_breaks_blocks_whatever_follows() -> None:
    broken = error("PUT /acct/con/blob", 500, "InternalError")
    fine = exchange("PUT /acct/con/blob?comp=blocklist", 201)
    assert _premised(broken, fine) is Verdict.BLOCKED
    assert _premised(error("PUT /acct/con/blob", 501, "NotImplemented"), fine) is Verdict.BLOCKED
    assert _premised(exchange("PUT /acct/con/blob", 0, failure="protocol: x")) is Verdict.BLOCKED


def test_a_premise_without_an_answer_is_indeterminate() -> None:
    assert _premised(exchange("PUT /acct/con/blob", 0, failure="timeout: x")) is Verdict.INDETERMINATE
    assert _premised(error("PUT /acct/con/blob", 503, "ServerBusy")) is Verdict.INDETERMINATE


def test_the_operation_under_test_refused_in_a_premise_is_unsupported() -> None:
    one = case((step(status(201)),), given=(step(status(201)),))
    refused = facts(error(status=501, code="NotImplemented"), section="given")
    assert verdict(judge(one, refused)) is Verdict.UNSUPPORTED


def test_our_own_fault_and_a_missing_credential_say_nothing_about_the_endpoint() -> None:
    one = case((step(status(201)),))
    assert verdict(judge(one, Facts(error="KeyError: x"))) is Verdict.HARNESS_ERROR
    assert verdict(judge(one, Facts(not_applicable="no key"))) is Verdict.NOT_APPLICABLE


def test_steps_that_were_never_sent_cannot_make_a_pass() -> None:
    one = case((step(status(400)), step(status(400))))
    assert verdict(judge(one, facts(error()))) is Verdict.HARNESS_ERROR
    assert verdict(judge(one, Facts())) is Verdict.HARNESS_ERROR


def test_a_repeated_step_is_judged_each_time() -> None:
    one = case((step(status(400), repeat=2),))
    rounds = tuple(
        StepFact("steps", 0, said, SCOPE, "/acct", round=number)
        for number, said in enumerate((error(), error(status=409)))
    )
    found = [finding for finding in judge(one, Facts(rounds)) if finding.about == "status"]
    assert [(finding.step, finding.held) for finding in found] == [("1 round 1", True), ("1 round 2", False)]


# --- wire rules within a case ---


def test_wire_rules_count_on_the_operation_under_test_only() -> None:
    bare = exchange("PUT /acct/con/blob?comp=blocklist", 201)
    other = exchange("GET /acct/con/blob", 200)
    read = c.Step("GET", "/{container}/{blob}", expect=status(200))
    tested = judge(case((step(status(201)),)), facts(bare))
    assert any(finding.rule == "validators" and finding.verdict is Verdict.DIFFERS for finding in tested)
    beside = judge(case((step(status(201)), read)), facts(error(status=201), other))
    recorded = {f.rule: f.verdict for f in beside if f.rule and f.exchange == 1 and f.observed != "held"}
    assert recorded["blob-type"] is recorded["validators"] is Verdict.OBSERVED
    assert set(recorded.values()) == {Verdict.OBSERVED}


# --- batches ---


def _batch(*parts: str, boundary: str = "b") -> Exchange:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--"
    said = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    return exchange("POST /acct/?comp=batch", 202, said, body.encode())


GONE = (
    "Content-Type: application/http\r\nContent-ID: 1\r\n\r\n"
    "HTTP/1.1 404 No\r\nx-ms-error-code: BlobNotFound\r\n\r\n"
)
DONE = "Content-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n"
PARTS = (
    c.PartExpect(status=c.Graded((202,))),
    c.PartExpect(status=c.Graded((404,)), error=c.Graded(("BlobNotFound",))),
)


@pytest.mark.parametrize(
    ("answer_", "broken"),
    [
        (_batch(DONE, GONE), set()),
        (_batch(GONE, DONE), set()),
        (_batch(DONE), {"parts"}),
        (_batch(DONE, GONE.replace("404", "202")), {"part 1 status"}),
        (_batch(DONE, GONE.replace("BlobNotFound", "Other")), {"part 1 error"}),
        (_batch(DONE, "nothing"), {"parts"}),
        (_batch(DONE, GONE, boundary="other"), {"parts"}),
        (exchange("POST /acct/?comp=batch", 202, {}, b"--b"), {"parts"}),
    ],
)
def test_batch_parts(answer_: Exchange, broken: set[str]) -> None:
    one = case((c.Step("POST", "/?comp=batch", expect=c.Expect(parts=PARTS)),), operation="Blob Batch")
    found = own(judge(one, facts(answer_)))
    assert {about for about, finding in found.items() if not finding.held} == broken


def test_the_worst_finding_is_the_verdict() -> None:
    order = [Verdict.DIFFERS, Verdict.INDETERMINATE, Verdict.UNSUPPORTED, Verdict.LENIENT, Verdict.PASS]
    finding = Finding("x", Level.REQUIRED, Verdict.PASS, "", "")
    for worse, better in itertools.combinations(order, 2):
        assert verdict([replace(finding, verdict=better), replace(finding, verdict=worse)]) is worse
    assert verdict([]) is Verdict.OBSERVED


# --- wire rules in a case ---


@pytest.mark.parametrize(
    ("level", "wanted"), [(Level.REQUIRED, Verdict.DIFFERS), (Level.EXPECTED, Verdict.PASS)]
)
def test_a_case_is_no_worse_than_what_it_asserts_itself(level: Level, wanted: Verdict) -> None:
    """A refusal without its document breaks a required rule; the rule is scored by itself all the same."""
    one = replace(case((step(status(400)),)), level=level)
    found = judge(one, facts(error(body=b"")))
    assert verdict(found) is wanted
    assert any(finding.broken and finding.level is Level.REQUIRED for finding in found)
