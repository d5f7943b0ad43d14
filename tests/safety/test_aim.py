"""A fault is aimed at the request that matters most of its family."""

from __future__ import annotations

import pytest

from harness.exchange import Body, Exchange, Fidelity, Framing, Request, Response
from harness.faults.catalogue import catalogue
from harness.safety.aim import Aim, Sent, aim, sent

SMALL = (Sent("Put Blob", "PUT", "b", 100, 0),)
BLOCKS = (
    Sent("Put Blob", "PUT", "b", 0, 0),
    Sent("Put Block", "PUT", "b", 40, 0),
    Sent("Put Block", "PUT", "b", 40, 0),
    Sent("Put Block List", "PUT", "b", 9, 0),
)
APPENDS = (Sent("Put Blob", "PUT", "b", 0, 0), Sent("Append Block", "PUT", "b", 70, 0))
READS = (
    Sent("List Blobs", "GET", "", 0, 30),
    Sent("Get Blob Properties", "HEAD", "b", 0, 0),
    Sent("Get Blob", "GET", "b", 0, 1),
    Sent("Get Blob", "GET", "b", 0, 50),
    Sent("List Blobs", "GET", "", 0, 90),
)
METADATA = (
    Sent("Get Blob Properties", "HEAD", "b", 0, 0),
    Sent("Set Blob Metadata", "PUT", "b", 0, 0),
)


@pytest.mark.parametrize(
    ("requests", "on", "operation", "nth"),
    [
        (SMALL, "write", "Put Blob", 1),
        (BLOCKS, "write", "Put Block", 1),
        (BLOCKS, "commit", "Put Block List", 1),
        (APPENDS, "write", "Append Block", 1),
        (READS, "read", "Get Blob", 2),
        (READS, "list", "List Blobs", 2),
        (METADATA, "metadata", "Set Blob Metadata", 1),
    ],
)
def test_the_request_that_matters_most(requests: tuple[Sent, ...], on: str, operation: str, nth: int) -> None:
    found = aim(requests, on)
    assert found is not None
    assert (found.operation, found.nth) == (operation, nth)
    assert found.blob == ("" if on == "list" else "b")


@pytest.mark.parametrize("on", ["commit", "read", "list", "copy", "delete", "metadata"])
def test_what_a_client_does_not_send_cannot_be_hit(on: str) -> None:
    assert aim(SMALL, on) is None


def test_any_request_needs_no_rehearsal() -> None:
    assert aim((), "any") == Aim("any", "", 1, 0)


def test_a_slow_drip_is_over_within_seconds() -> None:
    drip = catalogue()["slow-drip"]
    slow = Aim("Get Blob", "b", 1, 1000).fault(drip)
    assert slow.bytes_per_second == drip.fault.bytes_per_second
    assert Aim("Get Blob", "b", 1, 9_000_000).fault(drip).bytes_per_second == 3_000_000


def test_the_fault_is_for_this_blob_and_this_request() -> None:
    fault = Aim("Get Blob", "b", 2, 50).fault(catalogue()["short-body"])
    assert (fault.on, fault.blob, fault.nth, fault.times) == ("Get Blob", "b", 2, 1)


def test_requests_are_known_by_operation_and_size_in_the_order_of_their_beginning() -> None:
    later = _exchange("GET", "/acct/c/b", 206, b"12345", started=2.0)
    refused = _exchange("GET", "/acct/c?restype=container&comp=list", 403, b"no", started=1.0)
    assert sent([later, refused], "/acct") == (
        Sent("List Blobs", "GET", "", 0, 0),
        Sent("Get Blob", "GET", "b", 0, 5),
    )


def _exchange(method: str, target: str, status: int, answer: bytes, *, started: float) -> Exchange:
    return Exchange(
        Request(method, target, (), Body(0, "")),
        Response(status, "", (), Body(len(answer), ""), Framing.LENGTH),
        Fidelity.TAP,
        "http",
        started,
        0.1,
    )
