"""JUnit XML: the structure that its readers agree on, failures where the gate fails, no odd characters."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.policy import Policy, Safety, load, to_table
from harness.results.read import read
from harness.safety.outcome import Outcome
from harness.vocabulary import Verdict
from reports import junit
from tests.reports import factory as made
from tests.reports import matrices as cells
from tests.reports.factory import HOSTILE

# What the readers of GitLab, Jenkins and GitHub agree on: what stands in what, and the attributes.
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"properties", "skipped", "failure", "error"},
    "properties": {"property"},
}
NEEDED = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "testcase": {"name", "classname", "time"},
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
STRICT = load("strict")


def document(
    tmp_path: Path, records: Sequence[Mapping[str, Any]], policy: Policy = STRICT, **more: Any
) -> ET.Element:
    run = made.write(tmp_path / "run", records, **more)
    (run / "run.json").write_text(json.dumps({"policy": policy.name, "gate": to_table(policy)}))
    junit.write([read(run)], tmp_path / "deep" / "junit.xml")
    root = ET.fromstring((tmp_path / "deep" / "junit.xml").read_bytes())
    check(root)
    return root


def check(root: ET.Element) -> None:
    """The structure, and that the counts are right."""
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == NEEDED.get(element.tag, set()), element.tag
        inside = [child.tag for child in element]
        assert set(inside) <= INSIDE.get(element.tag, set()), element.tag
        if "properties" in inside:
            assert inside.index("properties") == 0
            assert inside.count("properties") == 1
        if element.tag == "testcase":
            assert len([one for one in inside if one != "properties"]) <= 1
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])
        if "timestamp" in element.attrib:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.attrib["timestamp"])
    for element in (root, *root.iter("testsuite")):
        tests = list(element.iter("testcase"))
        assert element.attrib["tests"] == str(len(tests))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert element.attrib[attribute] == str(sum(test.find(tag) is not None for test in tests))
    names = [(test.attrib["classname"], test.attrib["name"]) for test in root.iter("testcase")]
    assert len(names) == len(set(names))


def became(root: ET.Element) -> dict[str, str]:
    """What every test case ended as, by its name."""
    found = {}
    for test in root.iter("testcase"):
        tags = [child.tag for child in test if child.tag != "properties"]
        found[test.attrib["name"]] = tags[0] if tags else "passed"
    return found


def properties(test: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in test.iter("property")}


def named(root: ET.Element, name: str) -> ET.Element:
    return next(test for test in root.iter("testcase") if test.attrib["name"] == name)


def test_every_verdict_is_what_its_reader_expects(tmp_path: Path) -> None:
    records = [made.case(f"get-blob/{verdict.value}", verdict, reason="why") for verdict in Verdict]
    root = document(tmp_path, records)
    assert became(root) == {
        "strict": "failure",
        **dict.fromkeys(("pass", "observed", "known"), "passed"),
        **dict.fromkeys(("differs", "lenient", "stale"), "failure"),
        **dict.fromkeys(("indeterminate", "harness-error"), "error"),
        **dict.fromkeys(("unsupported", "not-applicable", "not-run", "blocked"), "skipped"),
    }
    broken = named(root, "differs").find("failure")
    assert broken is not None
    assert broken.attrib == {"message": "differs: why", "type": "differs"}
    assert "repeat it: blobproof run reference --case get-blob/differs" in (broken.text or "")


def test_a_suite_is_a_test_suite_and_the_gate_one_too(tmp_path: Path) -> None:
    root = document(tmp_path, [made.case("put-blob/a"), made.case("get-blob/b"), *cells.transfers(cells=3)])
    assert [suite.attrib["name"] for suite in root] == [
        "reference: gate strict",
        "reference: azcopy/transfer",
        "reference: get-blob",
        "reference: put-blob",
    ]
    assert named(root, "a").attrib["classname"] == "reference.put-blob"


def test_client_and_cell_are_properties(tmp_path: Path) -> None:
    root = document(tmp_path, [cells.trial("rclone", "list", "busy", "recovers")])
    said = properties(named(root, "survives[client=rclone,action=list,fault=busy]"))
    assert said["client"] == "rclone"
    assert said["client_version"] == "1.75.2"
    assert said["outcome"] == "recovers"
    assert {axis: said[f"cell.{axis}"] for axis in ("client", "action", "fault")} == {
        "client": "rclone",
        "action": "list",
        "fault": "busy",
    }


def test_it_fails_where_the_gate_fails_and_nowhere_else(tmp_path: Path) -> None:
    records = [
        made.case("put-blob/lenient", Verdict.LENIENT, reason="why"),
        made.case("put-blob/out", Verdict.DIFFERS, reason="why"),
        made.case("put-blob/good"),
        cells.trial("rclone", "list", "busy", "corrupts-silently"),
        cells.trial("rclone", "list", "stall", "corrupts-silently"),
    ]
    safety = (Safety(frozenset({Outcome.RECOVERS}), faults=("busy",)),)
    root = document(tmp_path, records, Policy("mine", exclude=("put-blob/out",), safety=safety))
    assert became(root) == {
        "mine": "failure",
        "lenient": "passed",
        "good": "passed",
        "out": "skipped",
        "survives[client=rclone,action=list,fault=busy]": "failure",
        "survives[client=rclone,action=list,fault=stall]": "passed",
    }


def test_a_gate_that_is_not_met_is_never_green(tmp_path: Path) -> None:
    missing = [made.case("put-blob/a"), made.scenario("azcopy/up", Verdict.NOT_RUN, reason="not installed")]
    root = document(tmp_path, missing)
    assert became(root)["strict"] == "failure"
    cut = document(tmp_path / "cut", missing[:1], selection=["put-blob/a", "put-blob/b"], footer=False)
    failure = named(cut, "strict").find("failure")
    assert failure is not None
    assert "put-blob/b" in (failure.text or "")
    assert became(document(tmp_path / "met", missing[:1]))["strict"] == "passed"


def test_a_policy_that_is_not_known_hides_nothing(tmp_path: Path) -> None:
    run = made.write(tmp_path / "run", [made.case("put-blob/a", Verdict.LENIENT, reason="why")])
    (run / "run.json").write_text('{"policy": "gone"}')
    assert became(ET.fromstring(junit.document([read(run)]))) == {"gone": "failure", "a": "failure"}


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_in_a_run_can_break_it(tmp_path: Path, evil: str) -> None:
    record = made.scenario(
        f"sdk/{evil}",
        Verdict.DIFFERS,
        reason=evil,
        findings=[made.finding(evil, evil, evil + "x")],
        client=evil,
        cell={"axis": evil},
        reproduce=evil,
    )
    root = document(tmp_path, [record], name=evil)
    assert became(root)["strict"] == "failure"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(root.itertext()))


def test_several_runs_stand_in_one_file(tmp_path: Path) -> None:
    runs = [
        read(made.write(tmp_path / name, [made.case("put-blob/a")], name=name)) for name in ("one", "two")
    ]
    root = ET.fromstring(junit.document(runs))
    check(root)
    assert {suite.attrib["name"].partition(":")[0] for suite in root} == {"one", "two"}
