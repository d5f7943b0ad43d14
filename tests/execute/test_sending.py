"""What one step puts on the wire, to the byte."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

import harness.execute
from harness.cases.case import Case
from harness.endpoint import Secret
from harness.exchange import Exchange
from harness.execute import World, execute
from harness.judge.judge import judge
from harness.signing.authorise import Authorised, authorise
from harness.vocabulary import Verdict
from tests.execute.conftest import make_case
from tests.execute.service import Received, Service, response

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"


def sent(world: World, service: Service, case: Case) -> tuple[Received, Exchange]:
    """The one request of a case, and its exchange."""
    facts = execute(case, world)
    (request,) = service.requests
    (fact,) = facts.steps
    return request, fact.exchange


def test_a_request_has_our_own_headers_in_order_and_nothing_else(world: World, service: Service) -> None:
    case = make_case("- {send: 'GET /{container}/{blob}', expect: {status: 200}}")
    request, exchange = sent(world, service, case)
    assert (request.method, request.target) == ("GET", "/acct/bp-t-shared/blob-0001")
    names = ["Host", "x-ms-date", "x-ms-version", "x-ms-client-request-id", "Authorization"]
    assert [name for name, _ in request.headers] == names
    values = dict(request.headers)
    assert values["Host"] == f"127.0.0.1:{service.port}"
    assert re.fullmatch(DATE, values["x-ms-date"])
    assert values["x-ms-version"] == world.endpoint.version
    assert re.fullmatch(GUID, values["x-ms-client-request-id"])
    assert values["Authorization"].startswith("SharedKey acct:")
    assert request.body == b""
    assert exchange.request.headers == request.headers


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("PUT", "", ["0"]), ("POST", "", ["0"]), ("GET", "", []), ("HEAD", "", []), ("DELETE", "", [])]
    + [(method, "body: {text: abc}, ", ["3"]) for method in ("PUT", "POST", "GET", "DELETE")],
)
def test_the_length_is_said_with_a_body_and_on_put_and_post(
    world: World, service: Service, method: str, body: str, length: list[str]
) -> None:
    case = make_case(f"- {{send: '{method} /{{container}}/x', {body}expect: {{status: 200}}}}")
    request, _ = sent(world, service, case)
    assert request.get("Content-Length") == length
    assert request.body == (b"abc" if body else b"")


def test_headers_of_the_case_replace_ours_repeat_and_drop(world: World, service: Service) -> None:
    case = make_case(
        """
        - send: PUT /{container}/{blob}
          headers:
            X-MS-Version: 2019-12-12
            x-ms-date: null
            Date: "{now}"
            x-ms-client-request-id: [one, two]
            x-NAME: "{blob}"
            content-length: 3
          body: {text: abc}
          expect: {status: 201}
        """
    )
    request, _ = sent(world, service, case)
    assert [name for name, _ in request.headers] == [
        "Host",
        "X-MS-Version",
        "Date",
        "x-ms-client-request-id",
        "x-ms-client-request-id",
        "x-NAME",
        "content-length",
        "Authorization",
    ]
    assert request.get("x-ms-client-request-id") == ["one", "two"]
    assert request.get("x-ms-version") == ["2019-12-12"]
    assert request.get("x-name") == ["blob-0001"]
    assert re.fullmatch(DATE, request.get("Date")[0])


def test_the_target_is_literal_and_values_are_encoded(world: World, service: Service) -> None:
    case = make_case(
        "- {send: 'PUT /{container}/a%2fB//+?comp=block&BlockId={id:0}&x=%zz', expect: {status: 201}}"
    )
    request, _ = sent(world, service, case)
    assert request.target == ("/acct/bp-t-shared/a%2fB//+?comp=block&BlockId=YmxvY2stMDAwMDAwMDA%3D&x=%zz")


def test_a_chunked_body_says_so_and_no_length(world: World, service: Service) -> None:
    case = make_case(
        "- {send: 'PUT /{container}/x', body: {text: abc}, chunked: true, expect: {status: 201}}"
    )
    request, _ = sent(world, service, case)
    assert request.get("Transfer-Encoding") == ["chunked"]
    assert request.get("Content-Length") == []
    assert request.body == b"3\r\nabc\r\n0\r\n\r\n"


EXPECTING = """
- send: PUT /{container}/x
  headers: {Expect: 100-continue}
  body: {random: 2KiB, seed: 1}
  expect: {status: 201}
"""


def test_expect_waits_for_the_continue(world: World, service: Service) -> None:
    request, exchange = sent(world, service, make_case(EXPECTING))
    assert exchange.interim == (100,)
    assert exchange.unsent == 0
    assert len(request.body) == 2048


def test_expect_ends_with_a_refusal_and_the_body_stays_here(world: World, service: Service) -> None:
    service.says_continue = False
    service.answers = lambda request: response(413)
    request, exchange = sent(world, service, make_case(EXPECTING))
    assert exchange.response is not None
    assert exchange.response.status == 413
    assert exchange.unsent == 2048
    assert request.body == b""


def test_a_body_that_breaks_off_ends_nothing_but_its_connection(world: World, service: Service) -> None:
    case = make_case("""
- {send: 'PUT /{container}/x', body: {text: abcdef}, stop-after: 3, expect: {answer: none}}
- {send: 'GET /{container}/y', expect: {status: 200}}
""")
    facts = execute(case, world)
    assert [fact.exchange.failure for fact in facts.steps] == ["stopped", None]
    assert facts.steps[0].exchange.unsent == 3
    # The service may be told of the end of the first connection after it has answered on the second.
    assert any(request.target.endswith("/y") for request in service.requests)
    assert {finding.verdict for finding in judge(case, facts) if not finding.rule} == {Verdict.PASS}


def test_anonymous_is_not_signed_and_a_forged_key_is(world: World, service: Service) -> None:
    anonymous, forged = "auth: anonymous", "auth: {shared-key: {tamper: key}}"
    lines = [
        f"- {{send: 'GET /{{container}}/x', {auth}, expect: {{status: 200}}}}" for auth in (anonymous, forged)
    ]
    execute(make_case("\n".join(lines)), world)
    first, second = service.requests
    assert first.get("Authorization") == []
    assert second.get("Authorization")[0].startswith("SharedKey acct:")


def test_a_sas_comes_last_in_the_target(world: World, service: Service) -> None:
    case = make_case(
        "- {send: 'GET /{container}/x?a=b', auth: {account-sas: {permissions: r}}, expect: {status: 200}}"
    )
    request, _ = sent(world, service, case)
    assert request.target.startswith("/acct/bp-t-shared/x?a=b&sv=")
    assert "sp=r&" in request.target
    assert request.get("Authorization") == []


def test_placeholders_in_auth_are_filled(world: World, service: Service) -> None:
    case = make_case(
        """
        - send: GET /{container}/x
          auth: {service-sas: {of: "{container}/{blob}"}}
          expect: {status: 200}
        - send: GET /{container}/x
          auth: {service-sas: {}}
          expect: {status: 200}
        """
    )
    execute(case, world)
    assert all("sr=b" in request.target for request in service.requests)
    signatures = {request.target.partition("sig=")[2] for request in service.requests}
    assert len(signatures) == 2, "each signs the blob that it names"


def test_another_address_has_its_own_host_and_prefix(service: Service) -> None:
    also = MappingProxyType({"host": f"http://acct.blob.localhost:{service.port}"})
    endpoint = replace(service.endpoint, also=also, connect=("127.0.0.1", service.port))
    world = World(endpoint, "bp-t-")
    case = make_case("- {send: 'GET /{container}/x', face: host, expect: {status: 200}}")
    request, _ = sent(world, service, case)
    (fact,) = execute(case, world).steps
    world.hang_up()
    assert request.target == "/bp-t-shared/x"
    assert request.get("Host") == [f"acct.blob.localhost:{service.port}"]
    assert fact.prefix == ""


def test_the_parts_of_a_batch_are_signed_one_by_one(world: World, service: Service) -> None:
    case = make_case(
        """
        - send: POST /?comp=batch
          body: {batch: [{delete: "/{container}/{blob}"}, {delete: "/{container}/x%20y", auth: anonymous}]}
          expect: {status: 202}
        """,
        operation="Blob Batch",
    )
    request, _ = sent(world, service, case)
    (content_type,) = request.get("Content-Type")
    kind, _, boundary = content_type.partition("; boundary=")
    assert kind == "multipart/mixed"
    before, first, second, after = request.body.decode().split(f"--{boundary}")
    assert (before, after) == ("", "--\r\n")
    assert "Content-ID: 0\r\n" in first
    assert "\r\n\r\nDELETE /acct/bp-t-shared/blob-0001 HTTP/1.1\r\nx-ms-date: " in first
    assert "\r\nAuthorization: SharedKey acct:" in first
    assert "x-ms-version" not in first
    assert "Content-ID: 1\r\n" in second
    assert "DELETE /acct/bp-t-shared/x%20y HTTP/1.1\r\n" in second
    assert "Authorization" not in second


def test_a_part_of_a_batch_is_signed_for_the_address_that_the_batch_goes_to(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces: list[object] = []

    def recording(*said: Any, **named: Any) -> Authorised:
        faces.append(named["face"])
        return authorise(*said, **named)

    monkeypatch.setattr(harness.execute, "authorise", recording)
    also = MappingProxyType({"host": f"http://acct.blob.localhost:{service.port}"})
    world = World(replace(service.endpoint, also=also, connect=("127.0.0.1", service.port)), "bp-t-")
    case = make_case(
        """
        - send: POST /?comp=batch
          face: host
          body: {batch: [{delete: /c/b, auth: {service-sas: {resource: container, permissions: d}}}]}
          expect: {status: 202}
        """,
        operation="Blob Batch",
    )
    execute(case, world)
    assert faces == ["host", "host"]
    assert b"DELETE /c/b?sv=" in service.requests[0].body


def test_a_configured_sas_signs_what_has_no_key(service: Service) -> None:
    endpoint = replace(service.endpoint, key=None, sas=Secret("sv=1&sig=abc"))
    world = World(endpoint, "bp-t-")
    case = make_case("- {send: 'GET /{container}/x', expect: {status: 200}}")
    request, _ = sent(world, service, case)
    world.hang_up()
    assert request.target == "/acct/bp-t-shared/x?sv=1&sig=abc"
