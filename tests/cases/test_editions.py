"""What a step expects under a service version, and for which endpoints a case holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases.case import Case, Graded
from harness.cases.editions import NEWEST, edition, unfit, version_of
from harness.cases.errors import CaseError
from harness.cases.load import parse_text
from harness.endpoint import Endpoint, Style
from harness.exchange import Headers, Request
from harness.wire.body import body_of

FILE = "get-blob/one.yaml"
TEXT = """\
id: get-blob/one
title: One
operation: Get Blob
level: required
why: Versions differ.
tests: [get-blob.one]
source: [reference/2.2]
provenance: {documented: yes}
since: 2019-02-02
when: {scheme: http}
steps:
  - send: GET /{container}/{blob}
    expect:
      status: 401
      headers: {a: {is: present, since: 2020-02-10}, b: present}
      xml: {Error/Code: {is: x, since: 2021-02-12, level: expected}}
    before:
      2019-12-12: {status: 404}
      2018-03-28: {status: 400}
"""
ENDPOINT = Endpoint("e", "http://127.0.0.1:1/acct", "acct", Style.PATH, version="2019-02-02")


@pytest.fixture(name="case")
def _case() -> Case:
    (case,) = parse_text(FILE, TEXT)
    return case


@pytest.mark.parametrize(
    ("version", "status", "headers", "paths"),
    [
        (NEWEST, 401, ["a", "b"], ["Error/Code"]),
        ("2021-02-12", 401, ["a", "b"], ["Error/Code"]),
        ("2020-02-10", 401, ["a", "b"], []),
        ("2019-12-12", 401, ["b"], []),
        ("2019-07-07", 404, [], []),
        ("2018-03-28", 404, [], []),
        ("2017-11-09", 400, [], []),
    ],
)
def test_a_version_has_its_own_expectations(
    case: Case, version: str, status: int, headers: list[str], paths: list[str]
) -> None:
    expect = edition(case.steps[0], version).expect
    assert expect.status == Graded((status,))
    assert [name for name, _ in expect.headers] == headers
    assert [path for path, _ in expect.xml] == paths


def asking(target: str, headers: Headers = ()) -> str:
    """The version that a request for this target asks for."""
    return version_of(Request("GET", target, headers, body_of(b"")))


def test_the_version_is_that_of_the_request() -> None:
    signed = "/c/b?sv=2021-08-06&sig=x"
    assert asking(signed, (("X-Ms-Version", "2020-02-10"),)) == "2020-02-10"
    assert asking(signed) == "2021-08-06"
    assert asking("/c/b?api-version=2019-12-12&sv=2021-08-06") == "2019-12-12"
    assert asking("/c/b") == NEWEST


def test_a_case_holds_for_some_endpoints(case: Case) -> None:
    assert unfit(case, ENDPOINT) is None
    assert "from service version 2019-02-02 on" in str(unfit(case, replace(ENDPOINT, version="2018-11-09")))
    secure = replace(ENDPOINT, url="https://127.0.0.1:1/acct")
    assert unfit(case, secure) == "it is about scheme http, and endpoint e has scheme https"
    settings = replace(case, when=(("account", "disposable"),))
    assert unfit(settings, ENDPOINT) == "it changes the whole account, and endpoint e is not disposable"
    assert unfit(settings, replace(ENDPOINT, disposable=True)) is None
    hosted = replace(case, when=(("style", "host"),))
    assert unfit(hosted, ENDPOINT) == "it is about style host, and endpoint e has style path"


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("since: 2019-02-02\n", "since: soon\n", "one.yaml:9: "),
        ("since: 2020-02-10", "since: soon", "15: 'soon' is no service version"),
        ("scheme: http", "scheme: ftp", "one.yaml:10: "),
        ("2018-03-28:", "early:", "one.yaml:1"),
        ("2018-03-28: {status: 400}", "2018-03-28: {stats: 400}", "one.yaml:19: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(there: str, instead: str, says: str) -> None:
    assert there in TEXT
    with pytest.raises(CaseError) as caught:
        parse_text(FILE, TEXT.replace(there, instead, 1))
    assert says in str(caught.value)
