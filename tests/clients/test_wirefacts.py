"""What AzCopy relies on: each fact is seen when it holds and when it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harness.clients.wirefacts import is_anonymous, judge_probe, judge_reliance
from harness.exchange import Exchange, Fidelity, Framing, Headers, Request, Response
from harness.scenario import Scenario
from harness.wire.body import body_of

VALID = (("ETag", '"0x1"'), ("Last-Modified", "Sun, 22 Nov 2026 15:00:00 GMT"))
LISTED = (
    "<EnumerationResults><Blobs><Blob><Name>a</Name><Properties><Content-Length>3</Content-Length>"
    "<Last-Modified>Sun, 22 Nov 2026 15:00:00 GMT</Last-Modified></Properties></Blob></Blobs>"
    "</EnumerationResults>"
)


def _exchange(
    method: str, target: str, status: int, answer: Headers = (), body: bytes = b"", asked: Headers = ()
) -> Exchange:
    return Exchange(
        request=Request(method, target, asked, body_of(b"")),
        response=Response(status, "x", answer, body_of(body), Framing.LENGTH),
        fidelity=Fidelity.TAP,
        scheme="http",
        started=0.0,
        elapsed=0.0,
    )


def _judged(tmp_path: Path, *exchanges: Exchange) -> dict[str, bool]:
    scenario = Scenario("x", tmp_path, tmp_path)
    judge_reliance(scenario, exchanges)
    judge_probe(scenario, exchanges)
    return {finding.about: finding.held for finding in scenario.findings}


CODE = "every failed answer names its error code in x-ms-error-code"
RANGE = "a ranged read is answered with exactly that range"
VALIDATORS = "a read tells ETag and Last-Modified"
ACCOUNT = "account information names the SKU and the account kind"
LISTING = "every listed blob has a name, a length and a date"
PROBE = "a request without credentials is refused"


@pytest.mark.parametrize(
    ("about", "exchange", "held"),
    [
        (CODE, _exchange("PUT", "/c/b?sig=x", 503, (("x-ms-error-code", "ServerBusy"),)), True),
        (CODE, _exchange("PUT", "/c/b?sig=x", 503), False),
        (
            ACCOUNT,
            _exchange("GET", "/c/b?restype=account&comp=properties&sig=x", 200, (("x-ms-sku-name", "S"),)),
            False,
        ),
        (
            ACCOUNT,
            _exchange(
                "GET",
                "/c/b?restype=account&comp=properties&sig=x",
                200,
                (("x-ms-sku-name", "S"), ("x-ms-account-kind", "K")),
            ),
            True,
        ),
        (VALIDATORS, _exchange("HEAD", "/c/b?sig=x", 200, VALID), True),
        (VALIDATORS, _exchange("HEAD", "/c/b?sig=x", 200, VALID[1:]), False),
        (LISTING, _exchange("GET", "/c?restype=container&comp=list&sig=x", 200, (), LISTED.encode()), True),
        (LISTING, _exchange("GET", "/c?restype=container&comp=list&sig=x", 200, (), b"<a/>"), False),
        (LISTING, _exchange("GET", "/c?restype=container&comp=list&sig=x", 200, (), b""), False),
        (
            LISTING,
            _exchange(
                "GET",
                "/c?restype=container&comp=list&sig=x",
                200,
                (),
                LISTED.replace("<Content-Length>3</Content-Length>", "").encode(),
            ),
            False,
        ),
        (PROBE, _exchange("GET", "/c?restype=container", 401, (("x-ms-error-code", "x"),)), True),
        (PROBE, _exchange("GET", "/c?restype=container", 200), False),
    ],
)
def test_each_fact(tmp_path: Path, about: str, exchange: Exchange, held: bool) -> None:
    assert _judged(tmp_path, exchange)[about] is held


@pytest.mark.parametrize(
    ("status", "told", "body", "held"),
    [
        (206, "bytes 0-9/100", b"0123456789", True),
        (206, "bytes 0-9/100", b"012345678", False),
        (206, "bytes 1-10/100", b"0123456789", False),
        (206, "bytes 0-4/5", b"01234", True),
        (206, "", b"0123456789", False),
        (200, "", b"0123456789", False),
    ],
)
def test_ranges(tmp_path: Path, status: int, told: str, body: bytes, held: bool) -> None:
    answer: Headers = (*VALID, ("Content-Range", told)) if told else VALID
    exchange = _exchange("GET", "/c/b?sig=x", status, answer, body, (("x-ms-range", "bytes=0-9"),))
    assert _judged(tmp_path, exchange)[RANGE] is held


def test_nothing_is_judged_on_nothing(tmp_path: Path) -> None:
    assert _judged(tmp_path) == {}


def test_who_is_anonymous() -> None:
    assert is_anonymous(_exchange("GET", "/c/b", 200))
    assert not is_anonymous(_exchange("GET", "/c/b?sv=1&sig=x", 200))
    assert not is_anonymous(_exchange("GET", "/c/b", 200, asked=(("Authorization", "Bearer x"),)))


@pytest.mark.parametrize(
    ("failure", "judged"),
    [
        ("closed-early: the client closed the connection", False),
        ("reset: the client broke the connection off", False),
        ("closed-early: the endpoint closed the connection", True),
    ],
)
def test_an_answer_to_nobody_is_not_judged(tmp_path: Path, failure: str, judged: bool) -> None:
    """A client that is killed leaves half a request behind: whatever comes back to that, it reads no more."""
    exchange = dataclasses.replace(_exchange("PUT", "/c/b?sig=x", 400), failure=failure)
    assert _judged(tmp_path, exchange) == ({CODE: False} if judged else {})
