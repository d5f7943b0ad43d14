"""Tags: conditions on them, on every operation that takes conditions, and bodies that are none."""

from __future__ import annotations

import pytest

from reference_impl.protocol import tag_filter
from tests.facade.client import Answer, Client

TAGS = {"x-ms-tags": "state=done&rank=b2"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("state = 'done'", True),
        ("\"state\"='done'", True),
        ("state = 'Done'", False),
        ("state <> 'open'", True),
        ("none <> 'open'", False),
        ("rank > 'b1' AND rank < 'b3'", True),
        ("rank >= 'b2' and rank <= 'b2'", True),
        ("rank > 'b2'", False),
        ("rank = 'x' OR state = 'done'", True),
        ("rank = 'x' OR rank = 'y' AND state = 'done'", False),
        ("(rank = 'x' OR state = 'done') AND rank = 'b2'", True),
        ("state = 'it''s'", False),
    ],
)
def test_expressions(text: str, holds: bool) -> None:
    assert tag_filter.parse(text).holds({"state": "done", "rank": "b2"}) is holds


@pytest.mark.parametrize(
    "text",
    [
        "state",
        "state =",
        "state = done",
        "= 'done'",
        "a = 'b' c",
        "a = 'b' AND",
        "(a = 'b'",
        "a = 'b",
        "a ! 'b'",
        "(" * 100 + "a = 'b'" + ")" * 100,
    ],
)
def test_what_is_no_expression(client: Client, container: str, text: str) -> None:
    client.put(f"/{container}/b", b"x", TAGS)
    answer = client.get(f"/{container}/b", {"x-ms-if-tags": text})
    assert (answer.status, answer.code) == (400, "InvalidHeaderValue")


def operations(client: Client, target: str, condition: str) -> dict[str, Answer]:
    """Every operation on an existing blob that takes x-ms-if-tags, the deletion last."""
    sent = {"x-ms-if-tags": condition}
    url = f"http://127.0.0.1:{client.port}/{client.account}{target}"
    tags = b"<Tags><TagSet><Tag><Key>state</Key><Value>done</Value></Tag></TagSet></Tags>"
    return {
        "get": client.get(target, sent),
        "head": client.head(target, sent),
        "get metadata": client.get(f"{target}?comp=metadata", sent),
        "block list": client.get(f"{target}?comp=blocklist", sent),
        "get tags": client.get(f"{target}?comp=tags", sent),
        "set tags": client.send("PUT", f"{target}?comp=tags", sent, tags),
        "set metadata": client.send("PUT", f"{target}?comp=metadata", {**sent, "x-ms-meta-a": "1"}, b""),
        "set properties": client.send("PUT", f"{target}?comp=properties", sent, b""),
        "set tier": client.send("PUT", f"{target}?comp=tier", {**sent, "x-ms-access-tier": "Cool"}, b""),
        "copy": client.send("PUT", target, {**sent, **TAGS, "x-ms-copy-source": url}, b""),
        "put": client.put(target, b"x", {**sent, **TAGS}),
        "commit": client.commit(target, [], headers={**sent, **TAGS}),
        "delete": client.send("DELETE", target, sent),
    }


def test_conditions_that_do_not_hold(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"x", TAGS)
    before = client.head(target)
    answers = operations(client, target, "state = 'open'")
    codes = {name: (answer.status, answer.code) for name, answer in answers.items()}
    expected = dict.fromkeys(answers, (412, "ConditionNotMet"))
    assert codes == {**expected, "copy": (412, "TargetConditionNotMet")}
    assert client.head(target)["ETag"] == before["ETag"]


def test_conditions_that_hold(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"x", TAGS)
    answers = operations(client, target, "state = 'done'")
    assert {name: answer.status for name, answer in answers.items() if answer.status >= 300} == {}


def test_a_blob_that_is_not_there_meets_no_condition(client: Client, container: str) -> None:
    answer = client.put(f"/{container}/b", b"x", {"x-ms-if-tags": "a = 'b'"})
    assert (answer.status, answer.code) == (412, "ConditionNotMet")


def test_older_versions_have_no_such_condition(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    answer = client.get(f"/{container}/b", {"x-ms-if-tags": "a = 'b'", "x-ms-version": "2019-02-02"})
    assert (answer.status, answer.code) == (400, "UnsupportedHeader")


def test_conditions_on_the_source(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x", TAGS)
    url = f"http://127.0.0.1:{client.port}/{client.account}/{container}/b"
    for condition, status in (("state = 'open'", 412), ("state = 'done'", 202)):
        sent = {"x-ms-copy-source": url, "x-ms-source-if-tags": condition}
        answer = client.send("PUT", f"/{container}/copy", sent, b"")
        assert answer.status == status
        assert answer.code == ("SourceConditionNotMet" if status == 412 else None)


def test_conditions_on_the_blob_for_tags(client: Client, container: str) -> None:
    target = f"/{container}/b?comp=tags"
    client.put(f"/{container}/b", b"x", TAGS)
    wrong = {"x-ms-blob-if-match": '"0x1"'}
    assert client.get(target, wrong).status == 200
    answer = client.get(target, {**wrong, "x-ms-version": "2026-06-06"})
    assert (answer.status, answer.code) == (412, "ConditionNotMet")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Tags>",
        b"<Tags />",
        b"<Other><TagSet /></Other>",
        b"<Tags><TagSet><Tug><Key>a</Key><Value>b</Value></Tug></TagSet></Tags>",
        b"<Tags><TagSet><Tag><Value>b</Value></Tag></TagSet></Tags>",
    ],
)
def test_bodies_that_are_no_tags(client: Client, container: str, body: bytes) -> None:
    client.put(f"/{container}/b", b"x", TAGS)
    answer = client.send("PUT", f"/{container}/b?comp=tags", {}, body)
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")
    assert b'encoding="utf-8"?>\n<Error>' in answer.body
    assert client.head(f"/{container}/b")["x-ms-tag-count"] == "2"
