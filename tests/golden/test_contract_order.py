"""The contract model where steps come at the same time: only what holds in every order is expected."""

from __future__ import annotations

from harness.cases import case as c
from harness.golden.contract import predict
from tests.golden.contracts import (
    HERE,
    block,
    commit,
    error,
    get,
    head,
    headers,
    listing,
    put,
    status,
    step,
    xml,
)


def test_blocks_may_come_in_any_order() -> None:
    staged = (block(1, c.Zeros(9)), block(2, c.Zeros(5)))
    said = predict((), (*staged, commit(2, 1, after=["block-1", "block-2"]), get(after=["commit"])), {})
    assert [status(one) for one in said.expects] == [(201,), (201,), (201,), (200,)]
    assert said.expects[3].body == c.Graded(c.Zeros(14))
    assert said.unknown == ()


def test_a_commit_that_does_not_wait_for_its_blocks() -> None:
    said = predict((), (block(1, c.Zeros(9)), commit(1), get(after=["commit"])), {})
    assert status(said.expects[1]) == (201, 400)
    assert said.expects[2] == c.Expect()
    assert said.then == ()


def test_a_read_beside_a_write() -> None:
    said = predict((), (put(), head()), {})
    assert status(said.expects[0]) == (201,)
    assert status(said.expects[1]) == (200, 404)
    assert (error(said.expects[1]), headers(said.expects[1])) == (None, {})
    assert said.then[0].expect.body == c.Graded(c.Text("hello"))


def test_what_both_orders_agree_about_is_expected() -> None:
    first = put(save={"etag-1": "ETag"})
    again = put("again", body=c.Zeros(5), after=["put"])
    said = predict((), (first, again, head(after=["put"])), {})
    assert status(said.expects[2]) == (200,)
    read = headers(said.expects[2])
    assert (read["Content-Length"], read["x-ms-blob-type"]) == ("5", "BlockBlob")
    assert "ETag" not in read


def test_between_two_steps_there_may_be_a_third_state() -> None:
    """Before the write and after the delete there is nothing; in between there is something."""
    delete = step("delete", f"DELETE {HERE}/a", after=["put"])
    said = predict((), (put(), delete, head()), {})
    assert status(said.expects[2]) == (200, 404)


def test_a_listing_beside_writes() -> None:
    before = put("one", "old")
    said = predict((), (before, put("two", "new", after=["one"]), listing(after=["one"])), {})
    assert status(said.expects[2]) == (200,)
    assert "Blobs/Blob/Name" not in xml(said.expects[2])
    within = listing(query="&prefix=o", after=["one"])
    said = predict((), (before, put("two", "new", after=["one"]), within), {})
    assert xml(said.expects[2])["Blobs/Blob/Name"] == ["old"]


def test_two_writes_of_one_blob_leave_nobody_knows_what() -> None:
    said = predict((), (put(), put("other", body=c.Zeros(2)), get(after=["put", "other"])), {})
    assert [status(one) for one in said.expects] == [(201,), (201,), None]
    assert said.unknown == (
        "get: nothing is known of a at this moment",
        "at the end: nothing is known of a in {own-container}",
    )
    settled = predict((), (put(), put("other"), put("last", after=["put", "other"]), get(after=["last"])), {})
    assert headers(settled.expects[3])["ETag"] == "{etag-of-last}"


def test_two_containers_of_one_name() -> None:
    make = "PUT /{new-container}?restype=container"
    said = predict((), (step("one", make), step("two", make)), {})
    assert [status(one) for one in said.expects] == [(201, 409), (201, 409)]


def test_a_copy_beside_a_write_of_its_source() -> None:
    source = {"x-ms-blob-type": "BlockBlob", "x-ms-copy-source": f"{{url}}{HERE}/a?{{source-sas}}"}
    copy = step("copy", f"PUT {HERE}/b", source, after=["put"])
    again = put("again", body=c.Zeros(2), after=["put"])
    said = predict((), (put(), again, copy, get(blob="b", after=["copy"])), {})
    assert status(said.expects[2]) == (201,)
    assert said.expects[3] == c.Expect()


def test_an_etag_is_taken_from_an_answer_that_has_come() -> None:
    first = put()
    said = predict((), (first, head(after=["put"]), head("other", after=["put"])), {})
    assert headers(said.expects[2])["ETag"] == "{etag-of-put}"
    premise = c.Step("PUT", f"{HERE}/a", (("x-ms-blob-type", "BlockBlob"),), c.Text("hello"))
    apart = predict((premise,), (head(), head("other")), {})
    assert headers(apart.expects[1])["ETag"] == "{etag-of-given-1}"


def test_a_step_that_is_racy_by_the_recording_alone() -> None:
    said = predict((), (put(), head(after=["put"], racy=True)), {})
    assert (status(said.expects[1]), headers(said.expects[1])) == ((200,), {})


def test_values_that_depend_on_the_order_are_bound_to_nothing() -> None:
    saved = head(save={"etag-1": "ETag"}, after=["put"])
    again = put("again", after=["put"])
    late = get(headers={"If-Match": "{etag-1}"}, after=["head", "again"])
    said = predict((), (put(), again, saved, late), {})
    assert status(said.expects[3]) == (200, 206, 412)
