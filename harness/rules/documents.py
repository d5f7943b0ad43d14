"""Wire rules for every XML answer: root, type, declaration, elements and their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from harness.judge.xml import NotXmlError
from harness.rules.elements import SHAPES, Shape
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import XML_ROOTS
from harness.vocabulary import Level

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb'(\xef\xbb\xbf)?<\?xml version="1\.0" encoding="utf-8"\?>')


def _answers_xml(view: View) -> bool:
    return view.status == 200 and view.who.operation in XML_ROOTS and not view.bodyless


def _is_readable(view: View) -> bool:
    return _answers_xml(view) and view.may_be_xml


def _bad_root(view: View) -> Broken | None:
    wanted = f"well-formed XML with root {XML_ROOTS[view.who.operation]}"
    if isinstance(view.xml, NotXmlError):
        return Broken(wanted, str(view.xml))
    return None if view.xml.tag == XML_ROOTS[view.who.operation] else Broken(wanted, f"root {view.xml.tag}")


def _bad_type(view: View) -> Broken | None:
    said = view.get("Content-Type")
    kind = (said or "").partition(";")[0].strip().lower()
    return None if kind == "application/xml" else Broken("application/xml", said or "absent")


def _no_bom(view: View) -> Broken | None:
    data = view.response.body.data or b""
    return None if data.startswith(_BOM) else Broken("EF BB BF", data[:3].hex(" ").upper())


def _no_declaration(view: View) -> Broken | None:
    data = view.response.body.data or b""
    if _DECLARATION.match(data):
        return None
    return Broken('<?xml version="1.0" encoding="utf-8"?>', data[:60].decode("utf-8", "replace"))


def _shaped(view: View) -> Iterator[tuple[str, Shape, list[str]]]:
    """Every element whose children are known, with the names of those it has."""
    if not isinstance(view.xml, ElementTree.Element):
        return
    for path, shape in SHAPES.get(view.who.operation, {}).items():
        first, _, rest = path.partition("/")
        found = [view.xml] if view.xml.tag == first else []
        for element in [one for top in found for one in top.findall(rest)] if rest else found:
            yield path, shape, [child.tag for child in element]


def _incomplete(view: View) -> Broken | None:
    for path, shape, names in _shaped(view):
        wanted = [name for name in shape.order if name in shape.must]
        if missing := [name for name in wanted if name not in names]:
            return Broken(f"{path} with {', '.join(wanted)}", f"no {missing[0]}")
    return None


def _disordered(view: View) -> Broken | None:
    for path, shape, names in _shaped(view):
        known = [name for name in names if name in shape.order]
        wanted = sorted(set(known), key=shape.order.index)
        if known != wanted:
            return Broken(f"{path}: {', '.join(wanted)}", ", ".join(known))
    return None


def _has_shapes(view: View) -> bool:
    return _is_readable(view) and view.who.operation in SHAPES


RULES = (
    Rule(
        "xml-root",
        Level.REQUIRED,
        "An XML answer is well-formed and has the root element of its kind.",
        ("reference/1.6",),
        ("wire.xml-document",),
        _answers_xml,
        _bad_root,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "xml-type",
        Level.EXPECTED,
        "An XML answer is application/xml.",
        ("reference/1.0",),
        ("wire.xml-type",),
        _answers_xml,
        _bad_type,
    ),
    Rule(
        "list-bom",
        Level.EXPECTED,
        "XML answers begin with a UTF-8 byte-order mark.",
        ("reference/1.0",),
        ("wire.byte-order-mark",),
        _answers_xml,
        _no_bom,
        frozenset({Fact.BYTES}),
    ),
    Rule(
        "xml-declaration",
        Level.EXPECTED,
        "XML answers declare version 1.0 and utf-8.",
        ("reference/1.0",),
        ("wire.xml-declaration",),
        _is_readable,
        _no_declaration,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "xml-elements",
        Level.REQUIRED,
        "An XML answer has the elements that its readers cannot do without.",
        ("reference/1.1", "reference/1.6", "azcopy/3.7"),
        (
            "wire.xml-elements",
            "list-blobs.document",
            "list-containers.document",
            "get-user-delegation-key.answers",
            "get-blob-service-properties.document",
            "get-blob-service-properties.nested",
        ),
        _has_shapes,
        _incomplete,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "xml-order",
        Level.EXPECTED,
        "The elements of an XML answer come in Azure's order, each once.",
        ("reference/1.1", "reference/1.6"),
        (
            "list-blobs.document",
            "list-blobs.entry-order",
            "list-blobs.property-order",
            "list-containers.document",
            "list-containers.property-order",
            "get-blob-service-properties.nested",
        ),
        _has_shapes,
        _disordered,
        frozenset({Fact.BODY}),
    ),
)
