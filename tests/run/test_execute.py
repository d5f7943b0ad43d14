"""Execution: exactly what the case says goes out, and whatever comes back is kept and never raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from harness import execute as module
from harness.cases.case import Case
from harness.cases.load import parse_text
from harness.execute import NoContainerError, World, execute
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.results.finding import verdict
from harness.vocabulary import Verdict
from tests.run.fake import Fake, Got, Respond, fake, response

HEAD = """\
id: put-blob/made
title: Made
operation: Put Blob
level: required
why: To see what is sent.
tests: [put-blob.x]
source: [reference/1.1]
provenance: {documented: yes}
"""
PREFIX = "bp-12345678-"


def case(steps: str, operation: str = "Put Blob") -> Case:
    """A case with these steps."""
    (one,) = parse_text("put-blob/made.yaml", HEAD.replace("Put Blob", operation) + steps)
    return one


def created(got: Got) -> bytes:
    """An answer that is right for what makes something."""
    return response(201 if got.line.startswith("PUT") else 200, ETag='"0x1"')


@contextmanager
def world(respond: Respond = created, **rest: object) -> Iterator[tuple[World, Fake]]:
    """A world against a server that answers like this; what the world itself asked is forgotten."""
    with fake(respond) as server, World(server.endpoint(**rest), PREFIX) as made:  # type: ignore[arg-type]
        server.got.clear()
        yield made, server


def test_a_request_is_ours_then_the_steps_and_signed_last() -> None:
    one = case("""
steps:
  - send: PUT /{container}/{blob}?x={guid:1}
    headers: {x-ms-blob-type: BlockBlob, X-Twice: [a, b], x-ms-version: 2020-10-02}
    body: {text: "{blob}"}
    expect: {status: 201}
""")
    with world() as (made, server):
        facts = execute(one, made)
    (got,) = server.got
    assert got.line.startswith(f"PUT /acct/{PREFIX}shared/blob-0001?x=")
    assert got.names == [
        *("Host", "x-ms-date", "x-ms-client-request-id", "Content-Length"),
        *("x-ms-blob-type", "X-Twice", "X-Twice", "x-ms-version", "Authorization"),
    ]
    assert got.get("x-ms-version") == "2020-10-02"
    assert (got.get("Authorization") or "").startswith("SharedKey acct:")
    assert (got.body, got.get("Content-Length")) == (b"blob-0001", "9")
    assert [fact.label for fact in facts.steps] == ["1"]
    assert verdict(finding for finding in judge(one, facts) if finding.rule is None) is Verdict.PASS


def test_null_drops_one_of_our_own() -> None:
    one = case("""
steps:
  - send: PUT /{container}/{blob}
    headers: {x-ms-date: null, Content-Length: null, x-ms-client-request-id: null}
    auth: anonymous
    expect: {status: 201}
  - send: GET /{container}/{blob}
    headers: {Authorization: null}
    expect: {status: 200}
  - send: GET /{container}/{blob}
    headers: {Authorization: "Basic eA=="}
    expect: {status: 200}
""")
    with world() as (made, server):
        execute(one, made)
    put, bare, basic = server.got
    assert put.names == ["Host", "x-ms-version"]
    assert "Authorization" not in bare.names
    assert [value for name, value in basic.headers if name == "Authorization"] == ["Basic eA=="]


def test_the_target_is_sent_byte_for_byte() -> None:
    one = case("""
steps:
  - send: GET /{container}//a%2fb/../c%zz?comp=&x=+%20&y
    auth: anonymous
    expect: {status: 200}
""")
    with world() as (made, server):
        execute(one, made)
    assert server.lines() == [f"GET /acct/{PREFIX}shared//a%2fb/../c%zz?comp=&x=+%20&y"]


def test_values_are_saved_and_come_back() -> None:
    one = case("""
given:
  - send: PUT /{container}/{blob}
    expect: {status: 201}
    save: {etag: ETag}
steps:
  - send: GET /{container}/{blob}
    headers: {If-Match: "{etag}"}
    expect: {status: 200, headers: {ETag: "{etag}"}}
""")
    with world() as (made, server):
        facts = execute(one, made)
    assert server.got[1].get("If-Match") == '"0x1"'
    assert [fact.label for fact in facts.steps] == ["given 1", "1"]
    assert facts.steps[1].scope.saved == {"etag": '"0x1"'}


def test_what_cannot_be_saved_ends_the_case_and_is_no_pass() -> None:
    one = case("""
steps:
  - send: PUT /{container}/{blob}
    expect: {status: 201}
    save: {copy: x-ms-copy-id}
  - send: GET /{container}/{blob}
    headers: {x-copy: "{copy}"}
    expect: {status: 200}
""")
    with world() as (made, server):
        facts = execute(one, made)
    assert len(server.got) == len(facts.steps) == 1
    assert verdict(judge(one, facts)) is Verdict.DIFFERS


def test_repeats_count_and_chunks_are_framed() -> None:
    one = case("""
steps:
  - send: PUT /{container}/{blob:n}?comp=block&blockid={id:n}
    repeat: 3
    chunked: true
    body: {random: 100KiB, seed: 1}
    expect: {status: 201}
""")
    with world() as (made, server):
        facts = execute(one, made)
    assert [fact.label for fact in facts.steps] == ["1 round 1", "1 round 2", "1 round 3"]
    assert [line.partition("shared/")[2] for line in server.lines()] == [
        f"blob-0001-{number}?comp=block&blockid=YmxvY2stMDAwMDAwMD{letter}%3D"
        for number, letter in enumerate(("A", "E", "I"))
    ]
    assert {len(got.body) for got in server.got} == {100 * 1024}
    assert all("Content-Length" not in got.names for got in server.got)


def test_one_connection_for_a_case_unless_it_asks_for_another() -> None:
    one = case("""
steps:
  - {send: "GET /{container}/a", expect: {status: 200}}
  - {send: "GET /{container}/b", expect: {status: 200}}
  - {send: "GET /{container}/c", expect: {status: 200}, connection: new}
  - {send: "GET /{container}/d", expect: {status: 200}}
""")
    with world() as (made, server):
        execute(one, made)
        execute(one, made)
    a, b, c, d, *second = [got.connection for got in server.got]
    assert a == b == d != c
    assert a not in second, "another case has a connection of its own"


def test_steps_in_parallel_are_under_way_at_once() -> None:
    import threading

    meeting = threading.Barrier(3)

    def respond(got: Got) -> bytes:
        if "/together" in got.line:
            meeting.wait(5)
        return created(got)

    one = case("""
steps:
  - {send: "GET /{container}/together1", expect: {status: 200}, parallel: a}
  - {send: "GET /{container}/together2", expect: {status: 200}, parallel: a}
  - {send: "GET /{container}/together3", expect: {status: 200}, parallel: a}
  - {send: "GET /{container}/after", expect: {status: 200}}
""")
    with world(respond) as (made, server):
        facts = execute(one, made)
    assert [fact.index for fact in facts.steps] == [0, 1, 2, 3]
    assert server.lines()[-1].endswith("/after")
    assert len({got.connection for got in server.got[:3]}) == 3


def _mute(got: Got) -> bytes | None:
    return None if "/silent" in got.line else created(got)


def _cut(got: Got) -> bytes | None:
    return response(200, b"0123456789")[:-4] if "/silent" in got.line else created(got)


def _noise(got: Got) -> bytes | None:
    return b"SSH-2.0-OpenSSH\r\n\r\n" if "/silent" in got.line else created(got)


@pytest.mark.parametrize(
    ("respond", "wanted"),
    [(_mute, Verdict.INDETERMINATE), (_cut, Verdict.INDETERMINATE), (_noise, Verdict.DIFFERS)],
)
def test_without_an_answer_a_case_ends_and_never_passes(
    monkeypatch: pytest.MonkeyPatch, respond: Respond, wanted: Verdict
) -> None:
    monkeypatch.setattr(module, "STEP_SECONDS", 0.3)
    one = case("""
steps:
  - {send: "GET /{container}/silent", expect: {status: 200}}
  - {send: "GET /{container}/after", expect: {status: 200}}
""")
    with world(respond) as (made, _):
        facts = execute(one, made)
        again = execute(case("steps: [{send: 'GET /{container}/x', expect: {status: 200}}]"), made)
    assert len(facts.steps) == 1
    assert verdict(judge(one, facts)) is wanted
    assert again.steps[0].exchange.failure is None, "the next case starts afresh"


def test_a_missing_credential_is_not_applicable() -> None:
    one = case("steps: [{send: 'GET /{container}/x', auth: bearer, expect: {status: 200}}]")
    with world() as (made, server):
        facts = execute(one, made)
    assert server.got == []
    assert facts.not_applicable == "endpoint fake has no token source"
    face = case("steps: [{send: 'GET /{container}/x', face: https, expect: {status: 200}}]")
    with world() as (made, server):
        assert "https" in (execute(face, made).not_applicable or "")


def test_a_case_gets_a_container_of_its_own_or_says_so() -> None:
    one = case("steps: [{send: 'GET /{own-container}/x', expect: {status: 200}}]")
    with world() as (made, server):
        execute(one, made)
        execute(one, made)
    assert server.lines("PUT") == [
        f"PUT /acct/{PREFIX}own-0001?restype=container",
        f"PUT /acct/{PREFIX}own-0002?restype=container",
    ]

    def refuse(got: Got) -> bytes:
        return response(503) if "own-" in got.line else created(got)

    with world(refuse) as (made, server), pytest.raises(NoContainerError, match="answered 503"):
        execute(one, made)


def test_no_shared_container_no_world() -> None:
    with (
        fake(lambda got: response(403)) as server,
        pytest.raises(NoContainerError, match="answered 403"),
        World(server.endpoint(), PREFIX),
    ):
        pass


def test_only_names_with_the_runs_prefix_are_made() -> None:
    one = case("""
steps:
  - {send: "PUT /{new-container}?restype=container", expect: {status: 201}}
  - {send: "PUT /{new-container:2}?restype=container", expect: {status: 201}}
  - {send: "PUT /{own-container}/{blob:2}", expect: {status: 201}}
""")
    with fake(created) as server, World(server.endpoint(), PREFIX) as made:
        execute(one, made)
    containers = {got.line.split("/")[2].split("?")[0].split(" ")[0] for got in server.got} - {""}
    assert all(name.startswith(PREFIX) for name in containers if name), containers


def test_made_up_operations_are_probed_once_on_things_that_exist() -> None:
    def respond(got: Got) -> bytes:
        if "no-such-operation" in got.line:
            return response(400, b"<Error><Code>InvalidQueryParameterValue</Code></Error>")
        return created(got)

    with fake(respond) as server, World(server.endpoint(), PREFIX) as made:
        probes = [got.line for got in server.got if "no-such-operation" in got.line]
        put = server.lines().index(f"PUT /acct/{PREFIX}shared/probe")
        assert put < len(server.got) - len(probes) + 1
        one = case("""
steps:
  - {send: "PUT /{container}/{blob}?comp=block&blockid={id:1}", expect: {status: 201}}
""")
        facts = execute(one, made)
    assert isinstance(facts, Facts)
    assert set(made.made_up) >= {("PUT", "blob"), ("GET", "container"), ("POST", "account")}
    assert len(probes) == len(made.made_up) == len(set(probes))
    assert all("DELETE" not in line or "/probe?" in line for line in probes), "never delete a container"


def test_client_request_ids_differ() -> None:
    one = case("steps: [{send: 'GET /{container}/x', repeat: 5, expect: {status: 200}}]")
    with world() as (made, server):
        execute(one, made)
    ids = [got.get("x-ms-client-request-id") for got in server.got]
    assert all(a != b for a, b in pairwise(sorted(ids, key=str)))
