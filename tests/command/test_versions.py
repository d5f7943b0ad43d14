"""`blobproof run` under several service versions: a run for each, a column for each, the worst decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.endpoint import Endpoint
from harness.results.read import read
from tests.command.process import Done, blobproof, refused

CLIENT = "sdk/contents/errors"
VERSIONS = ("--service-version", "2019-02-02", "--service-version", "2020-02-10")


@pytest.mark.parametrize("text", ["soon", "2019-2-2", "2019-13-40", "20190202", "2019-02-02 ", ""])
def test_a_version_is_a_date(here: Callable[..., Done], text: str) -> None:
    refused(here("run", "reference", "--service-version", text), 2, "no service version", "2019-02-02")


def test_clients_alone_make_no_matrix(here: Callable[..., Done]) -> None:
    refused(here("run", "reference", "--suite", "sdk", *VERSIONS), 2, "speak service versions of their own")


def test_a_dry_run_says_what_is_sent_how_often(here: Callable[..., Done]) -> None:
    words = (
        "run",
        "reference",
        "--suite",
        "get-blob-tags",
        "--case",
        CLIENT,
        *VERSIONS,
        *VERSIONS,
        "--dry-run",
    )
    done = here(*words)
    assert done.code == 0, done
    said = "once for each service version: 2019-02-02, 2020-02-10; clients with 2019-02-02 only"
    assert said in done.out.splitlines()
    assert json.loads(here(*words, "--json").out)["service_versions"] == ["2019-02-02", "2020-02-10"]


def test_each_version_has_its_run_and_the_worst_decides(
    tmp_path: Path, facade: Endpoint, key: Mapping[str, str]
) -> None:
    (tmp_path / "tools").mkdir()
    out = tmp_path / "runs"
    done = blobproof(
        *(
            "run",
            facade.url,
            "--suite",
            "get-blob-tags",
            "--case",
            "put-blob/answers-with-hashes[what=nothing,hash=none]",
        ),
        *("--case", CLIENT, *VERSIONS, "--out", out, "--json"),
        env={**key, "BLOBPROOF_TOOLS": str(tmp_path / "tools")},
    )
    old, new = (json.loads(line) for line in done.out.splitlines())
    assert [run["service_version"] for run in (old, new)] == ["2019-02-02", "2020-02-10"]
    assert [run["exit_code"] for run in (old, new)] == [5, 0], (
        "the client is missing, and only the first needs it"
    )
    assert done.code == 5
    assert Path(old["run"]).name.endswith("-2019-02-02")
    assert Path(new["run"]).name.endswith("-2020-02-10")
    first, second = (read(Path(run["run"])) for run in (old, new))
    assert CLIENT in first.selection
    assert set(first.selection) - set(second.selection) == {CLIENT}
    tags = [
        {one["verdict"] for one in run.records if one["id"] == "get-blob-tags/none"}
        for run in (first, second)
    ]
    assert tags == [{"not-applicable"}, {"pass"}]
    (page,) = out.glob("*-matrix.html")
    text = page.read_text(encoding="utf-8")
    for version in ("2019-02-02", "2020-02-10"):
        assert f'<th scope="col">{facade.url} {version}' in text
    assert "the clients run once for an endpoint" in text


def test_a_version_that_never_was_is_tested_all_the_same(tmp_path: Path) -> None:
    words = ("--case", "delete-blob/deleted-blob-is-gone", "--service-version", "2030-01-01")
    done = blobproof("run", "reference", *words, "--out", tmp_path / "run", "--json")
    facts = json.loads(done.out)
    assert (done.code, facts["service_version"]) == (5, "2030-01-01")
    assert facts["counts"]["blocked"] == 1, "the façade refuses it, so there is not even a container"
    (record,) = [one for one in read(tmp_path / "run").records if one["kind"] == "case"]
    assert "answered 400" in record["reason"]
