"""Each line of a real run follows the schema, no altered one does, and no answer smuggles a secret in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import policy
from harness.data import folder
from harness.endpoints import open_endpoint
from harness.plan import make_plan
from harness.results.read import FILE, ResultsError, read, validator
from harness.results.record import Record
from harness.results.write import ResultsWriter
from harness.run import RunOptions, RunSummary, run
from harness.tools.find import Missing, find
from harness.vocabulary import Verdict
from tests.run.made import finding, header, record

SCENARIO = "sdk/contents/errors"


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunSummary]:
    """Cases that pass and differ, and a scenario: over a façade that ignores ranges."""
    plan = make_plan(folder("suites"), only_suites=["get-blob"], only_ids=[SCENARIO])
    out = tmp_path_factory.mktemp("runs") / "run"
    with open_endpoint("reference:range-ignored") as endpoint:
        assert endpoint.key is not None
        key = endpoint.key.reveal()
        named = f"AccountName={endpoint.account};AccountKey={key};BlobEndpoint={endpoint.url}"
        yield run(RunOptions(named, plan, policy.load("mvp"), out))


@pytest.fixture(scope="module")
def lines(summary: RunSummary) -> list[Record]:
    """Every line of its results."""
    text = (summary.folder / FILE).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_every_line_follows_the_schema(lines: list[Record]) -> None:
    kinds = {line["kind"] for line in lines}
    assert {"header", "case", "scenario", "footer"} <= kinds
    assert {line["verdict"] for line in lines if "verdict" in line} >= {"pass", "differs"}
    for line in lines:
        validator().validate(line)


def _alterations(line: Record) -> Iterator[tuple[str, Any]]:
    """The line with one thing wrong, for each thing that can be."""
    yield "surprise", {**line, "surprise": 1}
    for key, value in line.items():
        shorter = {name: other for name, other in line.items() if name != key}
        if key not in ("server", "declared"):
            yield f"without {key}", shorter
        yield f"{key} of another type", {**line, key: {"no": "such"} if not isinstance(value, dict) else 7}
    for key in ("verdict", "level", "kind"):
        if key in line:
            yield f"{key} unknown", {**line, key: "great"}
    for number in range(min(2, len(line.get("findings", ())))):
        changed = copy.deepcopy(line)
        changed["findings"][number]["level"] = "mandatory"
        yield f"level of finding {number}", changed
        changed = copy.deepcopy(line)
        del changed["findings"][number]["observed"]
        yield f"finding {number} without observed", changed
    if "counts" in line:
        yield "a count of nothing", {**line, "counts": {"great": 1}}


def test_no_altered_line_follows_the_schema(lines: list[Record]) -> None:
    first = {line["kind"]: line for line in reversed(lines)}
    for kind, line in first.items():
        for what, changed in _alterations(line):
            assert not validator().is_valid(changed), (kind, what)


def test_an_altered_line_is_found_when_the_run_is_read(summary: RunSummary, tmp_path: Path) -> None:
    whole = (summary.folder / FILE).read_text(encoding="utf-8").split("\n")[:-1]

    def refused(changed: list[str], says: str) -> None:
        (tmp_path / FILE).write_text("\n".join(changed) + "\n", encoding="utf-8")
        with pytest.raises(ResultsError, match=says):
            read(tmp_path)

    differs = next(number for number, line in enumerate(whole) if '"verdict": "differs", "reason"' in line)
    better = whole[differs].replace('"verdict": "differs", "reason"', '"verdict": "pass", "reason"')
    refused([*whole[:differs], better, *whole[differs + 1 :]], "the footer does not fit")
    refused([*whole[:differs], *whole[differs + 1 :]], "the footer does not fit")
    refused([whole[0], whole[1], whole[1], *whole[3:]], "an id stands twice")
    refused([whole[0], *whole], "a header stands among the records")
    refused([*whole, whole[1]], "a footer stands among the records|does not fit")
    refused([whole[0], whole[-1], *whole[1:]], "a footer stands among the records")
    refused(whole[1:], "does not start with a header")
    refused([*whole[:2], "", *whole[2:]], ":3: not JSON")


def test_a_whole_last_line_needs_no_line_end(summary: RunSummary, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes((summary.folder / FILE).read_bytes().rstrip(b"\n"))
    assert read(tmp_path).complete
    assert read(tmp_path).counts == summary.results.counts


def test_records_name_files_that_are_there(summary: RunSummary, lines: list[Record]) -> None:
    for line in lines:
        if line["kind"] in ("case", "scenario"):
            assert (summary.folder / line["wire"]).is_file()
        if line["kind"] == "scenario":
            assert (summary.folder / line["logs"]).is_dir()
    if not isinstance(find("azure-storage-blob"), Missing):
        (scenario,) = [line for line in lines if line["kind"] == "scenario"]
        assert scenario["verdict"] == "pass", scenario["reason"]


# --- texts that a server or a client chooses ---


@pytest.mark.parametrize(
    "text",
    ["line\u2028separator", "next\x85line", "\x00\x1f", "\ud800 half a pair", "\\ \" ' \U0001f600", "\r\n"],
)
def test_every_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    one = record("a/1", Verdict.DIFFERS)
    one["reason"] = text
    writer = ResultsWriter(tmp_path / FILE, header("a/1"), ["a/1"])
    writer.add(one)
    writer.close(complete=True)
    results = read(tmp_path)
    assert results.complete
    assert results.records[0]["reason"] == text


def test_what_is_missing_is_known_while_the_run_goes_on(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path / FILE, header("a/1", "a/2", "a/3"), ["a/1", "a/2", "a/3"])
    assert list(writer.missing) == ["a/1", "a/2", "a/3"]
    writer.add(record("a/2", needs=("a/1",)))
    writer.add(record("a/2", Verdict.DIFFERS))  # the first one counts
    assert list(writer.missing) == ["a/1", "a/3"]
    assert read(tmp_path).records == ()  # it waits for what it needs
    writer.add(record("a/1"))
    assert [one["id"] for one in read(tmp_path).records] == ["a/1", "a/2"]
    writer.add(record("a/3"))
    writer.close(complete=True)
    assert read(tmp_path).complete
    assert read(tmp_path).counts == {Verdict.PASS: 3}


def test_findings_are_made_of_texts_and_numbers_only() -> None:
    assert finding(Verdict.PASS).held
    assert not finding(Verdict.LENIENT).held
    assert finding(Verdict.OBSERVED).held
