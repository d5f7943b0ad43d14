"""Wire rules for lists of blobs and containers: pages, names, what was asked for."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

from harness.judge.matching import is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_LISTS = frozenset({"List Blobs", "List Containers"})
_ECHOED = {"prefix": "Prefix", "marker": "Marker", "maxresults": "MaxResults", "delimiter": "Delimiter"}
_DATES = (
    "Creation-Time",
    "Last-Modified",
    "Expiry-Time",
    "LastAccessTime",
    "AccessTierChangeTime",
    "CopyCompletionTime",
    "DeletedTime",
)
_STATES = ("Snapshot", "VersionId", "DeletionId", "Deleted", "Version")
_INCLUDED = {
    "Snapshot": ("snapshots",),
    "Metadata": ("metadata",),
    "Deleted": ("deleted", "deletedwithversions"),
    "Tags": ("tags",),
    "Properties/CopyId": ("copy",),
}
"""What stands in an entry only when `include` has one of these."""


def _is_list(view: View) -> bool:
    return view.status == 200 and view.who.operation in _LISTS and not view.bodyless and view.may_be_xml


def _is_blob_list(view: View) -> bool:
    return _is_list(view) and view.who.operation == "List Blobs"


def _entries(view: View) -> Iterator[ElementTree.Element]:
    """Blobs, prefixes and containers, in document order."""
    if isinstance(view.xml, ElementTree.Element):
        top = view.xml.find("Blobs" if view.who.operation == "List Blobs" else "Containers")
        yield from top if top is not None else ()


def _name(entry: ElementTree.Element) -> str | None:
    """The name as it is, however it is written."""
    name = entry.find("Name")
    if name is None:
        return None
    text = name.text or ""
    return unquote(text) if (name.get("Encoded") or "").lower() == "true" else text


def _names(view: View) -> list[str]:
    return [name for entry in _entries(view) if (name := _name(entry)) is not None]


def _no_marker(view: View) -> Broken | None:
    found = view.xml.findall("NextMarker") if isinstance(view.xml, ElementTree.Element) else []
    return None if len(found) == 1 else Broken("one NextMarker, empty at the end", f"{len(found)} of them")


def _too_many(view: View) -> Broken | None:
    most, got = int(view.who.query["maxresults"]), sum(1 for _ in _entries(view))
    return None if got <= most else Broken(f"at most {most} entries", str(got))


def _too_many_at_all(view: View) -> Broken | None:
    got = sum(1 for _ in _entries(view))
    return None if got <= 5000 else Broken("at most 5000 entries", str(got))


def _not_echoed(view: View) -> Broken | None:
    assert isinstance(view.xml, ElementTree.Element)
    for name, element in _ECHOED.items():
        asked, said = view.who.query.get(name), view.xml.findtext(element)
        if asked and said is None:
            return Broken(f"{element} {asked}", "absent")
        if asked is None and said:
            return Broken(f"no {element}", said)
    return None


def _other_echo(view: View) -> Broken | None:
    assert isinstance(view.xml, ElementTree.Element)
    for name in ("prefix", "delimiter"):
        asked, element = view.who.query.get(name), view.xml.find(_ECHOED[name])
        if asked is not None and element is not None and element.get("Encoded") is None:
            said = element.text or ""
            # XML reads a carriage return as a line break, unless it is written as a reference.
            if said not in (asked, asked.replace("\r\n", "\n").replace("\r", "\n")):
                return Broken(f"{_ECHOED[name]} {asked}", said or "empty")
    return None


def _unordered(view: View) -> Broken | None:
    for before, after in itertools.pairwise(_names(view)):
        if after < before:
            return Broken("names in ascending order", f"{after!r} after {before!r}")
    return None


def _orderable(view: View) -> bool:
    """Names beyond the basic plane are left out: how the service orders them is not measured."""
    return _is_list(view) and all(character < "\ud800" for name in _names(view) for character in name)


def _outside_prefix(view: View) -> Broken | None:
    prefix = view.who.query.get("prefix", "")
    odd = next((name for name in _names(view) if not name.startswith(prefix)), None)
    return None if odd is None else Broken(f"names that begin with {prefix!r}", repr(odd))


def _not_rolled_up(view: View) -> Broken | None:
    prefix, delimiter = view.who.query.get("prefix", ""), view.who.query["delimiter"]
    for entry in _entries(view):
        name = _name(entry) or ""
        rest = name.removeprefix(prefix)
        ends = rest.find(delimiter) == len(rest) - len(delimiter) >= 0
        if entry.tag == "BlobPrefix" and not ends:
            return Broken(f"a prefix up to the first {delimiter!r} after {prefix!r}", repr(name))
        if entry.tag == "Blob" and delimiter in rest:
            return Broken(f"names with {delimiter!r} rolled up", repr(name))
    return None


def _prefix_unasked(view: View) -> Broken | None:
    found = next((_name(entry) for entry in _entries(view) if entry.tag == "BlobPrefix"), None)
    return None if found is None else Broken("no BlobPrefix without a delimiter", repr(found))


def _repeated(view: View) -> Broken | None:
    seen = set()
    for entry in _entries(view):
        kept = (entry.tag, _name(entry), *(entry.findtext(name) for name in _STATES))
        if kept in seen:
            return Broken("each entry once", f"{kept[1]!r} twice")
        seen.add(kept)
    return None


def _unasked(view: View) -> Broken | None:
    asked = {one.strip().lower() for one in view.who.query.get("include", "").split(",")}
    deleted = view.who.query.get("showonly", "").lower() == "deleted"
    for entry in _entries(view):
        for path, words in _INCLUDED.items():
            if entry.find(path) is not None and not asked & set(words) and not deleted:
                return Broken(f"{path} only with include={words[0]}", f"in {_name(entry)!r}")
    return None


def _bad_dates(view: View) -> Broken | None:
    for entry in _entries(view):
        for name in _DATES:
            said = entry.findtext(f"Properties/{name}")
            if said is not None and not is_date(said):
                return Broken(f"{name}: an RFC 1123 date", f"{said or 'empty'} in {_name(entry)!r}")
    return None


def _bad_md5(view: View) -> Broken | None:
    for entry in _entries(view):
        said = entry.findtext("Properties/Content-MD5") or ""
        try:
            base64.b64decode(said, validate=True)
        except (binascii.Error, ValueError):
            return Broken("Content-MD5: base64", f"{said} in {_name(entry)!r}")
    return None


def _bad_quotes(view: View) -> Broken | None:
    quoted = view.who.operation == "List Containers"
    for entry in _entries(view):
        said = entry.findtext("Properties/Etag")
        if said and (said.startswith('"') and said.endswith('"')) is not quoted:
            return Broken(f"Etag {'in' if quoted else 'without'} quotes", f"{said} of {_name(entry)!r}")
    return None


def _bad_length(view: View) -> Broken | None:
    for entry in _entries(view):
        said = entry.findtext("Properties/Content-Length")
        if said is not None and not said.isdecimal():
            return Broken("Content-Length: a number", f"{said or 'empty'} in {_name(entry)!r}")
    return None


_R, _E = Level.REQUIRED, Level.EXPECTED
_BODY = frozenset({Fact.BODY})

RULES = (
    Rule("next-marker", _R, "A list has one NextMarker, empty at the end.", ("reference/1.6",),
         ("wire.next-marker",), _is_list, _no_marker, _BODY),
    Rule("max-results", _R, "A page holds no more entries than maxresults asks for.", ("reference/1.6",),
         ("wire.max-results", "list-blobs.maxresults", "list-containers.maxresults"),
         lambda view: _is_list(view) and view.who.query.get("maxresults", "").isdecimal(), _too_many, _BODY),
    Rule("page-limit", _E, "A page holds at most 5,000 entries, whatever is asked for.", ("reference/1.6",),
         ("list-blobs.maxresults", "list-blobs.default-page"), _is_list, _too_many_at_all, _BODY),
    Rule("list-echo", _E,
         "A list repeats prefix, marker, maxresults and delimiter, each only if it was asked with it.",
         ("reference/1.6",), ("wire.list-echo", "list-blobs.echo"), _is_list, _not_echoed, _BODY),
    Rule("list-echo-text", _E, "The prefix and delimiter that a list repeats are those that were asked for.",
         ("reference/1.6",), ("list-blobs.echo",), _is_list, _other_echo, _BODY),
    Rule("list-order", _E, "Entries come in ascending order of names, blobs and prefixes in one sequence.",
         ("reference/1.6",), ("list-blobs.order", "list-blobs.delimiter", "list-containers.order"),
         _orderable, _unordered, _BODY),
    Rule("list-prefix", _R, "Every name in a list begins with the prefix that was asked for.",
         ("reference/1.6",), ("list-blobs.prefix", "list-containers.entries"),
         lambda view: _is_list(view) and bool(view.who.query.get("prefix")), _outside_prefix, _BODY),
    Rule("list-delimiter", _R,
         "With a delimiter of one character, names are rolled up to prefixes that end with the first one.",
         ("reference/1.6",), ("list-blobs.delimiter", "list-blobs.delimiter-after-prefix"),
         lambda view: _is_blob_list(view) and len(view.who.query.get("delimiter", "")) == 1,
         _not_rolled_up, _BODY),
    Rule("list-flat", _E, "Without a delimiter a list has no prefixes.", ("reference/1.6",),
         ("list-blobs.delimiter", "list-blobs.empty-parameters"),
         lambda view: _is_blob_list(view) and not view.who.query.get("delimiter"), _prefix_unasked, _BODY),
    Rule("list-once", _R, "No entry stands twice on a page.", ("reference/1.6",),
         ("wire.list-once", "list-blobs.overwritten", "list-blobs.delimiter"), _is_list, _repeated, _BODY),
    Rule("list-include", _E,
         "Snapshots, deleted blobs, metadata, tags and copies are listed only when asked for.",
         ("reference/1.6",), ("list-blobs.metadata", "list-blobs.copy", "list-blobs.deleted",
                              "list-containers.metadata"), _is_list, _unasked, _BODY),
    Rule("list-dates", _R, "Dates in a list are RFC 1123 dates.", ("reference/1.6", "azcopy/3.7"),
         ("wire.list-dates", "list-blobs.creation-time"), _is_list, _bad_dates, _BODY),
    Rule("list-md5", _R, "Content-MD5 in a list is base64, or empty.", ("reference/1.6", "azcopy/3.7"),
         ("wire.list-md5",), _is_blob_list, _bad_md5, _BODY),
    Rule("list-length", _R, "Content-Length in a list is a number.", ("reference/1.6", "azcopy/3.7"),
         ("wire.list-length", "list-blobs.properties"), _is_blob_list, _bad_length, _BODY),
    Rule("list-etag", _E, "The Etag of a listed container is in quotes, that of a blob is not.",
         ("reference/1.0", "reference/1.6", "reference/5"),
         ("list-blobs.etag-unquoted", "list-containers.etag-quoted"), _is_list, _bad_quotes, _BODY),
)  # fmt: skip
