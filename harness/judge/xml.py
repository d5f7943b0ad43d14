"""Reading XML bodies for the judge: paths to texts, and what an error body says. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree  # expat bounds entity expansion, and loads nothing external

from harness.exchange import Response, header

_SEGMENT = re.compile(r"(?:[^/\[]|\[[^\]]*\])+")


class NotXmlError(Exception):
    """The body is no well-formed XML. The message says where it breaks."""


def root(data: bytes | None) -> ElementTree.Element:
    """The root element of a body. Raises NotXmlError."""
    if not data:
        raise NotXmlError("the body is empty" if data is not None else "the body was too long to keep")
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotXmlError(f"not well-formed XML: {error}") from None


def texts(top: ElementTree.Element, path: str) -> tuple[str, ...]:
    """The texts at a path, in document order. The root's name comes first in the path.

    `@Name` at the end reads an attribute, `*` at the end lists the names of the children. `Blob[Name=a/b]`
    is only those elements whose child `Name` says so.
    """
    first, *rest = _SEGMENT.findall(path)
    found = [top] if top.tag == first else []
    for position, name in enumerate(rest):
        last = position == len(rest) - 1
        if last and name.startswith("@"):
            return tuple(one.attrib[name[1:]] for one in found if name[1:] in one.attrib)
        if last and name == "*":
            return tuple(child.tag for one in found for child in one)
        tag, _, said = name.removesuffix("]").partition("[") if name.endswith("]") else (name, "", "")
        key, _, wanted = said.partition("=")
        found = [
            child
            for one in found
            for child in one
            if child.tag == tag and (not key or child.findtext(key) == wanted)
        ]
    return tuple(one.text or "" for one in found)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an XML error body says."""

    code: str | None
    message: str | None


def error_body(data: bytes | None) -> ErrorBody:
    """The `Error` of a body. Raises NotXmlError."""
    top = root(data)
    if top.tag != "Error":
        raise NotXmlError(f"the root element is {top.tag}, not Error")
    return ErrorBody(top.findtext("Code"), top.findtext("Message"))


def error_code(response: Response) -> str | None:
    """The error code of a response: of the header, else of the body."""
    if said := header(response.headers, "x-ms-error-code"):
        return said
    try:
        return error_body(response.body.data).code
    except NotXmlError:
        return None
