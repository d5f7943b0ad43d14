"""The judge: a case and the facts in, findings out. Pure; it never opens a socket or a file.

The order of questions is the order of the design, section 5: was it our fault, could it apply, did the
premises hold, did an answer come, was the operation refused, and only then: did each assertion hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.cases import case as c
from harness.cases.editions import edition, version_of
from harness.cases.operations import MADE_UP
from harness.exchange import CONTINUED, STOPPED, Exchange, Response, header, header_all
from harness.judge.batch import NotBatchError, SubResponse, sub_responses
from harness.judge.facts import Facts, StepFact, answer
from harness.judge.matching import Match, match, match_body, show_body
from harness.judge.xml import NotXmlError, error_body, error_code, root, texts
from harness.results.finding import Finding, graded
from harness.rules.check import fold, outcomes
from harness.rules.codes import DOCUMENTED, RECORDED
from harness.rules.identify import Identity, identify
from harness.rules.memory import Memory
from harness.rules.tally import in_passing
from harness.vocabulary import Level, Verdict

REFUSAL_STATUSES = frozenset({405, 501})
REFUSAL_CODES = frozenset(
    {"NotImplemented", "UnsupportedHttpVerb", "UnsupportedQueryParameter", "UnsupportedHeader"}
)
_NEVER_A_REFUSAL = frozenset({304, 401, 403, 404, 408, 409, 412, 416, 429, 500, 503})
_THROTTLES = frozenset({429, 503})
# Codes of refusals that stay refusals: said with 503, they are a wrong answer and no throttle.
_FINAL = frozenset(code for code, statuses in {**DOCUMENTED, **RECORDED}.items() if max(statuses) < 500)
_CODES_IN_HEADERS_SINCE = "2017-11-09"
_BY_WEIGHT = (Level.REQUIRED, Level.EXPECTED, Level.OBSERVED)


def judge(case: c.Case, facts: Facts) -> tuple[Finding, ...]:
    """Every assertion of the case that the facts can decide; the case's verdict is the worst of them."""
    if facts.error is not None:
        return (_ending(case, Verdict.HARNESS_ERROR, "our own fault", facts.error),)
    if facts.not_applicable is not None:
        return (_ending(case, Verdict.NOT_APPLICABLE, "what the case needs", facts.not_applicable),)
    if (premise := broken_premise(case, facts)) is not None:
        return (premise,)
    findings: list[Finding] = []
    seen: list[tuple[int, StepFact]] = []
    for number, fact in enumerate(facts.steps):
        if fact.section == "given" or fact.exchange.failure == STOPPED:
            continue  # whoever hangs up half-way expects nothing
        ending = _no_verdict(case, fact, facts)
        if ending is not None:
            findings.append(replace(ending, exchange=number))
            break
        seen.append((number, fact))
        findings += [replace(finding, exchange=number) for finding in _assertions(case, fact)]
    else:
        if _unfinished(case, facts) and all(finding.held for finding in findings):
            return (_ending(case, Verdict.HARNESS_ERROR, "our own fault", "not every step was sent"),)
    return (*findings, *_by_rules(case, seen))


def broken_premise(case: c.Case, facts: Facts) -> Finding | None:
    """The finding that ends a case before its steps: a premise that did not hold; None when all did."""
    for number, fact in enumerate(facts.steps):
        if fact.section != "given" or fact.exchange.failure == STOPPED:
            continue
        ending = _no_verdict(case, fact, facts)
        if ending is not None:
            if ending.verdict is Verdict.DIFFERS:
                ending = replace(ending, verdict=Verdict.BLOCKED)
            return replace(ending, exchange=number)
        for finding in _assertions(case, fact):
            if finding.verdict is Verdict.DIFFERS:
                return replace(finding, verdict=Verdict.BLOCKED, exchange=number)
    return None


def _unfinished(case: c.Case, facts: Facts) -> bool:
    sent = [fact.index for fact in facts.of("steps")]
    return len(sent) != sum(step.repeat or 1 for step in case.steps)


# --- before any assertion: no answer, a throttle, a refusal ---


def _no_verdict(case: c.Case, fact: StepFact, facts: Facts) -> Finding | None:
    exchange, step = fact.exchange, _step(case, fact)
    if exchange.failure is not None or exchange.response is None:
        return _failed(case, fact, exchange)
    if _satisfies(step.expect, exchange.response):
        return None
    status = exchange.response.status
    if status in _THROTTLES and error_code(exchange.response) not in _FINAL:
        return _ending(
            case, Verdict.INDETERMINATE, "an answer", f"{_said(exchange.response)}: throttled", fact
        )
    who = identify(exchange.request.method, exchange.request.target, exchange.request.headers, fact.prefix)
    tested = who.operation in case.under_test and who.operation != MADE_UP
    if tested and (how := _refused(exchange, who, facts)):
        return _ending(case, Verdict.UNSUPPORTED, f"{who.operation} to be offered", how, fact)
    return None


def _failed(case: c.Case, fact: StepFact, exchange: Exchange) -> Finding:
    failure = exchange.failure or "no response"
    if failure == CONTINUED:
        expect = _step(case, fact).expect
        level = (expect.status.level if expect.status else None) or case.level
        ended = _ending(case, graded(False, level), "an answer to the head alone", "100 Continue", fact)
        return replace(ended, level=level)
    word = failure.partition(":")[0]
    broke = word == "protocol" or (word == "closed-early" and exchange.response is not None)
    return _ending(
        case, Verdict.DIFFERS if broke else Verdict.INDETERMINATE, "a whole response", failure, fact
    )


def answered(step: c.Step, exchange: Exchange) -> bool:
    """Whether a step got the kind of answer that it asks for: nothing is gained by sending it again."""
    expect = edition(step, version_of(exchange.request)).expect
    if exchange.response is None or not _satisfies(expect, exchange.response):
        return False
    return expect.error is None or error_code(exchange.response) in expect.error.value


def _satisfies(expect: c.Expect, response: Response) -> bool:
    """Whether this kind of answer is what the step asks for, whatever else it asks."""
    if expect.status is not None:
        return response.status in expect.status.value
    return expect.error is not None and error_code(response) in expect.error.value


def _refused(exchange: Exchange, who: Identity, facts: Facts) -> str | None:
    """How the endpoint says that it does not offer the operation; None when it does not say so."""
    response = exchange.response
    assert response is not None
    if response.status < 400:
        return None
    if response.status in REFUSAL_STATUSES or error_code(response) in REFUSAL_CODES:
        return _said(response)
    made_up = facts.made_up.get((exchange.request.method, who.depth))
    if made_up is None or response.status in _NEVER_A_REFUSAL or "comp" not in who.query:
        return None
    if answer(exchange) == made_up.about(who.query["comp"]):
        return f"{_said(response)}, exactly as to an operation that does not exist"
    return None


def _said(response: Response) -> str:
    code = error_code(response)
    return f"{response.status} {code}" if code else str(response.status)


# --- the assertions of one step ---


@dataclass(frozen=True, slots=True)
class _Asserter:
    """Makes findings of one step: what they have in common is here."""

    case: c.Case
    step: c.Step
    fact: StepFact

    def level(self, said: c.Graded[Any] | None) -> Level:
        """The level of an expectation: its own, else the case's."""
        return (said.level if said else None) or self.case.level

    def finding(
        self,
        about: str,
        found: Match,
        said: c.Graded[object] | None = None,
        at_most: Level | None = None,
    ) -> Finding:
        level = self.level(said)
        if at_most is Level.EXPECTED and level is Level.REQUIRED:
            level = Level.EXPECTED
        return Finding(
            about=about,
            level=level,
            verdict=graded(found.held, level),
            expected=found.expected,
            observed=found.observed,
            step=self.fact.label,
            requirement=(self.step.tests or self.case.tests or (None,))[0],
            source=self.case.source,
            why=(said.why if said else None) or self.step.why or self.case.why,
        )


def _step(case: c.Case, fact: StepFact) -> c.Step:
    """The step with what it expects under the version that was sent."""
    step = (case.given if fact.section == "given" else case.steps)[fact.index]
    return edition(step, version_of(fact.exchange.request))


def _assertions(case: c.Case, fact: StepFact) -> Iterator[Finding]:
    step, scope, response = _step(case, fact), fact.scope, fact.exchange.response
    assert response is not None
    expect, make = step.expect, _Asserter(case, step, fact)
    if expect.status is not None:
        wanted = expect.status.value
        held = response.status in wanted
        expected = " or ".join(map(str, wanted))
        yield make.finding("status", Match(held, expected, _said(response)), expect.status)
    if expect.error is not None:
        yield from _error(make, expect.error, response)
    for name, said in expect.headers:
        found = match(said.value, header_all(response.headers, name), scope, listed=False)
        yield make.finding(f"header {name}", found, said)
    if expect.body is not None:
        yield make.finding("body", match_body(expect.body.value, response.body, scope), expect.body)
    yield from _xml(make, expect, response)
    if expect.parts is not None:
        yield from _parts(make, expect.parts, response)
    for save in step.save:
        values = saved_values(save, response)
        found = Match(bool(values), "present", values[0] if values else "absent")
        yield make.finding(f"{save.path} to remember", found, c.Graded(save, Level.REQUIRED))


def _error(make: _Asserter, said: c.Graded[tuple[str, ...]], response: Response) -> Iterator[Finding]:
    wanted = " or ".join(said.value)
    request = make.fact.exchange.request
    version = header(request.headers, "x-ms-version") or _CODES_IN_HEADERS_SINCE
    if version >= _CODES_IN_HEADERS_SINCE:
        values = header_all(response.headers, "x-ms-error-code")
        held = len(values) == 1 and values[0] in said.value
        yield make.finding("header x-ms-error-code", Match(held, wanted, ", ".join(values) or "absent"), said)
    if request.method == "HEAD" or response.status == 304:
        return
    try:
        body = error_body(response.body.data)
    except NotXmlError as error:
        observed = f"{show_body(response.body)} ({error})"
        yield make.finding("error body", Match(False, f"an XML Error with Code {wanted}", observed), said)
        return
    yield make.finding("error Code", Match(body.code in said.value, wanted, body.code or "absent"), said)
    request_id = header(response.headers, "x-ms-request-id") or ""
    message = body.message or ""
    held = bool(request_id) and f"RequestId:{request_id}" in message
    found = Match(held, f"RequestId:{request_id or '…'} in it", message.replace("\n", " ") or "absent")
    yield make.finding("error Message", found, said, at_most=Level.EXPECTED)


def _xml(make: _Asserter, expect: c.Expect, response: Response) -> Iterator[Finding]:
    if not expect.xml:
        return
    try:
        top = root(response.body.data)
    except NotXmlError as error:
        # What cannot be read breaks every one of them: it weighs as much as the heaviest.
        heaviest = min((said for _, said in expect.xml), key=lambda said: _BY_WEIGHT.index(make.level(said)))
        yield make.finding("body as XML", Match(False, "well-formed XML", str(error)), heaviest)
        return
    for path, said in expect.xml:
        yield make.finding(
            f"xml {path}", match(said.value, texts(top, path), make.fact.scope, listed=True), said
        )


def _parts(make: _Asserter, wanted: tuple[c.PartExpect, ...], response: Response) -> Iterator[Finding]:
    try:
        got = sub_responses(response)
    except NotBatchError as error:
        yield make.finding("parts", Match(False, f"{len(wanted)} sub-responses", str(error)))
        return
    yield make.finding("parts", Match(len(got) == len(wanted), str(len(wanted)), str(len(got))))
    for number, (expect, part) in enumerate(zip(wanted, got, strict=False)):
        yield from _part(make, number, expect, part)


def _part(make: _Asserter, number: int, expect: c.PartExpect, got: SubResponse) -> Iterator[Finding]:
    if expect.status is not None:
        expected = " or ".join(map(str, expect.status.value))
        found = Match(got.status in expect.status.value, expected, str(got.status))
        yield make.finding(f"part {number} status", found, expect.status)
    if expect.error is not None:
        found = Match(got.code in expect.error.value, " or ".join(expect.error.value), got.code or "absent")
        yield make.finding(f"part {number} error", found, expect.error)


def saved_values(save: c.Save, response: Response) -> tuple[str, ...]:
    """What a response offers to be saved under this name: empty when it is not there."""
    if save.source == "header":
        return header_all(response.headers, save.path)
    try:
        return texts(root(response.body.data), save.path)
    except NotXmlError:
        return ()


# --- wire rules, and endings ---


def _by_rules(case: c.Case, seen: list[tuple[int, StepFact]]) -> Iterator[Finding]:
    """Required wire rules count on the operations under test of a required case; all others are only kept.

    A case that is less than required must be no worse than what it asserts itself; the tally scores the rule.
    """
    facts = dict(seen)
    memory = Memory()
    made = [(at, out) for at, fact in seen for out in outcomes(fact.exchange, fact.prefix, memory)]
    own = fold((at, out) for at, out in made if out.operation in case.under_test)
    other = fold((at, out) for at, out in made if out.operation not in case.under_test)
    for finding in own.findings:
        counts = finding.held or case.level is Level.REQUIRED
        said = in_passing(finding) if counts else replace(finding, verdict=Verdict.OBSERVED)
        yield replace(said, step=facts[finding.exchange or 0].label)
    for finding in other.findings:
        verdict = finding.verdict if finding.held else Verdict.OBSERVED
        yield replace(finding, step=facts[finding.exchange or 0].label, verdict=verdict)


def _ending(
    case: c.Case, verdict: Verdict, expected: str, observed: str, fact: StepFact | None = None
) -> Finding:
    return Finding(
        about="outcome",
        level=Level.REQUIRED,
        verdict=verdict,
        expected=expected,
        observed=observed,
        step=fact.label if fact else None,
        requirement=(case.tests or (None,))[0],
        source=case.source,
        why=case.why,
    )
