"""Leases over the wire: what each action answers, what a lease does to other operations, and who wins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.facade.client import ACCOUNT, Answer, Client, block_id, facade, iso, quoted_id, sas

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
OTHER = {"x-ms-lease-id": B}
HELD = {"x-ms-lease-id": A}


def act(client: Client, target: str, action: str | None, **headers: object) -> Answer:
    """One lease action; `target` ends in `?restype=container` for a container."""
    sent = {} if action is None else {"x-ms-lease-action": action}
    sent |= {f"x-ms-{name.replace('_', '-')}": str(value) for name, value in headers.items()}
    return client.send("PUT", f"{target}{'&' if '?' in target else '?'}comp=lease", sent)


def acquire(client: Client, target: str, identity: str = A, duration: int = -1) -> Answer:
    return act(client, target, "acquire", lease_duration=duration, proposed_lease_id=identity)


@pytest.fixture(params=["blob", "container"])
def target(request: pytest.FixtureRequest, client: Client, container: str) -> str:
    """A blob, and a container, that are there."""
    if request.param == "container":
        return f"/{container}?restype=container"
    client.put(f"/{container}/b", b"data")
    return f"/{container}/b"


def shown(answer: Answer) -> list[str | None]:
    return [answer.get(f"x-ms-lease-{name}") for name in ("status", "state", "duration")]


def test_a_life_of_a_lease(client: Client, target: str) -> None:
    before = client.head(target)
    answer = act(client, target, "acquire", lease_duration=-1)
    assert (answer.status, answer.reason, answer["Content-Length"]) == (201, "Created", "0")
    first = answer["x-ms-lease-id"]
    assert answer.names[1:3] == ["Last-Modified", "ETag"]
    assert shown(client.head(target)) == ["locked", "leased", "infinite"]
    assert acquire(client, target, first, 60)["x-ms-lease-id"] == first
    assert shown(client.get(target)) == ["locked", "leased", "fixed"]
    renewed = act(client, target, "renew", lease_id=first)
    assert (renewed.status, renewed["x-ms-lease-id"]) == (200, first)
    changed = act(client, target, "change", lease_id=first, proposed_lease_id=B.upper())
    assert (changed.status, changed["x-ms-lease-id"]) == (200, B)
    broken = act(client, target, "break", lease_break_period=5)
    assert (broken.status, broken["x-ms-lease-time"]) == (202, "5")
    assert broken.get("x-ms-lease-id") is None
    assert shown(client.head(target)) == ["locked", "breaking", None]
    assert act(client, target, "break", lease_break_period=0)["x-ms-lease-time"] == "0"
    assert shown(client.head(target)) == ["unlocked", "broken", None]
    released = act(client, target, "release", lease_id=B)
    assert (released.status, released.get("x-ms-lease-id")) == (200, None)
    after = client.head(target)
    assert shown(after) == ["unlocked", "available", None]
    for answer in (renewed, changed, broken, released, after):
        assert (answer["ETag"], answer["Last-Modified"]) == (before["ETag"], before["Last-Modified"])


def test_breaking_without_a_period_waits_for_the_lease(client: Client, target: str) -> None:
    acquire(client, target, duration=60)
    assert act(client, target, "break")["x-ms-lease-time"] == "59"
    acquired = acquire(client, target)
    assert (acquired.status, acquired.code) == (409, "LeaseIsBreakingAndCannotBeAcquired")


def test_what_is_no_request_for_a_lease_is_refused(client: Client, target: str) -> None:
    cases: list[tuple[str | None, dict[str, object], str]] = [
        (None, {}, "MissingRequiredHeader"),
        ("borrow", {}, "InvalidHeaderValue"),
        ("acquire", {}, "MissingRequiredHeader"),
        ("acquire", {"lease_duration": 14}, "InvalidHeaderValue"),
        ("acquire", {"lease_duration": 61}, "InvalidHeaderValue"),
        ("acquire", {"lease_duration": 0}, "InvalidHeaderValue"),
        ("acquire", {"lease_duration": "soon"}, "InvalidHeaderValue"),
        ("acquire", {"lease_duration": 15, "proposed_lease_id": "mine"}, "InvalidHeaderValue"),
        ("renew", {}, "MissingRequiredHeader"),
        ("renew", {"lease_id": "mine"}, "InvalidHeaderValue"),
        ("change", {"lease_id": A}, "MissingRequiredHeader"),
        ("release", {}, "MissingRequiredHeader"),
        ("break", {"lease_break_period": 61}, "InvalidHeaderValue"),
        ("break", {"lease_break_period": -1}, "InvalidHeaderValue"),
    ]
    for action, headers, code in cases:
        answer = act(client, target, action, **headers)
        assert (answer.status, answer.code) == (400, code), (action, headers)
    assert shown(client.head(target))[1] == "available"


def test_messages_name_what_is_leased(client: Client, target: str) -> None:
    kind = "container" if "restype" in target else "blob"
    absent = act(client, target, "break")
    assert (absent.status, absent.code) == (409, "LeaseNotPresentWithLeaseOperation")
    assert absent.reason == f"There is currently no lease on the {kind}."
    acquire(client, target)
    mismatch = act(client, target, "release", lease_id=B)
    assert mismatch.reason == f"The lease ID specified did not match the lease ID for the {kind}."
    missing = client.send("DELETE", target)
    assert (missing.status, missing.code) == (412, "LeaseIdMissing")
    assert missing.reason.startswith(f"There is currently a lease on the {kind} and no lease ID")
    act(client, target, "break", lease_break_period=0)
    lost = client.send("DELETE", target, HELD)
    assert (lost.status, lost.code) == (412, "LeaseLost")
    assert lost.reason == f"A lease ID was specified, but the lease for the {kind} has expired."


def test_a_lease_has_conditions(client: Client, target: str) -> None:
    for headers in (
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If-Unmodified-Since": "Fri, 01 Jan 2010 00:00:00 GMT"},
    ):
        sent = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1", **headers}
        answer = client.send("PUT", f"{target}{'&' if '?' in target else '?'}comp=lease", sent)
        assert (answer.status, answer.code) == (412, "ConditionNotMet")
    assert acquire(client, target).status == 201


def test_what_is_not_there_cannot_be_leased(client: Client, container: str) -> None:
    assert acquire(client, "/no-such?restype=container").code == "ContainerNotFound"
    assert acquire(client, f"/{container}/none").code == "BlobNotFound"
    client.block(f"/{container}/staged", 1, b"x")
    assert acquire(client, f"/{container}/staged").code == "BlobNotFound"
    snapshot = act(client, f"/{container}/b?snapshot=2026-01-01T00:00:00.0000000Z", "break")
    assert (snapshot.status, snapshot.code) == (400, "InvalidQueryParameterValue")


def every_write(client: Client, blob: str, headers: Mapping[str, str]) -> dict[str, Answer]:
    """One of each operation that a lease reserves to its holder, deletion last."""
    block = f"{blob}?comp=block&blockid={quoted_id(1)}"
    list_body = f"<BlockList><Latest>{block_id(1)}</Latest></BlockList>".encode()
    source = {"x-ms-copy-source": f"http://127.0.0.1:{client.port}/{ACCOUNT}{blob}"}
    tags = b"<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>"
    return {
        "metadata": client.send("PUT", f"{blob}?comp=metadata", {"x-ms-meta-a": "b", **headers}),
        "properties": client.send("PUT", f"{blob}?comp=properties", dict(headers)),
        "tier": client.send("PUT", f"{blob}?comp=tier", {"x-ms-access-tier": "Cool", **headers}),
        "tags": client.send("PUT", f"{blob}?comp=tags", dict(headers), tags),
        "block": client.send("PUT", block, dict(headers), b"x"),
        "block list": client.send("PUT", f"{blob}?comp=blocklist", dict(headers), list_body),
        "put": client.put(blob, b"new", headers),
        "copy": client.send("PUT", blob, {**source, **headers}),
        "delete": client.send("DELETE", blob, dict(headers)),
    }


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "LeaseIdMissing"),
        (OTHER, "LeaseIdMismatchWithBlobOperation"),
        ({"x-ms-lease-id": "nonsense"}, "InvalidHeaderValue"),
    ],
)
def test_writes_without_the_lease_are_refused(
    client: Client, container: str, headers: Mapping[str, str], code: str
) -> None:
    blob = f"/{container}/b"
    client.put(blob, b"data")
    acquire(client, blob)
    before = client.get(blob)
    for name, answer in every_write(client, blob, headers).items():
        assert (answer.status, answer.code) == (400 if code == "InvalidHeaderValue" else 412, code), name
    after = client.get(blob)
    assert (after.body, after["ETag"]) == (b"data", before["ETag"])


def test_writes_with_the_lease_go_on_and_keep_it(client: Client, container: str) -> None:
    blob = f"/{container}/b"
    client.put(blob, b"data")
    acquire(client, blob)
    *kept, deleted = every_write(client, blob, HELD).items()
    assert {name: answer.status for name, answer in kept} == {
        "metadata": 200,
        "properties": 200,
        "tier": 200,
        "tags": 204,
        "block": 201,
        "block list": 201,
        "put": 201,
        "copy": 202,
    }
    assert deleted[1].status == 202
    client.put(blob, b"another")
    assert shown(client.head(blob)) == ["unlocked", "available", None]
    for name, answer in every_write(client, f"/{container}/none", HELD).items():
        assert answer.status in (404, 412), name


def test_a_new_blob_takes_no_lease_over_from_its_copy_source(client: Client, container: str) -> None:
    blob, copy = f"/{container}/b", f"/{container}/copy"
    client.put(blob, b"data")
    acquire(client, blob)
    source = {"x-ms-copy-source": f"http://127.0.0.1:{client.port}/{ACCOUNT}{blob}"}
    assert client.send("PUT", copy, source).status == 202
    assert shown(client.head(copy)) == ["unlocked", "available", None]
    assert client.put(blob, b"x", HELD).status == 201
    assert shown(client.head(blob)) == ["locked", "leased", "infinite"]


def test_reads_need_no_lease_but_an_id_must_be_right(client: Client, container: str) -> None:
    blob = f"/{container}/b"
    client.put(blob, b"data")
    reads = (
        ("GET", blob),
        ("HEAD", blob),
        ("GET", f"{blob}?comp=metadata"),
        ("GET", f"{blob}?comp=blocklist"),
        ("GET", f"{blob}?comp=tags"),
    )
    for method, target in reads:
        assert client.send(method, target, HELD).code == "LeaseNotPresentWithBlobOperation"
    acquire(client, blob)
    for method, target in reads:
        assert client.send(method, target).status == 200
        assert client.send(method, target, HELD).status == 200
        wrong = client.send(method, target, OTHER)
        assert (wrong.status, wrong.code) == (412, "LeaseIdMismatchWithBlobOperation")


def test_a_write_after_a_lease_was_broken_forgets_it(client: Client, container: str) -> None:
    blob = f"/{container}/b"
    client.put(blob, b"data")
    acquire(client, blob)
    act(client, blob, "break")
    assert shown(client.head(blob)) == ["unlocked", "broken", None]
    assert client.put(blob, b"again").status == 201
    assert shown(client.head(blob)) == ["unlocked", "available", None]
    assert act(client, blob, "release", lease_id=A).code == "LeaseNotPresentWithLeaseOperation"


def test_a_container_lease_reserves_its_deletion_only(client: Client, container: str) -> None:
    target = f"/{container}?restype=container"
    acquire(client, target)
    assert client.put(f"/{container}/b", b"x").status == 201
    operations = (
        ("GET", target),
        ("GET", f"{target}&comp=metadata"),
        ("PUT", f"{target}&comp=metadata"),
        ("GET", f"{target}&comp=acl"),
        ("PUT", f"{target}&comp=acl"),
    )
    for method, path in operations:
        assert client.send(method, path).status == 200
        assert client.send(method, path, HELD).status == 200
        wrong = client.send(method, path, OTHER)
        assert (wrong.status, wrong.code) == (412, "LeaseIdMismatchWithContainerOperation")
    assert shown(client.head(target)) == ["locked", "leased", "infinite"]
    assert client.send("DELETE", target, OTHER).code == "LeaseIdMismatchWithContainerOperation"
    assert client.send("DELETE", target).code == "LeaseIdMissing"
    assert client.send("DELETE", target, HELD).status == 202


def test_lists_show_leases(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    acquire(client, f"/{container}/b", duration=15)
    acquire(client, f"/{container}?restype=container")
    blob = client.get(f"/{container}?restype=container&comp=list").xml.find(".//Blob/Properties")
    assert blob is not None
    assert [blob.findtext(name) for name in ("LeaseStatus", "LeaseState", "LeaseDuration")] == [
        "locked",
        "leased",
        "fixed",
    ]
    found = client.get(f"/?comp=list&prefix={container}").xml.find(".//Container/Properties")
    assert found is not None
    assert [child.tag for child in found][:5] == [
        "Last-Modified",
        "Etag",
        "LeaseStatus",
        "LeaseState",
        "LeaseDuration",
    ]


@pytest.mark.parametrize(
    ("letters", "action", "status"),
    [
        ("w", "acquire", 201),
        ("w", "break", 202),
        ("d", "break", 202),
        ("d", "acquire", 403),
        ("r", "break", 403),
    ],
)
def test_who_may_lease(client: Client, container: str, letters: str, action: str, status: int) -> None:
    blob = f"/{container}/b"
    client.put(blob, b"x")
    if action == "break":
        acquire(client, blob)
    expiry = iso(600)
    text = "\n".join(
        [letters, "", expiry, f"/blob/{ACCOUNT}{blob}", "", "", "", "2020-10-02", "b", "", "", "", "", "", ""]
    )
    token = sas({"sv": "2020-10-02", "sr": "b", "sp": letters, "se": expiry}, text)
    headers = {"x-ms-lease-action": action, "x-ms-lease-duration": "15"}
    assert client.send("PUT", f"{blob}?comp=lease&{token}", headers, sign=False).status == status


def racing(clients: tuple[Client, Client], target: str, count: int) -> list[Answer]:
    """Answers to so many who want a lease at the same moment."""
    answers: list[Answer] = []
    start = threading.Barrier(count)

    def race(client: Client) -> None:
        start.wait(10)
        answers.append(act(client, target, "acquire", lease_duration=15))

    threads = [threading.Thread(target=race, args=(clients[number % 2],)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


def test_of_many_who_want_a_lease_one_gets_it(tmp_path: Path) -> None:
    with facade(tmp_path) as one, facade(tmp_path) as two:
        one.create("cont")
        for turn in range(6):
            target = f"/cont/b{turn}" if turn % 2 else "/cont?restype=container"
            if turn % 2:
                one.put(target, b"x")
            answers = racing((one, two), target, 8)
            assert sorted(answer.status for answer in answers) == [201] + [409] * 7
            winner = next(answer for answer in answers if answer.status == 201)
            for client in (one, two):
                assert shown(client.head(target)) == ["locked", "leased", "fixed"]
            assert act(two, target, "release", lease_id=winner["x-ms-lease-id"]).status == 200


def test_a_lease_outlives_the_process(tmp_path: Path) -> None:
    with facade(tmp_path) as client:
        client.create("cont")
        client.put("/cont/b", b"x")
        acquire(client, "/cont/b")
        acquire(client, "/cont?restype=container", B)
        assert client.process is not None
        client.process.kill()
        client.process.wait(10)
    with facade(tmp_path) as client:
        assert client.put("/cont/b", b"y").code == "LeaseIdMissing"
        assert client.put("/cont/b", b"y", HELD).status == 201
        assert client.send("DELETE", "/cont?restype=container").code == "LeaseIdMissing"
        assert client.send("DELETE", "/cont?restype=container", OTHER).status == 202
