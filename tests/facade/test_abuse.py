"""Requests that try to get more than they may, or to make the façade stumble: each is refused clearly."""

from __future__ import annotations

import http.client
from email.utils import formatdate

import pytest

from tests.facade.client import ACCOUNT, VERSION, Client, iso, sas
from tests.facade.test_batch import part, signed, statuses, submit
from tests.facade.test_sas import SV, account_sas, send

SNAPSHOT = "2020-01-01T00:00:00.0000000Z"
TAG = b"<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>"


def old_sas(resource: str, **more: str) -> str:
    """A service SAS of a version that does not sign the kind of its resource."""
    fields = {"sv": "2018-03-28", "sp": "r", "se": iso(3600)}
    lines = ["r", "", fields["se"], f"/blob/{ACCOUNT}/{resource}", "", "", "", fields["sv"], *[""] * 5]
    return sas({**fields, **more}, "\n".join(lines))


def test_the_kind_of_a_sas_cannot_be_changed(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"mine")
    client.put(f"/{container}/a/b", b"not mine")
    assert send(client, "GET", f"/{container}/a", old_sas(f"{container}/a", sr="b")).body == b"mine"
    for target, more in (
        ("a/b", {"sr": "d", "sdd": "1"}),
        ("a", {"sr": "x"}),
        ("a", {"sr": "bs"}),
        ("a", {}),
    ):
        answer = send(client, "GET", f"/{container}/{target}", old_sas(f"{container}/a", **more))
        assert (answer.status, answer.code) == (403, "AuthenticationFailed"), more


def test_absurd_depth(client: Client, container: str) -> None:
    query = f"sv={SV}&sr=d&sp=r&se=2099-01-01&sig=AAAA&sdd={'9' * 5000}"
    assert send(client, "GET", f"/{container}/a", query).code == "AuthenticationFailed"


def test_a_sas_for_a_snapshot_does_not_reach_the_blob(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"kept")
    fields = {"sv": SV, "sr": "bs", "sp": "rwdt", "se": iso(3600)}
    lines = ["rwdt", "", fields["se"], f"/blob/{ACCOUNT}/{container}/a", "", "", "", SV, "bs", SNAPSHOT]
    query = f"snapshot={SNAPSHOT}&{sas(fields, chr(10).join(lines + [''] * 6))}"
    at = f"/{container}/a?{query}"
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-access-tier": "Cool"}
    for method, target, body, expected in (
        ("PUT", at, b"evil", 400),
        ("PUT", f"{at}&comp=block&blockid=AAAA", b"evil", 400),
        ("PUT", f"{at}&comp=blocklist", b"<BlockList/>", 400),
        ("PUT", f"{at}&comp=tier", b"", 404),
        ("PUT", f"{at}&comp=tags", TAG, 400),
        ("GET", f"{at}&comp=tags", None, 404),
        ("GET", f"{at}&comp=blocklist", None, 404),
        ("GET", at, None, 404),
        ("DELETE", at, None, 404),
    ):
        answer = client.send(method, target, headers, body, sign=False)
        assert answer.status == expected, (method, target)
    found = client.get(f"/{container}/a")
    assert (found.body, found.get("x-ms-tag-count")) == (b"kept", None)
    copied = client.send("PUT", f"/{container}/a?snapshot={SNAPSHOT}", {"x-ms-copy-source": "http://h/c/b"})
    assert (copied.status, copied.code) == (400, "InvalidQueryParameterValue")


def test_an_account_sas_overrides_nothing(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    answer = send(client, "GET", f"/{container}/a", f"{account_sas()}&rsct=text/html&rscd=inline")
    assert (answer["Content-Type"], answer.get("Content-Disposition")) == ("application/octet-stream", None)


def test_bodies_that_are_too_long(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    for target, size in (
        (f"/{container}/a?comp=tags", 70_000),
        (f"/{container}?restype=container&comp=acl", 1_100_000),
    ):
        answer = client.send("PUT", target, {}, b" " * size)
        assert (answer.status, answer.code) == (413, "RequestBodyTooLarge")


@pytest.mark.parametrize("encoding", ["shift_jis", "no-such-encoding"])
def test_xml_in_a_foreign_encoding(client: Client, container: str, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><BlockList/>'.encode()
    answer = client.send("PUT", f"/{container}/a?comp=blocklist", {}, body)
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")


def test_xml_of_too_many_elements(client: Client, container: str) -> None:
    body = b"<BlockList>" + b"<a/>" * 500_000 + b"</BlockList>"
    answer = client.send("PUT", f"/{container}/a?comp=blocklist", {}, body)
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")


def test_absurd_dates(client: Client, container: str) -> None:
    date = f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT"
    client.put(f"/{container}/a", b"x")
    assert client.get(f"/{container}/a", {"If-Modified-Since": date}).status == 200
    assert client.get(f"/{container}/a", {"x-ms-date": date}).code == "AuthenticationFailed"


def test_a_signed_header_that_is_no_utf8(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    headers: dict[str, str | bytes] = {
        "x-ms-version": VERSION,
        "x-ms-date": formatdate(usegmt=True),
        "x-ms-meta-a": b"\xff\xfe",
    }
    connection.request(
        "GET", f"/{ACCOUNT}/cont/a", headers={**headers, "Authorization": "SharedKey acct:AA=="}
    )
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("x-ms-error-code")) == (403, "AuthenticationFailed")
    connection.close()


def test_tags_that_xml_cannot_hold(client: Client, container: str) -> None:
    answer = client.put(f"/{container}/a", b"x", {"x-ms-tags": "a=%00%01"})
    assert (answer.status, answer.code) == (400, "InvalidInput")
    assert client.put(f"/{container}/a", b"x", {"x-ms-tags": "a%20b=%2B-./:=_c"}).status == 201
    listed = client.get(f"/{container}?restype=container&comp=list&include=tags")
    assert listed.xml.findtext(".//Tag/Value") == "+-./:=_c"


@pytest.mark.parametrize("count", ["1_0", "x", "9" * 5000, "%D9%A1"])
def test_counts_that_are_none(client: Client, container: str, count: str) -> None:
    answer = client.get(f"/{container}?restype=container&comp=list&maxresults={count}")
    assert (answer.status, answer.code) == (400, "InvalidQueryParameterValue")


def test_a_bad_name_spoils_its_own_part_of_a_batch_only(client: Client, container: str) -> None:
    for name in "ab":
        client.put(f"/{container}/{name}", b"x")
    targets = [f"/{container}/a", "/C!/b", f"/{container}/b"]
    body = "".join(part(n, target, signed(target)) for n, target in enumerate(targets)) + "--batch_x--\r\n"
    answer = submit(client, body)
    assert statuses(answer) == ["202", "400", "202"]
    assert b"Content-ID: 1" in answer.body


def test_a_batch_part_cannot_write_lines_of_its_own(client: Client) -> None:
    body = part(0, "/cont/a", {"x-ms-client-request-id": "a\nInjected: yes"}) + "--batch_x--"
    answer = submit(client, body.replace("Content-ID: 0", "Content-ID: 0\nInjected: yes"))
    assert statuses(answer) == ["400"]
    assert b"Injected" not in answer.body


def test_a_name_with_line_breaks_is_listed_as_it_is(client: Client, container: str) -> None:
    client.put(f"/{container}/a%0D%0Ab%0Dc", b"x")
    listed = client.get(f"/{container}?restype=container&comp=list&prefix=a%0D%0A")
    assert listed.xml.findtext(".//Blob/Name") == "a\r\nb\rc"
    assert listed.xml.findtext("Prefix") == "a\r\n"
