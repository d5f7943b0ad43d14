"""The AzCopy driver: what it makes of AzCopy's output and log, and the real program against a tiny server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from harness.clients.azcopy import (
    Azcopy,
    BearerCredential,
    SasCredential,
    SharedKeyCredential,
    environment,
    read_outcome,
)
from harness.clients.process import Ran
from harness.endpoint import Secret
from harness.tap.proxy import Upstream
from harness.tap.tap import Tap
from harness.tools.find import Found, find


def _line(kind: str, content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return json.dumps({"TimeStamp": "2026-11-22T15:00:00Z", "MessageType": kind, "MessageContent": text})


def test_a_finished_job() -> None:
    end = {
        "JobStatus": "CompletedWithSkipped",
        "TransfersCompleted": "7",
        "TransfersFailed": "0",
        "TransfersSkipped": "2",
        "TotalBytesTransferred": "4096",
        "FailedTransfers": [],
    }
    out = "\n".join([_line("Info", "Scanning..."), "no json", _line("Progress", {}), _line("EndOfJob", end)])
    outcome = read_outcome(Ran(0, out, "", 2.1))
    assert (outcome.exit, outcome.status) == (0, "CompletedWithSkipped")
    assert (outcome.completed, outcome.failed, outcome.skipped, outcome.bytes_moved) == (7, 0, 2, 4096)
    assert outcome.reasons == () and outcome.messages == ("Scanning...",)
    assert outcome.summary == "exit 0, CompletedWithSkipped, 7 done, 0 failed, 2 skipped"


def test_reasons_come_from_the_log_without_secrets() -> None:
    log = (
        "2026/11/22 15:00:00 ERR: [P#0-T#0] UPLOADFAILED: /d/f : 412 : 412 Precondition Failed. "
        "When Committing block list. X-Ms-Request-Id: 1\n   Dst: http://h/c/f?sig=SECRET\n"
        "2026/11/22 15:00:01 ERR: [P#0-T#1] COPYFAILED: http://h/c/g?sig=SECRET : 404 : x\n"
    )
    outcome = read_outcome(
        Ran(1, _line("EndOfJob", {"JobStatus": "Failed", "TransfersFailed": "2"}), "", 2.0), log
    )
    assert len(outcome.reasons) == 2
    assert outcome.reasons[0].startswith("UPLOADFAILED: /d/f : 412")
    assert "SECRET" not in " ".join(outcome.reasons)
    assert "UPLOADFAILED" in outcome.summary


def test_an_error_message_a_panic_and_a_time_out() -> None:
    refused = read_outcome(Ran(1, _line("Error", "cannot list: 403 AuthenticationFailed"), "", 0.1))
    assert refused.reasons == ("cannot list: 403 AuthenticationFailed",)
    panic = read_outcome(Ran(2, "", "panic: runtime error: nil pointer\n\ngoroutine 1 [running]:\n", 0.1))
    assert panic.reasons == ("panic: runtime error: nil pointer",)
    late = read_outcome(Ran(None, "", "", 60.0), "ERR: dial tcp: connection refused")
    assert late.summary == "did not finish within 60 s: dial tcp: connection refused"


def test_listed_objects() -> None:
    out = _line("ListObject", {"Path": "a b.txt", "ContentLength": "12"})
    assert read_outcome(Ran(0, out, "", 0.1)).objects == ({"Path": "a b.txt", "ContentLength": "12"},)


def test_credentials_travel_in_the_environment(tmp_path: Path) -> None:
    shared = environment(tmp_path, tmp_path, tmp_path, SharedKeyCredential("acct", Secret("a2V5")))
    assert (shared["AZCOPY_CRED_TYPE"], shared["ACCOUNT_NAME"], shared["ACCOUNT_KEY"]) == (
        "SharedKey",
        "acct",
        "a2V5",
    )
    bearer = environment(tmp_path, tmp_path, tmp_path, BearerCredential(Secret("tok")))
    assert json.loads(bearer["AZCOPY_OAUTH_TOKEN_INFO"])["access_token"] == "tok"
    sas = environment(tmp_path, tmp_path, tmp_path, SasCredential(Secret("sig=x")))
    assert not {"AZCOPY_CRED_TYPE", "AZCOPY_OAUTH_TOKEN_INFO"} & set(sas)
    assert sas["AZCOPY_LOG_LOCATION"] == str(tmp_path)


class _Blob(BaseHTTPRequestHandler):
    """Takes one blob, and says how long it is."""

    protocol_version = "HTTP/1.1"
    stored: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self) -> None:
        path = self.path.partition("?")[0]
        self.stored[path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, 0)

    def do_HEAD(self) -> None:
        self._answer(200, len(self.stored[self.path.partition("?")[0]]))

    def _answer(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 15:00:00 GMT")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def azcopy() -> Found:
    found = find("azcopy")
    if not isinstance(found, Found):
        pytest.skip(f"AzCopy is not installed: {found.reason}")
    return found


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blob) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield ("127.0.0.1", serving.server_address[1])
        serving.shutdown()
        thread.join(10)


def test_the_real_program_through_the_tap(azcopy: Found, server: tuple[str, int], tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"abc")
    logs = tmp_path / "logs"
    with Tap(Upstream(server)) as tap:
        outcome = Azcopy(azcopy, tmp_path, logs).run(
            "copy",
            [str(tmp_path / "f.bin"), f"{tap.url}/acct/cont/f.bin?sp=w&sig=U0VDUkVU", "--from-to=LocalBlob"],
            label="one",
        )
        exchanges = tap.take()
    assert (outcome.exit, outcome.status, outcome.completed) == (0, "Completed", 1)
    assert [e.request.method for e in exchanges] == ["PUT", "HEAD"]
    assert exchanges[0].request.body.data == b"abc"
    kept = "".join(path.read_text() for path in logs.iterdir())
    assert "UploadTransfer" in kept or "PUT" in kept
    assert "U0VDUkVU" not in kept


def test_the_real_program_is_ended_when_its_time_is_up(azcopy: Found, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"abc")
    with Tap(Upstream(("127.0.0.1", 1))) as tap:
        outcome = Azcopy(azcopy, tmp_path, tmp_path / "logs").run(
            "copy",
            [str(tmp_path / "f.bin"), f"{tap.url}/acct/cont/f.bin?sig=x", "--from-to=LocalBlob"],
            label="late",
            seconds=2.5,
        )
        assert "could not be reached" in tap.faults[0]
    assert outcome.exit is None
    assert outcome.seconds < 60
