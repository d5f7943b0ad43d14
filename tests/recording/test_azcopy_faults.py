"""The recorder changes nothing of what AzCopy makes of a fault: its words, and how often it tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from harness.endpoints.builtin import reference
from harness.tools.find import Missing, find
from tests.recording.fault_cases import CASES, Behaviour, FaultCase, both_ways

_SOME = (
    "upload-503",
    "upload-503-no-code",
    "upload-403",
    "upload-reset-response",
    "commit-409",
    "download-reset-inside",
    "download-cut-often",
)
"""`python -m benchmarks.recorder_faults` does all of them."""


@pytest.fixture(scope="module")
def behaviours(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, tuple[Behaviour, Behaviour]]]:
    if any(isinstance(find(tool), Missing) for tool in ("azcopy", "mitmproxy")):
        pytest.skip("needs AzCopy and mitmproxy: blobproof tools")
    some = [case for case in CASES if case.name in _SOME]
    with reference() as running:
        yield dict(both_ways(some, running.endpoint, tmp_path_factory.mktemp("faults")))


@pytest.mark.parametrize("case", [case for case in CASES if case.name in _SOME], ids=lambda case: case.name)
def test_the_recorder_changes_nothing(
    case: FaultCase, behaviours: Mapping[str, tuple[Behaviour, Behaviour]]
) -> None:
    directly, recorded = behaviours[case.name]
    assert directly == recorded
    assert directly.exit == case.exit
    if case.exit == 0:
        assert directly.arrived in (None, True)
