"""XML bodies of requests, block lists above all, read by expat with document types and entities refused."""

from __future__ import annotations

import xml.parsers.expat as expat
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from reference_impl.protocol.errors import BlobError

MAX_BLOCKS = 50_000
Kind = Literal["committed", "uncommitted", "latest"]
_KINDS: dict[str, Kind] = {"Committed": "committed", "Uncommitted": "uncommitted", "Latest": "latest"}
_DEPTH = 16


@dataclass(slots=True)
class Node:
    """An element: its name, its text, its children, and where its start and end tags are.

    Lines and columns count from 1; a column is that of the name in the tag, as the service counts.
    """

    name: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def text_of(self, name: str) -> str | None:
        """The stripped text of the first child of that name, or None."""
        found = self.child(name)
        return None if found is None else found.text.strip()


def invalid(line: int, column: int, reason: str = "") -> BlobError:
    """400 InvalidXmlDocument at a place."""
    return BlobError(
        "InvalidXmlDocument",
        elements=(("LineNumber", str(line)), ("LinePosition", str(column)), ("Reason", reason)),
    )


def parse(body: bytes, most: int = 1000) -> Node:
    """The root element of a body, of at most `most` elements.

    Raises 400 InvalidXmlDocument for bad XML, document types and entities, and for more elements than that:
    each takes far more memory than it has bytes.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Node("", 0, 0)
    stack = [top]
    left = most

    def here() -> tuple[int, int]:
        return parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

    def refuse(*_: object) -> NoReturn:
        raise invalid(*here(), "DTD is prohibited in this XML document.")

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise invalid(*here(), "The document has too many elements.")
        if len(stack) > _DEPTH:
            raise invalid(*here(), "The document is nested too deeply.")
        line, column = here()
        node = Node(name, line, column + 1)
        stack[-1].children.append(node)
        stack.append(node)

    def end(_name: str) -> None:
        node = stack.pop()
        line, column = here()
        node.end_line, node.end_column = line, column + 2

    def text(data: str) -> None:
        stack[-1].text += data

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise invalid(error.lineno, error.offset + 1, expat.ErrorString(error.code) or "") from None
    except (LookupError, ValueError):
        # What Python says of an encoding that it does not know, or that expat cannot be told about.
        raise invalid(1, 1, "The encoding is not supported.") from None
    return top.children[0]


def tags(body: bytes) -> list[tuple[str, str]]:
    """The keys and values of a Set Blob Tags body, in order. Raises InvalidXmlDocument."""
    root = parse(body)
    tag_set = root.child("TagSet")
    if root.name != "Tags" or tag_set is None:
        raise invalid(root.end_line, root.end_column, "Element is missing: TagSet.")
    pairs = []
    for node in tag_set.children:
        if node.name != "Tag":
            raise invalid(node.line, node.column, f"Unexpected element: {node.name}.")
        key, value = node.child("Key"), node.child("Value")
        if key is None or value is None:
            raise invalid(node.end_line, node.end_column, "Element is missing: Key or Value.")
        pairs.append((key.text, value.text))
    return pairs


def block_list(body: bytes) -> list[tuple[Kind, str]]:
    """The entries of a Put Block List body, in order; an empty list is a list.

    Raises InvalidXmlDocument, or BlockListTooLong above 50,000 entries.
    """
    root = parse(body, 2 * MAX_BLOCKS)
    if root.name != "BlockList":
        raise invalid(root.line, root.column, "Root element must be BlockList.")
    entries: list[tuple[Kind, str]] = []
    for child in root.children:
        kind = _KINDS.get(child.name)
        if kind is None:
            raise invalid(child.line, child.column, f"Unexpected element: {child.name}.")
        entries.append((kind, child.text.strip()))
    if len(entries) > MAX_BLOCKS:
        raise BlobError("BlockListTooLong")
    return entries
