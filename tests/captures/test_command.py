"""`blobproof inspect` as a user sees it: real captures, every exit code, no secret."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.captures.made import DATA, SAID, URL, har, har_entry, line, pairs
from tests.command.process import Done, refused
from tests.rules.oracle import PATH as ORACLE

Here = Callable[..., Done]
REAL = ("mitmproxy-10.flow", "mitmproxy-11.flow", "mitmproxy-11.har")


@pytest.mark.parametrize("name", REAL)
def test_a_real_capture_of_a_right_endpoint_breaks_no_rule(here: Here, name: str) -> None:
    done = here("inspect", DATA / name, "--level", "expected", "--json")
    assert done.code == 0, done
    said = json.loads(done.out)
    (endpoint,) = said["endpoints"]
    assert (endpoint["style"], endpoint["account"], endpoint["exchanges"]) == ("path", "blobproof", 19)
    assert said["operations"]["Get Blob"] == 4
    assert "Put Blob" not in said["operations_without_evidence"]
    assert "Set Blob Tier" in said["operations_without_evidence"]
    rules = {rule["id"]: rule for rule in said["rules"]}
    assert rules["error-body"]["evaluated"] == 3
    assert rules["http"]["not_evaluated"] == {"framing": 19}
    assert rules["sent-md5"]["evaluated"] == 1  # the body of the upload is in the capture, byte for byte
    assert done.err == ""


def test_the_two_captures_of_one_traffic_say_the_same(here: Here) -> None:
    flows, har = (json.loads(here("inspect", DATA / name, "--json").out) for name in REAL[1:])
    applied = [
        {rule["id"]: rule["evaluated"] + sum(rule["not_evaluated"].values()) for rule in said["rules"]}
        for said in (flows, har)
    ]
    assert applied[0] == applied[1]
    assert flows["operations"] == har["operations"]


def test_a_wrong_endpoint_is_seen(here: Here, tmp_path: Path) -> None:
    done = here("inspect", DATA / "errors-without-body.flow", "--out", tmp_path / "said")
    assert done.code == 1
    assert "error-body (required)" in done.out
    assert re.search(r"wanted: +an XML Error with Code BlobNotFound", done.out)
    assert "flow 12: Get Blob" in done.out
    assert "1 rule broken at level required" in done.out
    written = json.loads((tmp_path / "said" / "inspection.json").read_text())
    assert written["exit_code"] == 1
    assert (tmp_path / "said" / "wires" / "error-body.json").is_file()
    again = here("inspect", tmp_path / "said", "--json")  # what was written is a capture itself
    assert again.code == 1
    assert json.loads(again.out)["format"] == "wire files of a run"


def test_the_level_decides_and_not_what_is_shown(here: Here, tmp_path: Path) -> None:
    no_id = {name: value for name, value in SAID.items() if name != "x-ms-request-id"}
    path = har(tmp_path / "a.har", har_entry(said={**no_id, "Content-Length": "0"}))
    done = here("inspect", path)
    assert done.code == 0
    assert "request-id (expected)" in done.out
    assert "more at level expected" in done.out
    assert here("inspect", path, "--level", "expected").code == 1


def test_no_secret_is_ever_shown(here: Here, tmp_path: Path) -> None:
    signature, token = "c2VjcmV0LXNpZ25hdHVyZS1vZi1hLXNhcw", "eyJhbGciOiJub25l.eyJzdWIiOiJtZSJ9.c2VjcmV0"
    key = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50LTEyMzQ1Njc4OTA="
    asked = {
        "x-ms-version": "2024-11-04",
        "Authorization": f"Bearer {token}",
        "x-ms-copy-source": f"https://other.example/c/b?sv=1&sig={signature}",
    }
    entry = har_entry(
        f"{URL}?sv=2024-11-04&sig={signature}",
        status=404,
        asked=asked,
        said={**SAID, "x-ms-error-code": "BlobNotFound", "x-echo": f"SharedKey acct:{key}"},
        content={"size": 9, "text": f"<a>sig={signature} {token}</a>"},
    )
    done = here("inspect", har(tmp_path / "a.har", entry), "--out", tmp_path / "out")
    assert done.code == 1
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    for secret in (signature, token, key):
        assert secret not in done.out + done.err + written
    assert "sig=REDACTED" in done.out


def test_what_a_capture_says_moves_no_cursor(here: Here, tmp_path: Path) -> None:
    """Half a character is no text either, and no file takes it."""
    path = tmp_path / "a.jsonl"
    said = [["x-ms-version", "2021\x1b[31m"], ["ETag", "\ud800"]]
    path.write_text(json.dumps(line(response_headers=said, reason="\udfff")))
    done = here("inspect", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert r"2021\x1b[31m" in done.out


def test_what_the_user_says_wins_over_the_guess(here: Here) -> None:
    capture = DATA / "mitmproxy-11.flow"
    host = json.loads(here("inspect", capture, "--json").out)["endpoints"][0]["url"].rpartition("/")[0]
    assert here("inspect", capture, "--endpoint-url", f"{host}/blobproof").code == 0
    assert here("inspect", capture, "--endpoint-url", host, "--account", "blobproof").code == 0
    refused(
        here("inspect", capture, "--endpoint-url", f"{host}/another"), 5, "no exchange with a Blob endpoint"
    )
    refused(here("inspect", capture, "--endpoint-url", "https://elsewhere.example"), 5, "127.0.0.1:")
    refused(here("inspect", capture, "--endpoint-url", "elsewhere"), 2, "no http or https URL")


def test_a_capture_without_blob_traffic_verifies_nothing(here: Here, tmp_path: Path) -> None:
    other = har_entry("https://www.example.org/", "GET", 200, asked={"Accept": "*/*"}, said={"Date": "x"})
    queue = har_entry("https://acct.queue.core.windows.net/q/messages", "GET", 200)
    path = har(tmp_path / "a.har", other, queue)
    refused(here("inspect", path), 5, "no exchange with a Blob endpoint", r"www\.example\.org")
    assert json.loads(here("inspect", path, "--json").out)["exit_code"] == 5
    refused(here("inspect", har(tmp_path / "none.har")), 5, "no exchanges at all")


def test_answers_that_never_came_verify_nothing(here: Here, tmp_path: Path) -> None:
    done = here("inspect", har(tmp_path / "a.har", har_entry(status=0, said={})))
    assert done.code == 5
    assert "Nothing was verified" in done.out


def test_usage(here: Here, tmp_path: Path) -> None:
    refused(here("inspect", tmp_path / "none.har"), 2, "does not exist")
    refused(here("inspect", tmp_path), 2, "no wire files")
    refused(here("inspect", DATA / REAL[0], "--level", "observed"), 2, "observed")
    here_is_a_file = har(tmp_path / "file", har_entry())
    refused(here("inspect", DATA / REAL[0], "--out", here_is_a_file / "x"), 2, "cannot be written")


@pytest.mark.skipif(not ORACLE.is_file(), reason=f"no {'/'.join(ORACLE.parts[-3:])} beside this checkout")
def test_the_recorded_answers_of_the_real_service_break_no_required_rule(here: Here) -> None:
    done = here("inspect", ORACLE, "--json")
    assert done.code == 0, done.out[-3000:]
    said = json.loads(done.out)
    assert said["exchanges"] == 4_722
    assert said["left_out"] == {"a part of a batch, written down as if it had been sent alone": 18}
    assert "Put Blob From URL" in said["operations_without_evidence"]
    assert {rule["id"] for rule in said["rules"] if rule["not_evaluated"]} >= {"http", "no-body"}


def test_lines_may_be_packed(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(line()) for _ in range(3)).encode()))
    said: dict[str, Any] = json.loads(here("inspect", path, "--json").out)
    assert (said["format"], said["exchanges"]) == ("exchange lines", 3)


def test_http_2_is_read_without_its_pseudo_headers(here: Here, tmp_path: Path) -> None:
    pseudo = {":method": "DELETE", ":path": "/c/b", ":authority": "acct.blob.example.net", ":scheme": "https"}
    entry = har_entry(asked={**pseudo, "x-ms-version": "2024-11-04"})
    entry["request"]["httpVersion"] = entry["response"]["httpVersion"] = "h2"
    entry["response"]["headers"] = [*pairs({":status": "202"}), *entry["response"]["headers"]]
    done = here("inspect", har(tmp_path / "a.har", entry), "--json")
    assert done.code == 0
    assert json.loads(done.out)["operations"] == {"Delete Blob": 1}
