"""A page built from made-up runs, and the results that such runs have."""

from __future__ import annotations

import re
from pathlib import Path

from harness.vocabulary import Verdict
from reports import matrix
from tests.reports import factory as made
from tests.reports.html import Page, parse


def build(tmp_path: Path, suites: Path, *runs: Path) -> tuple[str, Page]:
    path = matrix.build(runs, tmp_path / "deep" / "report.html", suites=suites)
    text = path.read_text(encoding="utf-8")
    page = parse(text)
    assert page.problems == []
    assert page.declared == ["doctype html"]
    assert len(page.ids) == len(set(page.ids))
    assert page.dangling() == []
    assert [one for one in page.hrefs if not one.startswith("#")] == ["data:,"]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", text)
    return text, page


def differing(identity: str = "put-block-list/unknown-block-id", **more: object) -> dict[str, object]:
    findings = [
        made.finding("status", "400", "201", exchange=1, requirement="put-block-list.known-ids"),
        made.finding("header ETag", '"0x8DD1111"', '"0x8DD2222"', exchange=1),
        made.finding("status", "201", "201", exchange=0),
    ]
    return made.case(identity, Verdict.DIFFERS, **{"findings": findings, **more})


def wires(identity: str = "put-block-list/unknown-block-id") -> dict[str, list[dict[str, object]]]:
    stage = made.exchange("PUT /acct/c/b?comp=block&blockid=AAAA", "201 Created", step="1")
    commit = made.exchange(
        "PUT /acct/c/b?comp=blocklist", "201 Created", step="2", headers=[["ETag", '"0x8DD2222"']]
    )
    return {identity: [stage, commit]}


def every_verdict() -> list[dict[str, object]]:
    return [
        made.case(f"get-blob/{verdict.value}", verdict, reason=f"because {verdict.value}")
        for verdict in Verdict
    ]
