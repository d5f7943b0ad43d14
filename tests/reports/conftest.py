"""A catalogue of two suites for pages built from made-up runs."""

from __future__ import annotations

from pathlib import Path

import pytest

SUITES = {
    "requirements/blocks.yaml": "put-block-list.known-ids:\n"
    "  {says: Unknown blocks are refused., level: required, source: [rest/put-block-list],\n"
    "  clients: [AzCopy, boostedblob]}\n",
    "sources.yaml": "rest: {title: Azure REST documentation}\n"
    "rest/put-block-list: {title: The page of Put Block List}\n",
}


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    folder = tmp_path / "suites"
    (folder / "requirements").mkdir(parents=True)
    for name, text in SUITES.items():
        (folder / name).write_text(text)
    return folder
