"""How a request's body is framed and whether its connection lives on, decided from its head (RFC 9112)."""

from __future__ import annotations

from dataclasses import dataclass

from reference_impl.http.fields import FieldError, parse_length, tokens
from reference_impl.http.head import Head, HeadError


@dataclass(frozen=True, slots=True)
class Framing:
    """`length` of the body in bytes (0: none, None: chunked), and what the client asks of the connection."""

    length: int | None
    keep_alive: bool
    expects_continue: bool


def framing(head: Head) -> Framing:
    """The framing of a request; raises HeadError wherever two servers could disagree on it."""
    headers = head.headers
    modern = head.version >= (1, 1)
    options = tokens(headers.all("connection"))
    keep_alive = "close" not in options and (modern or "keep-alive" in options)
    return Framing(_length(head), keep_alive, _expects_continue(head) and modern)


def _length(head: Head) -> int | None:
    lengths = head.headers.all("content-length")
    if "transfer-encoding" in head.headers:
        if lengths:
            raise HeadError(
                400, "InvalidHeaderValue", "Content-Length and Transfer-Encoding exclude each other."
            )
        if head.version < (1, 1):
            raise HeadError(400, "InvalidHeaderValue", "HTTP/1.0 has no Transfer-Encoding.")
        codings = tokens(head.headers.all("transfer-encoding"))
        if codings == ["chunked"]:
            return None
        if not codings or codings[-1] != "chunked" or codings.count("chunked") > 1:
            raise HeadError(400, "InvalidHeaderValue", "The last Transfer-Encoding must be chunked, once.")
        raise HeadError(501, "UnsupportedHeader", "The only Transfer-Encoding understood is chunked.")
    if not lengths:
        return 0
    try:
        return parse_length(lengths)
    except FieldError as error:
        raise HeadError(400, "InvalidHeaderValue", f"The request is malformed: {error}.") from None


def _expects_continue(head: Head) -> bool:
    expectations = tokens(head.headers.all("expect"))
    if not expectations:
        return False
    if expectations != ["100-continue"]:
        raise HeadError(417, "UnsupportedHeader", "The only expectation understood is 100-continue.")
    return True
