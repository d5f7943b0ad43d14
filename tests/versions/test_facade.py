"""The façade is right under old and new versions alike; what does not apply says which version it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.cases.load import load_tree
from harness.data import folder
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference
from harness.execute import World, execute
from harness.judge.judge import judge
from harness.results.finding import verdict
from harness.results.record import reason
from harness.vocabulary import Verdict

FOLDERS = frozenset(
    {
        *("versions", "checksums", "put-block", "put-block-from-url", "put-blob-from-url", "blob-batch"),
        *("get-blob-tags", "set-blob-tier", "get-user-delegation-key", "list-containers", "list-blobs"),
        *("put-blob", "put-block-list", "errors"),
    }
)
CASES = tuple(case for case in load_tree(folder("suites")) if case.id.partition("/")[0] in FOLDERS)
VERSIONS = ("2018-03-28", "2019-12-12", "2026-12-06")


@pytest.fixture(scope="module")
def facade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """One façade for all versions."""
    with reference(root=tmp_path_factory.mktemp("versions") / "root", extra=("--no-fsync",)) as running:
        yield running.endpoint


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cases_hold_under_this_version(facade: Endpoint, version: str) -> None:
    wrong: list[str] = []
    apart: dict[str, str] = {}
    with World(replace(facade, version=version), f"bp-{version}-") as world:
        for case in CASES:
            findings = judge(case, execute(case, world))
            found = verdict(findings)
            said = f"{case.id}: {found} {reason(found, findings)}"
            if found is Verdict.NOT_APPLICABLE:
                apart[case.id] = said
            elif found not in (Verdict.PASS, Verdict.OBSERVED):
                wrong.append(said)
    assert wrong == []
    assert [said for said in apart.values() if "service version" not in said] == []
    assert apart.keys() >= {case.id for case in CASES if (case.since or "") > version}
