"""The gate end to end, small: every scenario passes on our façade, and mutants of it are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command.process import blobproof

_CELLS = (
    "concurrency/blocks/out-of-order[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/blocks/one-blob[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/connections/half-sent[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/connections/expect[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/connections/reuse[parallel=16,connections=kept,scheme=http,style=path,processes=1]",
    "concurrency/leftovers/staging[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/leftovers/files[parallel=16,processes=1]",
    "concurrency/listings/while-writing[parallel=16,how=by-folder,scheme=http,style=path,processes=1]",
    "concurrency/reads/aborted[parallel=16,scheme=http,style=path,processes=1]",
    "concurrency/reads/ranges[parallel=256,scheme=http,style=path,processes=1]",
    "concurrency/reads/slow-readers[parallel=16,scheme=http,style=path,processes=1]",
)


def _verdicts(endpoint: str, cells: tuple[str, ...], folder: Path) -> dict[str, str]:
    words = [word for cell in cells for word in ("--case", cell)]
    done = blobproof("run", endpoint, *words, "--out", folder)
    assert done.code in (0, 1), done.err
    lines = (json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines())
    return {line["id"]: line["verdict"] for line in lines if line.get("id", "").startswith("concurrency/")}


def test_the_facade_keeps_its_head(tmp_path: Path) -> None:
    assert _verdicts("reference", _CELLS, tmp_path / "run") == dict.fromkeys(_CELLS, "pass")


@pytest.mark.parametrize(
    ("mutant", "cell"),
    [
        ("list-skips-last", _CELLS[7]),
        ("commit-keeps-staged-blocks", _CELLS[5]),
        ("client-request-id-lost-on-errors", _CELLS[4]),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, mutant: str, cell: str) -> None:
    verdicts = _verdicts(f"reference:{mutant}", (cell,), tmp_path / "run")
    assert verdicts[cell] in ("differs", "lenient")
