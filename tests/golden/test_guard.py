"""The guard: a secret in any spelling stops the write, and nothing is left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.golden.compile import compile_recordings
from harness.golden.guard import LeakError, check
from harness.golden.library import same, write
from tests.golden.recorded import SECRET, upload


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        quote(SECRET, safe=""),
        f"x: {SECRET[:40]}\n   {SECRET[40:]}",
        "https://a/b?sv=1&sig=abcdefghijkl%3D",
        "Authorization: SharedKey acct:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq=",
        "Bearer abcdefgh12345678",
        "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.x",
        "A" * 86 + "==",
        "B" * 43 + "=",
    ],
)
def test_secrets_are_stopped(spelt: str) -> None:
    with pytest.raises(LeakError) as caught:
        check(f"fine\n{spelt}\nfine", [SECRET], "traces/x")
    assert SECRET not in str(caught.value)


def test_what_is_no_secret_passes() -> None:
    check("Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\nsend: PUT /{own-container}/a?{sas}\n", [SECRET], "x")


def test_a_spec_with_a_secret_is_not_written(tmp_path: Path) -> None:
    talk = upload("job", (0, 1, 2))
    spec = compile_recordings([talk.recording()] * 2, date="2026-11-22")
    path = write(spec, tmp_path, [SECRET])
    assert path == tmp_path / "tester" / "1.0" / "scenario.yaml"
    before = path.read_bytes()
    with pytest.raises(LeakError):
        write(replace(spec, why=f"because {SECRET}"), tmp_path, [SECRET])
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_the_date_alone_makes_no_other_spec() -> None:
    recording = upload("job", (0, 1, 2)).recording()
    spec = compile_recordings([recording] * 2, date="2026-11-22")
    again = compile_recordings([recording] * 2, date="2027-01-01")
    from harness.golden.document import dump

    assert dump(spec) != dump(again)
    assert same(dump(spec), dump(again))
    assert not same(dump(spec), dump(replace(again, why="another")))
    assert same(dump(spec), dump(again).replace("User-Agent: Tester/1", "User-Agent: Tester/1 Python/3.99"))
