"""Nothing in a run can break the page or leave it: damaged files, hostile strings, secrets, sizes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.vocabulary import Verdict
from tests.reports import factory as made
from tests.reports.built import build, differing, wires
from tests.reports.factory import HOSTILE


def test_a_missing_wire_file_is_said(tmp_path: Path, suites: Path) -> None:
    _, page = build(tmp_path, suites, made.write(tmp_path / "run", [differing()]))
    assert "is missing from the run, or cannot be read" in page.text


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", '{"exchanges": 3}', '{"exchanges": [3, null, {}]}']
)
def test_a_damaged_wire_file_breaks_nothing(tmp_path: Path, suites: Path, content: str) -> None:
    run = made.write(tmp_path / "run", [differing()], wires=wires())
    (run / "wires/put-block-list/unknown-block-id.json").write_text(content)
    build(tmp_path, suites, run)


def test_a_wire_path_may_not_leave_the_run(tmp_path: Path, suites: Path) -> None:
    (tmp_path / "secret.json").write_text('{"exchanges": [{"step": "top secret"}]}')
    run = made.write(tmp_path / "run", [differing(wire="../secret.json")])
    text, _ = build(tmp_path, suites, run)
    assert "top secret" not in text


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_strings_are_shown_and_never_obeyed(tmp_path: Path, suites: Path, evil: str) -> None:
    identity = "put-blob/" + evil
    exchange = made.exchange(f"PUT /{evil}", evil, step=evil, headers=[[evil, evil]], answer="x")
    exchange["response"]["body"]["text"] = evil
    exchange["anomalies"] = [evil]
    texts = {
        "title": evil,
        "operation": evil,
        "why": evil,
        "reason": evil,
        "reproduce": evil,
        "tests": [evil],
    }
    line = made.case(
        identity,
        Verdict.DIFFERS,
        findings=[made.finding(evil, evil, evil + "!", exchange=0, why=evil, rule=evil, source=[evil])],
        **texts,
        source=[evil],
        provenance={evil: evil},
        wire="wires/evil.json",
    )
    scenario = made.scenario("azcopy/" + evil, Verdict.DIFFERS, client=evil, client_version=evil, logs=evil)
    run = made.write(
        tmp_path / "run",
        [line, scenario],
        wires={"evil": [exchange]},
        name=evil,
        url=evil,
        server=evil,
        declared=evil,
    )
    (run / "wires").mkdir(exist_ok=True)
    (run / "wires/evil.json").write_text(json.dumps({"exchanges": [exchange]}))
    (run / "run.json").write_text(json.dumps({"policy": evil, evil: evil}))
    _, page = build(tmp_path, suites, run)
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert len(scripts) == 1
    assert not page.of("img")
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "49" not in re.findall(r"\b49\b", page.text)


def test_latin_1_is_kept(tmp_path: Path, suites: Path) -> None:
    exchange = made.exchange("PUT /a", "201 Created", headers=[["x-ms-meta-caf\xe9", "cr\xe8me"]])
    run = made.write(
        tmp_path / "run",
        [differing("put-blob/a", findings=[made.finding("status", "400", "201", exchange=0)])],
        wires={"put-blob/a": [exchange]},
    )
    _, page = build(tmp_path, suites, run)
    assert "x-ms-meta-café: crème" in page.text


def test_a_signature_in_a_wire_is_masked_even_if_the_writer_forgot(tmp_path: Path, suites: Path) -> None:
    exchange = made.exchange("GET /c/b?sp=r&sig=c2VjcmV0c2lnbmF0dXJl", "200 OK", answer="token sig=abc%2B")
    exchange["request"]["headers"] = [["Authorization", "Bearer eyJhbGciOi.eyJzdWIiOi.c2ln"]]
    run = made.write(
        tmp_path / "run",
        [differing("get-blob/a", findings=[made.finding("status", "400", "200", exchange=0)])],
        wires={"get-blob/a": [exchange]},
    )
    text, _ = build(tmp_path, suites, run)
    for secret in ("c2VjcmV0c2lnbmF0dXJl", "eyJhbGciOi", "abc%2B"):
        assert secret not in text


def test_the_page_lets_nothing_else_run(tmp_path: Path, suites: Path) -> None:
    text, page = build(tmp_path, suites, made.write(tmp_path / "run", [differing()], wires=wires()))
    policy = next(one for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy["content"])
    assert "unsafe" not in str(policy["content"])
    assert not re.search(r"""url\(|@import|https?://[^"<]*["']\s*>""", text)
    assert not [attributes for _, attributes in page.tags if "style" in attributes]


def test_many_exchanges_are_cut_down_to_what_broke(tmp_path: Path, suites: Path) -> None:
    many = [made.exchange(f"PUT /c/f{number}", "201 Created", step=str(number)) for number in range(300)]
    line = differing("put-blob/a", findings=[made.finding("status", "400", "201", exchange=200)])
    text, page = build(tmp_path, suites, made.write(tmp_path / "run", [line], wires={"put-blob/a": many}))
    assert "2 of 300 exchanges shown; all are in wires/put-blob/a.json." in page.text
    assert "PUT /c/f200" in text
    assert "PUT /c/f100" not in text


def test_a_long_body_stands_once_in_an_article(tmp_path: Path, suites: Path) -> None:
    body = "<List>" + "x" * 400 + "</List>"
    kept = {"put-blob/a": [made.exchange("GET /c", "200 OK", step=str(at), answer=body) for at in range(3)]}
    line = differing("put-blob/a", findings=[made.finding("status", "400", "200", exchange=2)])
    runs = [made.write(tmp_path / name, [line], wires=kept, name=name) for name in ("one", "two")]
    text, page = build(tmp_path, suites, *runs)
    assert text.count("x" * 400) == 1
    assert page.text.count("(413 bytes, the same as above") == 5


def test_600_cells_with_wires_stay_small(tmp_path: Path, suites: Path) -> None:
    body = made.error_xml("InvalidBlockList") * 20
    runs = []
    for column in range(3):
        lines, kept = [], {}
        for number in range(200):
            identity = f"put-block-list/case-{number}"
            lines.append(differing(identity))
            kept[identity] = [
                made.exchange(f"PUT /acct/c{column}/b{number}", "201 Created", step=str(at), answer=body)
                for at in range(4)
            ]
        runs.append(made.write(tmp_path / f"run-{column}", lines, wires=kept, name=f"endpoint-{column}"))
    text, _ = build(tmp_path, suites, *runs)
    assert len(text.encode()) < 3_000_000
