"""What only an order, a binding, an overlap or a copy source shows is caught by replays of the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.data import folder
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference, token_issuer
from harness.endpoints.certificates import Certificates, issue
from harness.endpoints.credentials import Issuer
from harness.execute import World
from harness.golden.case import as_case
from harness.golden.document import load_tree
from harness.golden.replay import replay
from harness.golden.spec import GoldenSpec
from harness.judge.judge import judge
from harness.selftest.notices import notices

CAUGHT = {
    # orders
    "blocks-join-as-they-came": "azcopy/upload-blocks",
    "copy-hangs-on-its-source": "obstore/rename",
    "empty-blob-counts-as-none": "pyarrow/write-blocks",
    # bindings
    "block-ids-are-cut": "azcopy/upload-blocks",
    "later-markers-skip": "azure-storage-blob/list-pages",
    "old-etag-still-matches": "azure-storage-blob/download-overwritten",
    # overlaps
    "deletes-at-once-are-one": "azcopy/remove-folder",
    "heads-at-once-are-one": "azcopy/upload-folder",
    "large-blocks-share-a-file": "azcopy/upload-blocks",
    "listings-at-once-are-one": "azcopy/list-folders",
    "names-are-read-and-written": "azcopy/upload-folder",
    "reads-at-once-are-one": "azcopy/download-ranges",
    # copy sources
    "copy-source-unread": "azcopy/copy-small",
    "source-is-in-the-same-container": "azcopy/copy-blocks",
    "sources-at-once-are-one": "azcopy/copy-blocks",
}
"""By mutant, a scenario whose golden specs notice it. No case of the suites notices most of these mutants."""

_TRIES = 3
"""Whether requests overlap is a matter of moments, which a busy machine may miss once."""


@dataclass(frozen=True)
class Stage:
    """What the façades have in common, and the golden specs by client and scenario, of the newest client."""

    certificates: Certificates
    issuer: Issuer
    specs: Mapping[str, GoldenSpec]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Made once: certificates and the issuer of tokens take longer than a replay."""
    known = {f"{one.client}/{one.id.rpartition('/')[2]}": one for one in load_tree(folder("traces"))}
    certificates = issue(tmp_path_factory.mktemp("certificates"))
    with token_issuer(certificates, tmp_path_factory.mktemp("issuer")) as issuer:
        yield Stage(certificates, issuer, known)


def seen(endpoint: Endpoint, spec: GoldenSpec, run: int) -> list[str]:
    """What a replay notices."""
    case = as_case(spec)
    facts = replay(spec, World(endpoint, f"bp-try-{run}-"))
    return [one.said for one in notices(case, facts, judge(case, facts))]


@pytest.mark.parametrize("mutant", sorted(CAUGHT))
def test_a_replay_catches(mutant: str, stage: Stage, tmp_path: Path) -> None:
    spec = stage.specs[CAUGHT[mutant]]
    with reference(
        mutant, logs=tmp_path, certificates=stage.certificates, issuer=stage.issuer, extra=("--no-fsync",)
    ) as running:
        assert any(seen(running.endpoint, spec, run) for run in range(_TRIES))
