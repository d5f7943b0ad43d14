"""What is there after a trial is said as it is: what is left of a failure, what is wrong, what is torn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clients.truth import Truth, said
from harness.drive.action import Action, Task, Told
from harness.drive.scene import Scene
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.safety.look import fetch, holdings, left, torn, wrong
from harness.wire.body import KEEP

C = "bp-look"
DONE, FAILED = Told("done"), Told("failed", "no")


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture
def truth(facade: Endpoint) -> Iterator[Truth]:
    with Truth(facade) as ready:
        ready.create_container(C)
        yield ready
        ready.delete_container(C)


def put(truth: Truth, tmp_path: Path) -> Scene:
    """A scene in which `b` is to hold abcdef."""
    return Scene(Task(Action.PUT_SMALL, C, "b", tmp_path / "b"), truth, blobs={"b": b"abcdef"})


def test_holdings_are_what_is_listed_and_read(truth: Truth) -> None:
    truth.put(C, "a b", b"123")
    assert holdings(truth, C).blobs == {"a b": said(b"123")}
    assert holdings(truth, C).trouble == ()
    assert holdings(truth, "bp-nowhere").trouble != ()


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (None, "nothing is there"),
        (b"old", "the old is there"),
        (b"abc", "bytes of b: short: the first 3 of 6 bytes"),
        (b"abcdef", "false failure: all is as it should be"),
    ],
)
def test_what_is_left_of_a_put_that_failed(
    truth: Truth, tmp_path: Path, now: bytes | None, words: str
) -> None:
    truth.put(C, "b", b"old")
    before = holdings(truth, C)
    if now is None:
        truth.send("DELETE", f"/{C}/b")
    else:
        truth.put(C, "b", now)
    scene = put(truth, tmp_path)
    assert left(scene, wrong(scene, FAILED), before, holdings(truth, C)) == words


def test_what_is_left_of_a_get_that_failed(truth: Truth, tmp_path: Path) -> None:
    path = tmp_path / "got"
    scene = Scene(Task(Action.GET_SMALL, C, "b", path), truth, files={"": b"abcdef"})
    before = holdings(truth, C)
    assert left(scene, wrong(scene, FAILED), before, before) == "bytes of the file got: missing"
    path.write_bytes(b"abcdef")
    assert left(scene, wrong(scene, FAILED), before, before).startswith("false failure")


def test_a_tree_says_which_files_are_wrong(truth: Truth, tmp_path: Path) -> None:
    files = {"a": b"1", "b/c": b"22", "d": b"333"}
    scene = Scene(Task(Action.GET_TREE, C, "t", tmp_path / "t"), truth, files=files)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "d").write_bytes(b"33")
    (tmp_path / "t" / "e").write_bytes(b"")
    (found,) = wrong(scene, DONE)
    assert found.observed == ("a: missing; b/c: missing; d: short: the first 2 of 3 bytes; and 1 more")


def test_a_listing_says_which_names_are_wrong(truth: Truth) -> None:
    truth.put(C, "t/a", b"1")
    truth.put(C, "t/b", b"22")
    scene = Scene(Task(Action.LIST, C, "t"), truth, blobs={"t/a": b"1", "t/b": b"22"}, whole="t")
    (found,) = wrong(scene, Told("done", facts={"names": {"t/b": 3, "t/x": 1}}))
    assert found.told
    assert found.observed == ("t/a is missing; t/x is no name of a blob; t/b has 3 bytes instead of 2")


def test_a_blob_that_nobody_wrote_so_is_torn(truth: Truth, tmp_path: Path) -> None:
    scene = put(truth, tmp_path)
    before = holdings(truth, C)
    truth.put(C, "b", b"abc")
    truth.put(C, "stranger", b"x")
    found = torn(scene, before, holdings(truth, C), [], "")
    assert found == ("b: short: the first 3 of 6 bytes", "stranger: nobody wrote it")
    truth.put(C, "b", b"abcdef")
    assert torn(scene, holdings(truth, C), holdings(truth, C), [], "") == ()


def test_a_blob_is_fetched_in_pieces(truth: Truth) -> None:
    data = bytes(KEEP) + b"more"
    truth.put_blocks(C, "large", data)
    truth.put(C, "empty", b"")
    assert fetch(truth, C, "large") == data
    assert fetch(truth, C, "empty") == b""
    assert fetch(truth, C, "none") is None
