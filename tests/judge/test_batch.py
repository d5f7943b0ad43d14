"""The response of Blob Batch, taken apart: whole, in order, or not at all."""

from __future__ import annotations

import pytest

from harness.exchange import Response
from harness.judge.batch import NotBatchError, SubResponse, sub_responses
from tests.judge.made import BOM, exchange

DONE = (
    b"Content-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\nx-ms-version: x\r\n\r\n"
)
BODY = BOM + b'<?xml version="1.0" encoding="utf-8"?>\n<Error><Code>BlobNotFound</Code></Error>'
GONE = (
    b"content-type: application/http\r\nCONTENT-ID: 1\r\n\r\n"
    b"HTTP/1.1 404 The specified blob does not exist.\r\nContent-Type: application/xml\r\n\r\n" + BODY
)
WHOLE_FAILED = (
    b"Content-Type: application/http\r\n\r\nHTTP/1.1 400 No\r\nx-ms-error-code: InvalidInput\r\n\r\n"
)


def batch(*parts: bytes, end: bytes = b"--b--", kind: str = "multipart/mixed; boundary=b") -> Response:
    """A batch response."""
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end
    response = exchange("POST /acct/?comp=batch", 202, {"Content-Type": kind}, body).response
    assert response is not None
    return response


def test_parts_come_in_the_order_of_their_ids() -> None:
    wanted = (SubResponse(0, 202, None), SubResponse(1, 404, "BlobNotFound"))
    assert sub_responses(batch(DONE, GONE)) == wanted
    assert sub_responses(batch(GONE, DONE)) == wanted
    assert sub_responses(batch(GONE, DONE, end=b"--b--\r\n")) == wanted
    assert sub_responses(batch(DONE, GONE, kind='Multipart/Mixed; Boundary="b"')) == wanted


def test_a_part_without_an_id_comes_first() -> None:
    assert sub_responses(batch(DONE, WHOLE_FAILED))[0] == SubResponse(None, 400, "InvalidInput")


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (batch(DONE, GONE, end=b""), "closing boundary"),
        (batch(DONE, GONE, end=b"--b\r\n"), "closing boundary"),
        (batch(), "closing boundary"),
        (batch(DONE, kind="multipart/mixed"), "with a boundary"),
        (batch(DONE, kind="application/xml; boundary=b"), "not multipart/mixed"),
        (batch(DONE.replace(b"HTTP/1.1", b"HTTP")), "no HTTP status line"),
        (batch(b"nothing"), "no HTTP status line"),
    ],
)
def test_what_is_no_batch(response: Response, says: str) -> None:
    with pytest.raises(NotBatchError, match=says):
        sub_responses(response)
