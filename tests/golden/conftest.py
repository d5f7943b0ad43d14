"""The library of three specs as files, and the table of what clients rely on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import folder
from harness.golden import reliance as tables
from harness.golden.document import dump
from harness.golden.plan import write_manifest
from harness.golden.reliance import Reliance
from tests.golden.library import LIBRARY, PROVENANCE


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three specs."""
    root = tmp_path_factory.mktemp("library") / "traces"
    for one in LIBRARY:
        path = root.parent / f"{one.id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(replace(one, provenance=PROVENANCE)))
    write_manifest(root)
    return root


@pytest.fixture(scope="module")
def table() -> Reliance:
    return tables.load(folder("traces"))
