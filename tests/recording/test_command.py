"""`blobproof record` as a user meets it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from harness.tools.find import Missing, find
from tests.command.process import alive, blobproof, eventually, finish, refused, start

_PUT = (
    "import sys, urllib.request as u; "
    "u.urlopen(u.Request(sys.argv[1], b'hello', {'x-ms-blob-type': 'BlockBlob', "
    "'x-ms-version': '2025-07-05', 'Content-Type': 'text/plain'}, method='PUT'))"
)
_WORDS = ("--", "python3", "-c", _PUT, "{url}/{own-container}/a.txt?{sas}")

needs_mitmproxy = pytest.mark.skipif(
    isinstance(find("mitmproxy"), Missing), reason="needs mitmproxy: blobproof tools mitmproxy"
)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("record",), 2, ("name a CLIENT", "clients: .*azcopy")),
        (("record", "azcpy"), 2, ("no client is called 'azcpy'", "Did you mean azcopy")),
        (("record", "azcopy", "upload-smal"), 2, ("no scenario 'upload-smal'", "Did you mean upload-small")),
        (("record", "--all", "azcopy"), 2, ("--all means every client",)),
        (("record", "azcopy", "--against", "nowhere"), 2, ("nowhere",)),
        (("record", "--"), 2, ("no command behind",)),
        (("record", *_WORDS), 2, ("--out names",)),
        (("record", "azcopy", "--out", "x.yaml", *_WORDS), 2, ("stands alone",)),
        (("record", "--out", "x.yaml", "--", "no-such-program"), 5, ("no program 'no-such-program'",)),
        (("record", "--out", "x.yaml", "--", "true"), 2, ("which version", "--client-version")),
    ],
)
def test_bad_input(tmp_path: Path, words: tuple[str, ...], code: int, says: tuple[str, ...]) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    (path / "true").write_text("#!/bin/sh\nexit 0\n")
    (path / "true").chmod(0o755)
    done = blobproof(*words, cwd=tmp_path, env={"PATH": f"{path}:/usr/bin:/bin"})
    refused(done, code, *says)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bin"]


def test_lists_and_dry_runs_start_nothing() -> None:
    listed = blobproof("record", "azcopy", "--list", "--json")
    assert listed.code == 0
    scenarios = [json.loads(line)["scenario"] for line in listed.out.splitlines()]
    assert "azcopy/upload-small" in scenarios
    dry = blobproof("record", "azcopy", "upload-small", "--dry-run", env={"BLOBPROOF_TOOLS": "/nowhere"})
    assert dry.code == 0
    assert "azcopy/upload-small (missing: " in dry.out
    assert "bp-rec-" in dry.out


@needs_mitmproxy
def test_a_client_that_is_missing_leaves_nothing(tmp_path: Path) -> None:
    done = blobproof(
        "record", "azcopy", "upload-small", "--out", tmp_path / "out", env={"BLOBPROOF_TOOLS": str(tmp_path)}
    )
    assert done.code == 5
    assert "azcopy/upload-small: FAILED: azcopy/upload-small: azcopy is missing" in done.out
    assert "Run: blobproof tools azcopy" in done.out
    assert not (tmp_path / "out").exists()


@needs_mitmproxy
def test_a_command_of_ones_own(tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    done = blobproof("record", "--json", "--name", "put", "--out", out, *_WORDS)
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert (facts["result"], facts["file"]) == ("written", str(out))
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.yaml"]
    text = out.read_text()
    assert "python3 -c" in text
    assert "sig=" not in text
    library = tmp_path / "library"
    done = blobproof("record", "--name", "put", "--out", library, *_WORDS)
    assert done.code == 0
    (again,) = library.rglob("put.yaml")
    assert again.read_text() == text


@needs_mitmproxy
def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    marker = tmp_path / "started"
    sleeps = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    process = start(
        *("record", "--out", tmp_path / "mine.yaml", "--", "python3", "-c", sleeps),
        env={"TMPDIR": str(temporary)},
    )
    eventually(lambda: marker.exists() and marker.read_text() != "", 40)
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 3
    assert "interrupted" in done.err
    eventually(lambda: not alive(int(marker.read_text())))
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "mine.yaml").exists()
