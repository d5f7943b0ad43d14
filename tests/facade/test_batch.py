"""Blob Batch: deletes in one multipart body, each authorised and answered on its own."""

from __future__ import annotations

import re
from email.utils import formatdate

from tests.facade.client import ACCOUNT, Answer, Client, shared_key


def part(number: int, target: str, headers: dict[str, str], method: str = "DELETE") -> str:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"--batch_x\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\n{method} {target} HTTP/1.1\r\n{lines}\r\n"
    )


def signed(target: str, method: str = "DELETE", **more: str) -> dict[str, str]:
    headers = {"x-ms-date": formatdate(usegmt=True), **more}
    return {**headers, "Authorization": shared_key(method, target, headers), "Content-Length": "0"}


def submit(client: Client, body: str, target: str = "/?comp=batch", **headers: str) -> Answer:
    sent = {"Content-Type": "multipart/mixed; boundary=batch_x", **headers}
    return client.send("POST", target, sent, body.encode())


def statuses(answer: Answer) -> list[str]:
    return re.findall(r"HTTP/1\.1 (\d+)", answer.body.decode("utf-8", "replace"))


def test_delete_several(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    client.put(f"/{container}/b", b"x")
    targets = [f"/{container}/a", f"/{ACCOUNT}/{container}/b", f"/{container}/missing"]
    body = "".join(part(n, target, signed(target)) for n, target in enumerate(targets)) + "--batch_x--\r\n"
    for place in ("/?comp=batch", f"/{container}?restype=container&comp=batch"):
        answer = submit(client, body, place)
        assert answer.status == 202
        assert answer["Transfer-Encoding"] == "chunked"
        found = statuses(answer)
        assert found == (["202", "202", "404"] if place.startswith("/?") else ["404"] * 3)
    text = answer.body.decode("utf-8", "replace")
    mark = answer["Content-Type"].partition("boundary=")[2]
    assert text.startswith(
        f"--{mark}\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 404 "
    )
    assert text.endswith(f"--{mark}--")
    assert "x-ms-error-code: BlobNotFound" in text
    assert 'encoding="utf-8"?>\n<Error>' in text
    ids = re.findall(r"x-ms-request-id: (\S+)", text)
    assert len(set(ids)) == 3
    assert {one[:18] for one in ids} == {answer["x-ms-request-id"][:18]}


def test_parts_are_authorised_one_by_one(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    target = f"/{container}/a"
    wrong = {**signed(target), "Authorization": f"SharedKey {ACCOUNT}:AAAA"}
    answer = submit(client, part(0, target, wrong) + part(1, target, {}) + "--batch_x--")
    assert statuses(answer) == ["403", "401"]
    assert client.head(f"/{container}/a").status == 200


def test_batches_that_cannot_be_read(client: Client, container: str) -> None:
    for body, headers, code in (
        ("nonsense", {}, "InvalidInput"),
        ("--batch_x--", {}, "InvalidInput"),
        (part(0, "/c/b", {}), {}, "InvalidInput"),
        (part(0, "/c/b", {}) * 257 + "--batch_x--", {}, "ExceedsMaxBatchRequestCount"),
        ("--batch_x--", {"Content-Type": "multipart/mixed"}, "InvalidHeaderValue"),
    ):
        answer = submit(client, body, **headers)
        assert (answer.status, statuses(answer)) == (202, ["400"])
        text = answer.body.decode("utf-8", "replace")
        assert f"x-ms-error-code: {code}" in text
        assert "Content-ID" not in text


def test_tiers(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    client.put(f"/{container}/b", b"x", {"x-ms-access-tier": "Archive"})
    parts = [("a", "Cool", "200"), ("b", "Hot", "202"), ("none", "Hot", "404"), ("a", "Lukewarm", "400")]
    body = ""
    for number, (name, tier, _) in enumerate(parts):
        target = f"/{container}/{name}?comp=tier"
        body += part(number, target, signed(target, "PUT", **{"x-ms-access-tier": tier}), "PUT")
    assert statuses(submit(client, body + "--batch_x--")) == [status for *_, status in parts]
    assert client.head(f"/{container}/a")["x-ms-access-tier"] == "Cool"


def test_batches_of_other_things_do_nothing(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    target, tier = f"/{container}/a", f"/{container}/a?comp=tier"
    delete = part(0, target, signed(target))
    change = part(1, tier, signed(tier, "PUT", **{"x-ms-access-tier": "Cool"}), "PUT")
    for body, code in (
        (delete + change, "AllBatchSubRequestsShouldBeSameApi"),
        (delete + part(1, target, signed(target, "GET"), "GET"), "InvalidInput"),
        (part(0, f"{target}?comp=metadata", signed(target, "PUT"), "PUT"), "InvalidInput"),
    ):
        answer = submit(client, body + "--batch_x--")
        assert (answer.status, statuses(answer)) == (202, ["400"])
        assert f"x-ms-error-code: {code}" in answer.body.decode("utf-8", "replace")
    assert client.head(target)["x-ms-access-tier-inferred"] == "true"
