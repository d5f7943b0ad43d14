"""Drift: what a new version of a client sends otherwise, told step by step and for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases import case as c
from harness.golden.document import dump
from harness.golden.drift import Kind, compare, drifts
from harness.golden.spec import GoldenSpec, GoldenStep, Injected
from tests.command.process import blobproof, refused
from tests.golden import made
from tests.golden.made import expect, step

PROVENANCE = dict.fromkeys(("command", "recorded-on", "recorder", "recordings", "date", "validated"), "made")
OLD = replace(made.blocks(), id="traces/mover/1.0/upload-blocks", provenance=PROVENANCE)


def changed(of: GoldenSpec, change: Callable[[GoldenStep], GoldenStep], *operations: str) -> GoldenSpec:
    """A spec whose steps of these operations are changed; of none, all."""
    return replace(
        of,
        steps=tuple(
            change(one) if not operations or one.operation in operations else one for one in of.steps
        ),
    )


def sending(**headers: str | None) -> Callable[[GoldenStep], GoldenStep]:
    """Headers added, set to other values, or with None taken out; `_` stands for `-`."""
    said = {
        name.replace("_", "-").lower(): (name.replace("_", "-"), value) for name, value in headers.items()
    }

    def change(one: GoldenStep) -> GoldenStep:
        there = {name.lower() for name, _ in one.step.headers}
        old = ((name, said.get(name.lower(), (name, value))[1]) for name, value in one.step.headers)
        new = (pair for lower, pair in said.items() if lower not in there)
        headers = tuple(pair for pair in (*old, *new) if pair[1] is not None)
        return replace(one, step=replace(one.step, headers=headers))

    return change


def told(old: GoldenSpec, new: GoldenSpec) -> list[str]:
    """The differences in words, without what is no drift."""
    return [str(one) for one in compare(old, new) if one.kind is not Kind.INCIDENTAL]


def test_the_same_is_the_same() -> None:
    assert list(compare(OLD, OLD)) == []
    assert drifts({"a": OLD}, {"a": OLD})[0].same


def test_a_new_header_is_said_once_for_all_that_send_it() -> None:
    new = changed(OLD, sending(x_ms_content_crc64="AAAA"), "Put Block")
    assert told(OLD, new) == ["Put Block ×4 now sends x-ms-content-crc64"]
    assert told(new, OLD) == ["Put Block ×4 no longer sends x-ms-content-crc64"]


def test_some_of_several_are_counted() -> None:
    first = OLD.steps[0]
    new = replace(OLD, steps=(sending(x_ms_tags="a=b")(first), *OLD.steps[1:]))
    assert told(OLD, new) == ["1 of 4 Put Block now sends x-ms-tags"]


def test_another_version_is_one_difference() -> None:
    new = changed(OLD, sending(x_ms_version="2021-02-12"))
    assert told(OLD, new) == ["every request says x-ms-version 2021-02-12 instead of 2025-07-05"]


def test_who_asks_and_in_which_order_is_no_drift() -> None:
    new = changed(OLD, sending(User_Agent="Mover/2.0", X_Ms_Client_Request_Id=None))
    new = changed(new, lambda one: replace(one, step=replace(one.step, headers=one.step.headers[::-1])))
    (drift,) = drifts({"a": OLD}, {"a": new})
    assert drift.same
    assert [str(one) for one in drift.incidentals] == [
        "sends User-Agent: Mover/2.0 instead of Mover/1.0",
        "no longer sends X-Ms-Client-Request-Id",
        "headers stand in another order",
    ]


def test_a_step_more_shifts_names_and_numbers_and_nothing_else() -> None:
    probe = step(
        "get-blob-properties",
        "HEAD /{own-container}/big.bin",
        operation="Get Blob Properties",
        wanted=expect(404),
        save=[("etag-1", "ETag")],
    )
    *blocks, commit, read = OLD.steps
    commit = replace(commit, step=replace(commit.step, save=(c.Save("etag-2", "header", "ETag"),)))
    sent = tuple((name, "{etag-2}" if name == "If-Match" else value) for name, value in read.step.headers)
    matched = tuple((name, c.Graded(c.Equal("{etag-2}"))) for name, _ in read.step.expect.headers)
    read = replace(
        read,
        name="get-blob-2",
        step=replace(read.step, headers=sent, expect=replace(read.step.expect, headers=matched)),
    )
    then = tuple(
        replace(one, expect=replace(one.expect, headers=(("ETag", c.Graded(c.Equal("{etag-2}"))),)))
        for one in OLD.then
    )
    renumbered = [
        replace(one, step=replace(one.step, target=one.step.target.replace("block:", "block:1")))
        for one in blocks
    ]
    listed = c.BlockListXml(tuple(c.ListedBlock("Latest", f"{{block:1{n}/36}}") for n in range(1, 5)))
    commit = replace(commit, step=replace(commit.step, body=listed))
    new = replace(OLD, steps=(probe, *renumbered, commit, read), then=then)
    assert told(OLD, new) == ["Get Blob Properties is new"]
    assert told(new, OLD) == ["Get Blob Properties is gone"]


@pytest.mark.parametrize(
    ("change", "operation", "words"),
    [
        (
            lambda one: replace(one, step=replace(one.step, target=f"{one.step.target}&timeout=30")),
            "Put Block",
            "Put Block ×4 now asks for timeout=30",
        ),
        (
            lambda one: replace(one, step=replace(one.step, target=one.step.target.replace("/36", "/48"))),
            "Put Block",
            "Put Block ×4 asks for blockid=(made up anew: {block/48}) "
            "instead of blockid=(made up anew: {block/36})",
        ),
        (
            lambda one: replace(one, step=replace(one.step, body=c.Random(8 << 20, 1))),
            "Put Block",
            "Put Block ×4 sends 8 MiB instead of 64 KiB",
        ),
        (
            lambda one: replace(one, step=replace(one.step, body=None)),
            "Put Block",
            "Put Block ×4 no longer has a body",
        ),
        (
            lambda one: replace(one, step=replace(one.step, chunked=True)),
            "Put Block",
            "Put Block ×4 is now sent in chunks",
        ),
        (lambda one: replace(one, after=()), "Get Blob", "Get Blob no longer waits for Put Block List"),
        (
            lambda one: replace(one, injected=Injected("503", 503, "ServerBusy")),
            "Put Block List",
            "Put Block List meets the fault 503 instead of no fault",
        ),
        (
            lambda one: replace(one, step=replace(one.step, expect=expect(412))),
            "Put Block List",
            "Put Block List is due the status 412 instead of 201",
        ),
        (
            lambda one: replace(one, step=replace(one.step, auth="anonymous")),
            "Get Blob",
            "Get Blob is authorised by anonymous instead of the usual credential",
        ),
    ],
)
def test_what_else_a_step_may_do_otherwise(
    change: Callable[[GoldenStep], GoldenStep], operation: str, words: str
) -> None:
    assert words in told(OLD, changed(OLD, change, operation))


def test_lists_are_told_by_their_elements() -> None:
    def uncommitted(one: GoldenStep) -> GoldenStep:
        entries = tuple(c.ListedBlock("Uncommitted", f"{{block:{n}/36}}") for n in range(1, 4))
        return replace(one, step=replace(one.step, body=c.BlockListXml(entries)))

    assert told(OLD, changed(OLD, uncommitted, "Put Block List")) == [
        "Put Block List names blocks as <Uncommitted> instead of <Latest>",
        "Put Block List lists 3 blocks instead of 4",
    ]


def test_a_value_that_is_no_longer_sent_back_is_no_longer_relied_upon() -> None:
    new = changed(OLD, sending(If_Match=None), "Get Blob")
    assert told(OLD, new) == [
        "Get Blob no longer sends If-Match",
        "Put Block List is no longer relied upon for ETag, which was sent back in If-Match",
    ]


def test_signing_and_the_scenario_itself() -> None:
    new = replace(OLD, signed="bearer", sas="sorted", given=(c.Step("PUT", "/{own-container}/x"),))
    assert told(OLD, new) == [
        "signs with bearer instead of account-sas",
        "puts its SAS among its own parameters instead of behind its own parameters",
        "the scenario itself has changed: it has other premises",
    ]


# --- the command ---


def library(root: Path, version: str, specs: Sequence[GoldenSpec]) -> Path:
    """A folder of specs, as the library has them."""
    path = root / "traces" / "mover" / version
    path.mkdir(parents=True)
    for one in specs:
        name = one.id.rpartition("/")[2]
        moved = replace(one, id=f"traces/mover/{version}/{name}", provenance=PROVENANCE)
        (path / f"{name}.yaml").write_text(dump(moved))
    return path


def named(name: str, of: GoldenSpec = OLD) -> GoldenSpec:
    return replace(of, id=f"traces/mover/1.0/{name}")


def test_folders_are_compared_by_the_names_of_scenarios(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e")
    old = library(tmp_path, "1.0", [named(one) for one in names])
    newer = changed(OLD, sending(x_ms_version="2026-01-01", User_Agent="Mover/2.0"))
    crc = changed(newer, sending(x_ms_content_crc64="AAAA"), "Put Block")
    new = library(tmp_path, "2.0", [*(named(one, newer) for one in "abc"), named("d", crc), named("f")])
    done = blobproof("diff-traces", old, new)
    assert done.code == 1, done
    lines = done.out.splitlines()
    assert lines == [
        "all 4 scenarios: every request says x-ms-version 2026-01-01 instead of 2025-07-05",
        "d: Put Block ×4 now sends x-ms-content-crc64",
        "e: only in OLD",
        "f: only in NEW",
        "and 1 that no answer depends on; --all shows them",
        "6 scenarios: 4 different, 1 new, 1 gone",
    ]
    done = blobproof("diff-traces", old, old)
    assert (done.code, done.out) == (0, "5 scenarios: 5 same\n")
    facts = json.loads(blobproof("diff-traces", old, new, "--json").out)
    assert facts["counts"] == {"same": 0, "different": 4, "new": 1, "gone": 1}
    by_name = {one["name"]: one for one in facts["scenarios"]}
    assert [one["kind"] for one in by_name["d"]["differences"]] == ["version", "header"]
    assert by_name["d"]["incidentals"][0]["says"] == "sends User-Agent: Mover/2.0 instead of Mover/1.0"


def test_two_files_are_compared_whatever_their_names(tmp_path: Path) -> None:
    old, new = tmp_path / "before.yaml", tmp_path / "after.yaml"
    old.write_text(dump(OLD))
    new.write_text(dump(changed(OLD, sending(x_ms_tags="a=b"), "Put Block List")))
    done = blobproof("diff-traces", old, new)
    assert (done.code, done.out.splitlines()[0]) == (1, "after: Put Block List now sends x-ms-tags")


def test_bad_input_is_said_in_a_line(tmp_path: Path) -> None:
    here = library(tmp_path, "1.0", [OLD])
    refused(blobproof("diff-traces", here, tmp_path / "none"), 2, "does not exist")
    refused(blobproof("diff-traces", here, here.parent), 2, "holds no golden spec", "1.0")
    (here / "broken.yaml").write_text("id: [")
    refused(blobproof("diff-traces", here, here), 2, "broken.yaml:1:")
    (here / "broken.yaml").write_text("id: traces/a/1/b\n")
    refused(blobproof("diff-traces", here, here), 2, "broken.yaml:", "title")
