"""A fault proxy that strikes nothing is a tap: all that holds for the tap holds for it, armed or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy
from tests.tap import test_tap
from tests.tap.test_tap import (  # noqa: F401 - collected here a second time
    authority,
    test_a_body_on_head_is_noted,
    test_a_download_that_the_server_breaks_off,
    test_an_early_answer_belongs_to_its_request,
    test_an_upload_that_the_client_breaks_off,
    test_any_sequence_in_any_pieces,
    test_bodies_are_kept_up_to_the_limit,
    test_bytes_are_not_held_back,
    test_bytes_pass_unchanged_both_ways,
    test_bytes_that_are_no_http_pass_and_are_named,
    test_expect_continue,
    test_head_has_no_body_and_close_delimited_body_ends_with_the_stream,
    test_nobody_listens_upstream,
    test_tls_on_either_side,
)

_ELSEWHERE = [
    Fault("elsewhere", Kind.RESET_BEFORE, container="another"),
    Fault("later", Kind.STALL, nth=999, seconds=1),
]


class _Armed(FaultProxy):
    def __enter__(self) -> _Armed:
        super().__enter__()
        self.arm(_ELSEWHERE)
        return self


@pytest.fixture(scope="module", autouse=True, params=[FaultProxy, _Armed], ids=["disarmed", "armed"])
def fault_proxy_for_tap(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of the tap take this for the tap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_tap, "Tap", request.param)
        yield


def test_it_is_the_fault_proxy_that_is_tested() -> None:
    assert issubclass(vars(test_tap)["Tap"], FaultProxy)


@pytest.mark.parametrize("fault_proxy_for_tap", [_Armed], indirect=True, ids=["armed"])
def test_a_large_body_keeps_memory_flat() -> None:
    """Once is enough: what is armed for something else holds back no less than what is not armed."""
    test_tap.test_a_large_body_keeps_memory_flat()
