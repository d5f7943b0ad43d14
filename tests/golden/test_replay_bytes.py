"""What goes over the wire in a replay, byte for byte, whatever the way of signing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from harness.cases import case as c
from harness.endpoint import Secret
from harness.execute import World
from harness.golden.replay import replay
from harness.golden.send import placed
from harness.golden.spec import GoldenSpec, Place
from harness.golden.ways import Way
from harness.signing.shared_key import Parts, authorization
from tests.execute.service import KEY, Received, Service, service
from tests.golden.made import expect, spec, step

GUID = "[0-9a-f]{8}-[0-9a-f-]{27}"
DATE = "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
HEADERS = (
    ("Host", "{host}"),
    ("user-AGENT", "Mover/1.0 (a; b)"),
    ("Content-Length", "{length}"),
    ("X-Ms-Meta-Twice", "one"),
    ("x-ms-meta-empty", ""),
    ("X-Ms-Meta-Twice", "two"),
    ("x-ms-client-request-id", "{guid:1}"),
    ("x-ms-version", "2021-02-12"),
    ("authorization", "{authorization}"),
    ("Accept", "*/*"),
)


@dataclass(frozen=True)
class Token:
    """A token source that always has the same."""

    def token(self) -> Secret:
        """It."""
        return Secret("a.b.c")


@pytest.fixture(name="there")
def _there() -> Iterator[Service]:
    with service() as made:
        yield made


def one(there: Service, of: GoldenSpec, way: Way, *, tokens: bool = False) -> Received:
    """The only request of a spec, as it came."""
    endpoint = replace(there.endpoint, tokens=Token()) if tokens else there.endpoint
    facts = replay(of, World(endpoint, "bp-t-"), way)
    assert facts.not_applicable is None
    (request,) = (one for one in there.requests if "restype=container" not in one.target)
    return request


def put(headers: Sequence[tuple[str, str]] = HEADERS, *, sas: Place = "last") -> GoldenSpec:
    """A Put Blob with these headers."""
    line = "PUT /{own-container}/a%20b.txt?timeout=9&comp="
    return spec(step("put", line, headers=headers, body=c.Text("hello"), wanted=expect(201)), sas=sas)


def lines(port: int, target: str, *signed: str) -> str:
    """The head as a pattern, with what stands in the place of the signature."""
    return "\r\n".join(
        [
            rf"PUT /acct/bp-t-own-0001/a%20b\.txt\?{target} HTTP/1\.1",
            rf"Host: 127\.0\.0\.1:{port}",
            r"user-AGENT: Mover/1\.0 \(a; b\)",
            "Content-Length: 5",
            "X-Ms-Meta-Twice: one",
            "x-ms-meta-empty: ",
            "X-Ms-Meta-Twice: two",
            f"x-ms-client-request-id: {GUID}",
            "x-ms-version: 2021-02-12",
            *signed,
            r"Accept: \*/\*",
        ]
    )


SAS = r"sv=[0-9-]+&ss=b&srt=sco&se=[^&]+&sp=[a-z]+&sig=[^&]+"


@pytest.mark.parametrize(
    ("way", "target", "signed"),
    [
        (Way.RECORDED, f"timeout=9&comp=&{SAS}", []),
        (Way.ACCOUNT_SAS, f"timeout=9&comp=&{SAS}", []),
        (Way.SERVICE_SAS, r"timeout=9&comp=&sv=[0-9-]+&sr=c&se=[^&]+&sp=[a-z]+&sig=[^&]+", []),
        (Way.SHARED_KEY, "timeout=9&comp=", [f"x-ms-date: {DATE}", "authorization: SharedKey acct:[^ ]+"]),
        (Way.DEFAULT, "timeout=9&comp=", [f"x-ms-date: {DATE}", "authorization: SharedKey acct:[^ ]+"]),
        (Way.BEARER, "timeout=9&comp=", [r"authorization: Bearer a\.b\.c"]),
    ],
)
def test_a_request_goes_out_as_the_client_sent_it(
    there: Service, way: Way, target: str, signed: list[str]
) -> None:
    request = one(there, put(), way, tokens=True)
    pattern = lines(there.port, target, *signed)
    assert re.fullmatch(pattern, request.head.decode("latin-1")), request.head
    assert request.body == b"hello"


def test_a_date_of_the_client_is_enough_for_a_key(there: Service) -> None:
    headers = (("Host", "{host}"), ("Date", "{now}"), ("Content-Length", "{length}"))
    request = one(there, put(headers), Way.SHARED_KEY)
    names = [name for name, _ in request.headers]
    assert names == ["Host", "Date", "Content-Length", "x-ms-version", "Authorization"]
    signed = tuple(pair for pair in request.headers if pair[0] != "Authorization")
    wanted = authorization(Parts(request.method, request.target, signed), "acct", KEY.reveal())
    assert request.get("Authorization") == [wanted]


def test_a_token_needs_a_version(there: Service) -> None:
    request = one(there, put((("Host", "{host}"), ("Content-Length", "{length}"))), Way.BEARER, tokens=True)
    assert [name for name, _ in request.headers][-2:] == ["x-ms-version", "Authorization"]


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("last", "/c?b=1&comp=list&sig=x%3D&sp=r"),
        ("first", "/c?sig=x%3D&sp=r&b=1&comp=list"),
        ("sorted", "/c?b=1&comp=list&sig=x%3D&sp=r"),
    ],
)
def test_a_sas_stands_where_the_client_puts_it(place: Place, target: str) -> None:
    assert placed("/c?b=1&comp=list", "/c?b=1&comp=list&sig=x%3D&sp=r", place) == target


def test_a_sas_without_other_parameters_and_no_sas_at_all() -> None:
    for place in ("last", "first", "sorted"):
        assert placed("/c", "/c?sp=r&sig=x", place) == (
            "/c?sig=x&sp=r" if place == "sorted" else "/c?sp=r&sig=x"
        )
        assert placed("/c?b=1&a=1", "/c?b=1&a=1", place) == "/c?b=1&a=1"


def test_a_sorted_sas_goes_between_the_parameters(there: Service) -> None:
    request = one(there, put(sas="sorted"), Way.RECORDED)
    names = [item.partition("=")[0] for item in request.target.partition("?")[2].split("&")]
    assert names == ["comp", "se", "sig", "sp", "srt", "ss", "sv", "timeout"]


def test_a_block_list_as_its_client_writes_it(there: Service) -> None:
    listed = c.BlockListXml(
        (c.ListedBlock("Uncommitted", "{block:1/6}"), c.ListedBlock("Latest", "{block:2/6}")),
        opening="\n<BlockList>",
        closing="</BlockList>\n",
    )
    commit = step("commit", "PUT /{own-container}/b?comp=blocklist", headers=HEADERS, body=listed)
    request = one(there, spec(commit), Way.SHARED_KEY)
    entries = rb"<Uncommitted>([A-Za-z0-9]{8})</Uncommitted><Latest>([A-Za-z0-9]{8})</Latest>"
    found = re.fullmatch(rb"\n<BlockList>" + entries + rb"</BlockList>\n", request.body)
    assert found and found[1] > found[2]  # whoever sorts them has another order
    assert request.get("Content-Length") == [str(len(request.body))]


def test_a_body_that_is_announced_waits_for_its_welcome(there: Service) -> None:
    request = one(there, put((*HEADERS, ("Expect", "100-continue"))), Way.SHARED_KEY)
    assert request.head.endswith(b"\r\nExpect: 100-continue")
    assert request.body == b"hello"


def batch(way: str = "default") -> GoldenSpec:
    """Two deletes in one request."""
    parts = tuple(
        c.BatchPart(
            "DELETE",
            f"/{{own-container}}/{name}",
            way,
            (
                ("x-ms-client-request-id", f"{{guid:{number}}}"),
                ("AUTHORIZATION", "{authorization}"),
                ("A", ""),
            ),
            mime=(("Content-Type", "application/http"), ("Content-ID", str(number))),
        )
        for number, name in enumerate("ab", 5)
    )
    body = c.Batch(parts, boundary="batch_{guid:2}", closing="")
    headers = (
        ("Host", "{host}"),
        ("Content-Length", "{length}"),
        ("Content-Type", "multipart/mixed; boundary=batch_{guid:2}"),
        ("x-ms-version", "2021-02-12"),
    )
    line = "POST /{own-container}?restype=container&comp=batch"
    return spec(step("batch", line, operation="Blob Batch", headers=headers, body=body, wanted=expect(202)))


@pytest.mark.parametrize(
    ("way", "target", "signed"),
    [
        (Way.SHARED_KEY, "", f"x-ms-date: {DATE}\r\nAUTHORIZATION: SharedKey acct:[^ ]+\r\n"),
        (Way.ACCOUNT_SAS, rf"\?{SAS}", ""),
        (Way.SERVICE_SAS, r"\?sv=[0-9-]+&sr=c&se=[^&]+&sp=[a-z]+&sig=[^ &]+", ""),
        (Way.BEARER, "", "AUTHORIZATION: Bearer a\\.b\\.c\r\n"),
    ],
)
def test_each_part_of_a_batch_is_signed_anew(there: Service, way: Way, target: str, signed: str) -> None:
    endpoint = replace(there.endpoint, tokens=Token())
    replay(batch(), World(endpoint, "bp-t-"), way)
    request = there.requests[-1]
    (boundary,) = (value.partition("boundary=")[2] for value in request.get("Content-Type"))
    parts = "".join(
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
        f"DELETE /acct/bp-t-own-0001/{name}{target} HTTP/1\\.1\r\n"
        f"x-ms-client-request-id: {GUID}\r\n{signed}A: \r\n\r\n\r\n"
        for number, name in enumerate("ab", 5)
    )
    assert re.fullmatch(f"{parts}--{boundary}--", request.body.decode()), request.body
    assert request.get("Content-Length") == [str(len(request.body))]
