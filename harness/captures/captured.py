"""What a capture holds: exchanges with the host they went to, and entries that are no exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.exchange import Body, Exchange, Headers, header
from harness.vocabulary import ExitCode
from harness.wire.body import EMPTY, body_of


class CaptureError(Exception):
    """A capture that cannot be read."""

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        what: str,
        hint: str = "Give a HAR, a mitmproxy flow file, the folder of a run, or exchange lines; "
        "docs/inspect.md says how to record one.",
    ) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Captured:
    """One exchange of a capture."""

    exchange: Exchange
    host: str  # host, and port where the URL names one, in lower case; empty when nothing says it
    where: str  # its place in the capture, for the reader: "entry 12"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that is no exchange over a wire. The reason is one for all of its kind."""

    reason: str


_MARK_AS_LATIN = "\u00ef\u00bb\u00bf"  # UTF-8's byte-order mark, read a character a byte

Entries = Iterator[Captured | LeftOut]
"""What a reader yields, in the order of the capture."""


def url(text: str) -> SplitResult | None:
    """The parts of a URL; None for what is none."""
    try:
        return urlsplit(whole(text))
    except ValueError:
        return None


def whole(text: str) -> str:
    """The text without halves of characters: JSON can hold them, and no file or terminal takes them."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def unkept(length: int) -> Body:
    """A body of which the capture kept the length alone."""
    return Body(length, "", None)


def declared(headers: Headers, otherwise: int = -1) -> int:
    """The Content-Length; without one, what else is known. Negative: nothing says it."""
    said = header(headers, "Content-Length") or ""
    return int(said) if said.isdecimal() and len(said) < 19 else otherwise


def as_bytes(text: str, length: int) -> bytes:
    """The bytes of a body that a capture holds as text: in UTF-8, or a character a byte.

    Recorders read a body whose type names no character set in either way; its length shows in which.
    """
    made = text.encode("utf-8", "surrogatepass")
    if len(made) != length and (len(text) == length or text.startswith(_MARK_AS_LATIN)):
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return made
    return made


def verbatim(text: str, length: int) -> Body:
    """The body as a capture shows it, if it is as long as it was said to be; else only its length.

    Captures change texts: line ends, characters that are no UTF-8. A hash of such a text is not the hash of
    what was sent.
    """
    data = as_bytes(text, length)
    if length == 0 and not data:
        return EMPTY
    return body_of(data) if length == len(data) else unkept(max(length, 0))
