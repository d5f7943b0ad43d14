"""The place of a client: one credential, an environment that holds no secret, words without secrets."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from harness.drive.place import Place
from harness.endpoint import Secret, Style
from harness.tools.find import Found

SIGNATURE = base64.b64encode(bytes(range(100, 132))).decode() + "+/="
SAS = urlencode({"sv": "2025-07-05", "sp": "rw", "sig": SIGNATURE})
KEY = base64.b64encode(bytes(range(64))).decode()


def place(tmp_path: Path, **credential: Secret) -> Place:
    return Place(
        found=Found("x", tmp_path / "python", "1", {"LD_LIBRARY_PATH": "/somewhere"}),
        url="https://acct.blob.example.test:8443",
        style=Style.HOST,
        account="acct",
        home=tmp_path,
        ca_file=tmp_path / "ca.pem",
        env={"HTTPS_PROXY": "http://127.0.0.1:1"},
        **credential,
    )


@pytest.mark.parametrize("shown", [SAS, SIGNATURE, quote(SIGNATURE, safe=""), f"sig={SIGNATURE}"])
def test_a_sas_is_in_no_words_however_it_is_written(shown: str, tmp_path: Path) -> None:
    line = place(tmp_path, sas=Secret(SAS)).one_line(f"refused:\n {shown} (403)")
    assert "REDACTED" in line and line.startswith("refused: ") and line.endswith(" (403)")
    assert SIGNATURE not in line and quote(SIGNATURE, safe="") not in line


def test_a_key_is_in_no_words(tmp_path: Path) -> None:
    there = place(tmp_path, key=Secret(KEY))
    assert there.one_line(f"{KEY} {quote(KEY, safe='')}") == "REDACTED REDACTED"
    assert KEY not in repr(there) and KEY not in str(there.environment())


def test_words_are_one_line_of_bounded_length(tmp_path: Path) -> None:
    assert place(tmp_path, key=Secret(KEY)).one_line("a\n\tb " * 1000, 20) == "a b " * 5


def test_the_environment_is_whole(tmp_path: Path) -> None:
    there = place(tmp_path, key=Secret(KEY))
    env = there.environment()
    assert {env["HOME"], env["TMPDIR"]} == {str(tmp_path)}
    assert {env[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")} == {
        str(tmp_path / "ca.pem")
    }
    assert env["LD_LIBRARY_PATH"] == "/somewhere" and env["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert there.secure and there.authority == "acct.blob.example.test:8443"
