"""The compiler: what varies becomes a symbol, what is constant stays, and two recordings make one spec."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases.case import BlockListXml, Slice
from harness.golden.compile import VariesError, compile_recordings
from harness.golden.document import dump, parse
from harness.golden.spec import GoldenSpec
from tests.golden.recorded import BIG, Conversation, upload


def compiled(*talks: Conversation) -> GoldenSpec:
    return compile_recordings([talk.recording() for talk in talks], date="2026-11-22")


@pytest.fixture(scope="module")
def spec() -> GoldenSpec:
    one = upload("job one", (0, 1, 2))
    return compiled(one, upload("job two", (2, 0, 1), port=40002, container="bp-rec-ffffffff-own-container"))


def test_clients_that_shuffle_make_one_spec(spec: GoldenSpec) -> None:
    other = compiled(
        upload("job three", (1, 2, 0), port=50000, request_id=900, container="bp-rec-12121212-own-container"),
        upload("job 4", (2, 1, 0)),
    )
    assert dump(spec) == dump(other)


def test_what_is_written_is_read_back(spec: GoldenSpec) -> None:
    assert dump(parse(f"{spec.id}.yaml", dump(spec))) == dump(spec)


def test_blocks_are_parts_of_the_payload_and_are_numbered_as_the_list_has_them(spec: GoldenSpec) -> None:
    blocks = [step for step in spec.steps if step.operation == "Put Block"]
    assert [step.step.body for step in blocks] == [
        Slice(BIG, first, first + 999) for first in (0, 1000, 2000)
    ]
    assert [step.step.target for step in blocks] == [
        f"/{{own-container}}/big.bin?blockid={{block:{number}/21}}&comp=block" for number in (1, 2, 3)
    ]
    (commit,) = (step for step in spec.steps if step.operation == "Put Block List")
    assert isinstance(commit.step.body, BlockListXml)
    assert [entry.block for entry in commit.step.body.entries] == [f"{{block:{n}/21}}" for n in (1, 2, 3)]
    assert commit.step.body.opening == '<?xml version="1.0" encoding="UTF-8"?>\n<BlockList>'


def test_only_what_the_data_explains_is_ordered(spec: GoldenSpec) -> None:
    by_name = {step.name: step for step in spec.steps}
    assert [by_name[f"put-block-{n}"].after for n in (1, 2, 3)] == [(), (), ()]
    assert by_name["put-block-list"].after == ("put-block-1", "put-block-2", "put-block-3")
    assert by_name["get-blob-properties"].after == ("put-block-list",)
    assert by_name["get-blob"].after == ("put-block-list",)


def test_values_of_the_server_are_bound_to_the_answer_that_gave_them(spec: GoldenSpec) -> None:
    by_name = {step.name: step for step in spec.steps}
    headers = dict(by_name["get-blob"].step.headers)
    saved = {save.name: save.path for save in by_name["put-block-list"].step.save}
    assert headers["If-Match"] == "{etag-1}"
    assert headers["If-Unmodified-Since"] == "{modified-1}"
    assert saved["etag-1"] == "ETag"
    assert saved["modified-1"] == "Last-Modified"


def test_headers_are_kept_as_sent(spec: GoldenSpec) -> None:
    assert [name for name, _ in spec.steps[0].step.headers] == [
        *("Host", "User-Agent", "Content-Length", "X-Ms-Client-Request-Id", "x-ms-version")
    ]
    assert spec.steps[0].step.headers[:3] == (
        ("Host", "{host}"),
        ("User-Agent", "Tester/1"),
        ("Content-Length", "{length}"),
    )


def test_request_ids_are_numbered_and_a_retry_keeps_its_own() -> None:
    talks = []
    for first in (1, 500):
        talk = Conversation(request_id=first)
        talk.flow(1, 2, "HEAD /{c}/a", 404)
        talk.request_id -= 1
        talk.flow(3, 4, "HEAD /{c}/a", 404)
        talk.flow(5, 6, "HEAD /{c}/a", 404)
        talks.append(talk)
    ids = [dict(step.step.headers)["X-Ms-Client-Request-Id"] for step in compiled(*talks).steps]
    assert ids == ["{guid:1}", "{guid:1}", "{guid:2}"]


def test_a_conflict_that_a_recording_shows_at_once_is_racy_and_has_no_edge() -> None:
    talks = []
    for begun in (2.0, 1.5):
        talk = Conversation()
        talk.flow(1, 2, "PUT /{c}/a", 201, headers=(("x-ms-blob-type", "BlockBlob"),))
        talk.flow(begun, 3, "GET /{c}?restype=container&comp=list", 200)
        talks.append(talk)
    spec = compiled(*talks)
    assert all(step.racy and not step.after for step in spec.steps)


def test_recordings_that_disagree_say_where() -> None:
    talk = upload("job two", (0, 1, 2))
    talk.flow(7, 8, "DELETE /{c}/other", 202)
    with pytest.raises(VariesError, match=r"DELETE /\{own-container\}/other"):
        compiled(upload("job one", (0, 1, 2)), talk)


def test_a_value_that_nothing_explains_is_not_passed_over() -> None:
    talks = []
    for etag in ('"one"', '"two"'):
        talk = Conversation()
        talk.flow(1, 2, "GET /{c}/a", 412, headers=(("If-Match", etag),))
        talks.append(talk)
    with pytest.raises(VariesError, match="If-Match"):
        compiled(*talks)


def test_a_body_of_the_clients_own_is_never_stored() -> None:
    talks = []
    for fill in (b"x", b"y"):
        talk = Conversation()
        talk.flow(1, 2, "PUT /{c}/a", 201, headers=(("x-ms-blob-type", "BlockBlob"),), body=fill * 5000)
        talks.append(talk)
    (step,) = compiled(*talks).steps
    assert step.stand_in
    assert "xxxxxxxx" not in dump(compiled(talks[0], talks[0]))


def test_what_the_contract_contradicts_is_a_remark_and_no_expectation() -> None:
    talk = Conversation()
    talk.flow(1, 2, "PUT /{c}/a", 500, headers=(("x-ms-blob-type", "BlockBlob"),), body=b"hello")
    spec = compiled(talk, talk)
    (step,) = spec.steps
    assert step.step.expect.status is not None
    assert step.step.expect.status.value == (201,)
    assert any("recorded 500, the contract says 201" in remark for remark in spec.remarks)


def test_no_flow_at_all_is_an_error() -> None:
    recording = replace(Conversation().recording(), flows=())
    with pytest.raises(Exception, match="nothing was recorded"):
        compile_recordings([recording])
