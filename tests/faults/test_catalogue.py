"""The named faults: the committed file, and files that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.data import folder
from harness.faults.catalogue import catalogue, load
from harness.faults.families import ANY, FAMILIES
from harness.faults.fault import FaultError, Kind
from harness.vocabulary import ExitCode

_RIGHT = 'kind = "answer"\nstatus = 503\nfamilies = ["read"]\nwhat = "No."\n'


def test_every_kind_is_in_it() -> None:
    assert {named.fault.kind for named in catalogue().values()} == set(Kind)


def test_every_family_has_faults() -> None:
    assert {family for named in catalogue().values() for family in named.families} == {ANY, *FAMILIES}


def test_the_page_names_every_fault_and_every_operation_of_a_family() -> None:
    page = (folder("fixtures").parent / "docs" / "faults.md").read_text("utf-8")
    for named in catalogue().values():
        assert f"`{named.id}`" in page
    for family, operations in FAMILIES.items():
        [row] = re.findall(rf"^\| `{family}` \| (.*) \|$", page, re.MULTILINE)
        assert set(row.split(", ")) == operations


def test_a_fault_is_aimed() -> None:
    fault = catalogue()["busy"].on("commit", nth=2, times=0)
    assert (fault.id, fault.on, fault.nth, fault.times, fault.status) == ("busy", "commit", 2, 0, 503)
    with pytest.raises(FaultError, match="short-body is not meant for 'write'") as raised:
        catalogue()["short-body"].on("write")
    assert raised.value.hint == "It is for: read, list."
    assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x", "is not TOML"),
        ("x = 1", "x is no table"),
        ('[x]\nkind = "burn"', "kind must be one of answer, reset-before"),
        ("[x]\nfamilies = []", "kind must be one of"),
        (f"[x]\n{_RIGHT}".replace('what = "No."', ""), "what must be a sentence"),
        (f"[x]\n{_RIGHT}".replace('["read"]', '["reed"]'), "families must be some of write, commit"),
        (f"[x]\n{_RIGHT}".replace('["read"]', "[]"), "families must be some of"),
        (f"[x]\n{_RIGHT}seconds = 1.0", "seconds means nothing for answer"),
        (f"[x]\n{_RIGHT}nth = 1", "nth means nothing for answer"),
        (f"[x]\n{_RIGHT}".replace("503", "true"), "status must be int"),
        (f"[x]\n{_RIGHT}".replace("503", "99"), "99 is no status"),
        (f"[x]\n{_RIGHT}retry_after = -1", "retry_after"),
        ('[x]\nkind = "stall"\nfamilies = ["read"]\nwhat = "No."', "a stall needs seconds"),
        ('[x]\nkind = "stall"\nfamilies = ["read"]\nwhat = "No."\nseconds = nan', "a stall needs seconds"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FaultError) as raised:
        load(path)
    assert said in str(raised.value) and "\n" not in str(raised.value)
    assert raised.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="cannot be read"):
        load(tmp_path / "none.toml")
