"""XML bodies of responses, byte for byte as the service writes them: byte-order mark, order, escapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

BOM = b"\xef\xbb\xbf"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_NEEDS_ESCAPE = re.compile("[&<>\r]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(root: str, *, newline: bool = False) -> bytes:
    """A whole body: byte-order mark, declaration, root element."""
    return BOM + f"{DECLARATION}{chr(10) if newline else ''}{root}".encode("utf-8", "surrogatepass")


def escape(text: str) -> str:
    """Text content. A bare carriage return would be read as a line feed."""
    if _NEEDS_ESCAPE.search(text) is None:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def attribute(text: str) -> str:
    """Attribute value."""
    return escape(text).replace('"', "&quot;")


def element(name: str, text: str | None) -> str:
    """An element; self-closed when it has no text."""
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name} />"


def name_element(name: str) -> str:
    """A `Name` element; a name that XML cannot hold is URL-encoded as a whole and says so."""
    if _UNPRINTABLE.search(name) is None:
        return f"<Name>{escape(name)}</Name>"
    return f'<Name Encoded="true">{quote(name, safe="")}</Name>'


def text_element(name: str, text: str) -> str:
    """An element that echoes a parameter: encoded the same way when XML cannot hold its text."""
    if _UNPRINTABLE.search(text) is None:
        return element(name, text)
    return f'<{name} Encoded="true">{quote(text, safe="")}</{name}>'


def printable(text: str) -> bool:
    """Whether XML 1.0 can hold the text."""
    return _UNPRINTABLE.search(text) is None


def error(
    code: str,
    message: str,
    *,
    request_id: str,
    time: str,
    elements: Sequence[tuple[str, str]] = (),
    newer: bool = False,
) -> bytes:
    """An error body. `time` is UTC with seven digits; `newer` adds the line feed of the newer code path."""
    text = escape(message)
    if newer:
        text = text.replace("'", "&apos;")
    extra = "".join(
        element(name, value if printable(value) else quote(value, safe="", errors="replace"))
        for name, value in elements
    )
    return document(
        f"<Error><Code>{code}</Code><Message>{text}\nRequestId:{request_id}\nTime:{time}</Message>{extra}</Error>",
        newline=newer,
    )


def metadata(pairs: Iterable[tuple[str, str]]) -> str:
    """A `Metadata` element; names as stored."""
    inner = "".join(
        element(name, value if printable(value) else quote(value, safe="")) for name, value in pairs
    )
    return f"<Metadata>{inner}</Metadata>" if inner else "<Metadata />"


def blocks(name: str, items: Iterable[tuple[str, int]]) -> str:
    """`CommittedBlocks` or `UncommittedBlocks` with (id, size) entries."""
    inner = "".join(f"<Block><Name>{block}</Name><Size>{size}</Size></Block>" for block, size in items)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name} />"


def elements(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Several elements; None leaves one out, an empty text self-closes it."""
    # A list has twenty of these for every blob: the plain ones are written here, without a call for each.
    return "".join(
        f"<{name}>{text}</{name}>" if text and _NEEDS_ESCAPE.search(text) is None else element(name, text)
        for name, text in pairs
        if text is not None
    )
