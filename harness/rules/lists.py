"""Wire rules for XML answers: lists of blobs, containers and blocks."""

from __future__ import annotations

import itertools
from urllib.parse import unquote
from xml.etree import ElementTree

from harness.judge.xml import NotXmlError
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_ROOTS = {
    "List Blobs": "EnumerationResults",
    "List Containers": "EnumerationResults",
    "Get Block List": "BlockList",
    "Get User Delegation Key": "UserDelegationKey",
}
_LISTS = frozenset({"List Blobs", "List Containers"})
_ECHOED = {"prefix": "Prefix", "marker": "Marker", "maxresults": "MaxResults", "delimiter": "Delimiter"}


def _answers_xml(view: View) -> bool:
    return view.status == 200 and view.who.operation in _ROOTS


def _is_list(view: View) -> bool:
    return view.status == 200 and view.who.operation in _LISTS


def _bad_root(view: View) -> Broken | None:
    wanted = f"well-formed XML with root {_ROOTS[view.who.operation]}"
    if isinstance(view.xml, NotXmlError):
        return Broken(wanted, str(view.xml))
    return None if view.xml.tag == _ROOTS[view.who.operation] else Broken(wanted, f"root {view.xml.tag}")


def _bad_type(view: View) -> Broken | None:
    said = view.get("Content-Type")
    kind = (said or "").partition(";")[0].strip().lower()
    return None if kind == "application/xml" else Broken("application/xml", said or "absent")


def _no_bom(view: View) -> Broken | None:
    data = view.response.body.data or b""
    return None if data.startswith(b"\xef\xbb\xbf") else Broken("EF BB BF", data[:3].hex(" ").upper())


def _no_marker(view: View) -> Broken | None:
    found = view.xml.findall("NextMarker") if isinstance(view.xml, ElementTree.Element) else []
    return None if len(found) == 1 else Broken("one NextMarker, empty at the end", f"{len(found)} of them")


def _too_many(view: View) -> Broken | None:
    most, got = int(view.who.query["maxresults"]), len(_names(view))
    return None if got <= most else Broken(f"at most {most} entries", str(got))


def _not_echoed(view: View) -> Broken | None:
    assert isinstance(view.xml, ElementTree.Element)
    for name, element in _ECHOED.items():
        asked, said = view.who.query.get(name), view.xml.findtext(element)
        if asked and said is None:
            return Broken(f"{element} {asked}", "absent")
        if asked is None and said:
            return Broken(f"no {element}", said)
    return None


def _names(view: View) -> list[str]:
    """The names of the entries, prefixes among them, in document order."""
    if not isinstance(view.xml, ElementTree.Element):
        return []
    top = view.xml.find("Blobs" if view.who.operation == "List Blobs" else "Containers")
    names = []
    for entry in top if top is not None else ():
        name = entry.find("Name")
        if name is not None:
            text = name.text or ""
            names.append(unquote(text) if name.get("Encoded") == "true" else text)
    return names


def _unordered(view: View) -> Broken | None:
    names = _names(view)
    for before, after in itertools.pairwise(names):
        if after < before:
            return Broken("names in ascending order", f"{after!r} after {before!r}")
    return None


def _well_formed_list(view: View) -> bool:
    return _is_list(view) and view.may_be_xml


def _orderable(view: View) -> bool:
    """Names beyond the basic plane are left out: how the service orders them is not measured."""
    return _well_formed_list(view) and all(
        character < "\ud800" for name in _names(view) for character in name
    )


RULES = (
    Rule(
        "xml-root",
        Level.REQUIRED,
        "A list is well-formed XML with the root element of its kind.",
        ("reference/1.6",),
        ("wire.xml-document",),
        _answers_xml,
        _bad_root,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "xml-type",
        Level.EXPECTED,
        "A list is application/xml.",
        ("reference/1.0",),
        ("wire.xml-type",),
        _answers_xml,
        _bad_type,
    ),
    Rule(
        "list-bom",
        Level.EXPECTED,
        "Lists begin with a UTF-8 byte-order mark.",
        ("reference/1.0",),
        ("wire.byte-order-mark",),
        _answers_xml,
        _no_bom,
        frozenset({Fact.BYTES}),
    ),
    Rule(
        "next-marker",
        Level.REQUIRED,
        "A list has one NextMarker, empty at the end.",
        ("reference/1.6",),
        ("wire.next-marker",),
        _well_formed_list,
        _no_marker,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "max-results",
        Level.REQUIRED,
        "A page holds no more entries than maxresults asks for.",
        ("reference/1.6",),
        ("wire.max-results",),
        lambda view: _well_formed_list(view) and view.who.query.get("maxresults", "").isdecimal(),
        _too_many,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "list-echo",
        Level.EXPECTED,
        "A list repeats prefix, marker, maxresults and delimiter, each only if it was asked with it.",
        ("reference/1.6",),
        ("wire.list-echo",),
        _well_formed_list,
        _not_echoed,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "list-order",
        Level.EXPECTED,
        "Entries come in ascending order of their names, blobs and prefixes in one sequence.",
        ("reference/1.6",),
        ("list-blobs.order",),
        _orderable,
        _unordered,
        frozenset({Fact.BODY}),
    ),
)
