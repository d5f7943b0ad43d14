"""Wire rules for the other XML answers: block lists, delegation keys, access policies, tags."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from datetime import datetime
from xml.etree import ElementTree

from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TICKS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
_PARTS = {
    "committed": {"CommittedBlocks"},
    "uncommitted": {"UncommittedBlocks"},
    "all": {"CommittedBlocks", "UncommittedBlocks"},
}


def _answers(view: View, operation: str) -> bool:
    return view.status == 200 and view.who.operation == operation and not view.bodyless and view.may_be_xml


def _root(view: View) -> ElementTree.Element:
    assert isinstance(view.xml, ElementTree.Element)
    return view.xml


def _is_block_list(view: View) -> bool:
    return _answers(view, "Get Block List")


def _other_parts(view: View) -> Broken | None:
    wanted = _PARTS[_kind(view)]
    found = {child.tag for child in _root(view)}
    if found == wanted:
        return None
    return Broken(" and ".join(sorted(wanted)), " and ".join(sorted(found)) or "neither")


def _kind(view: View) -> str:
    return view.who.query.get("blocklisttype", "").lower() or "committed"


def _bad_blocks(view: View) -> Broken | None:
    for block in _root(view).iter("Block"):
        name, size = block.findtext("Name") or "", block.findtext("Size") or ""
        try:
            base64.b64decode(name, validate=True)
        except (binascii.Error, ValueError):
            return Broken("Name: base64", name)
        if not size.isdecimal():
            return Broken("Size: a number", size or "empty")
    return None


def _other_length(view: View) -> Broken | None:
    said = view.get("x-ms-blob-content-length") or ""
    if not said.isdecimal():
        return Broken("x-ms-blob-content-length: a number", said or "empty")
    sizes = [int(size) for size in _sizes(view)]
    # A blob that was written whole has no blocks.
    if sizes and sum(sizes) != int(said):
        return Broken(f"x-ms-blob-content-length {sum(sizes)}, the sum of the committed blocks", said)
    return None


def _sizes(view: View) -> list[str]:
    found = [block.findtext("Size") or "" for block in _root(view).findall("CommittedBlocks/Block")]
    return [size for size in found if size.isdecimal()]


def _half_validated(view: View) -> Broken | None:
    wanted = ("ETag", "Last-Modified", "x-ms-blob-content-length")
    found = [name for name in wanted if view.get(name) is not None]
    if len(found) in (0, 3):
        return None
    return Broken(f"{', '.join(wanted)}, or none of them", ", ".join(found))


def _unsorted(view: View) -> Broken | None:
    names = [name.text or "" for name in _root(view).findall("UncommittedBlocks/Block/Name")]
    for before, after in itertools.pairwise(names):
        if after < before:
            return Broken("staged blocks by their IDs", f"{after} after {before}")
    return None


def _bad_key(view: View) -> Broken | None:
    for name in ("SignedStart", "SignedExpiry"):
        said = _root(view).findtext(name) or ""
        if not _TO_THE_SECOND.fullmatch(said):
            return Broken(f"{name}: YYYY-MM-DDThh:mm:ssZ", said or "absent")
    service = _root(view).findtext("SignedService")
    return None if service == "b" else Broken("SignedService: b", service or "absent")


def _bad_value(view: View) -> Broken | None:
    try:
        length = len(base64.b64decode(_root(view).findtext("Value") or "", validate=True))
    except (binascii.Error, ValueError):
        return Broken("Value: base64 of 32 bytes", "no base64")
    return None if length == 32 else Broken("Value: base64 of 32 bytes", f"of {length} bytes")


def _other_times(view: View) -> Broken | None:
    try:
        sent = ElementTree.fromstring(view.exchange.request.body.data or b"")  # noqa: S314 - expat is bounded
    except ElementTree.ParseError:
        return None
    for asked, name in (("Start", "SignedStart"), ("Expiry", "SignedExpiry")):
        wanted, said = _moment(sent.findtext(asked)), _moment(_root(view).findtext(name))
        if wanted is not None and said is not None and wanted != said:
            return Broken(f"{name} {sent.findtext(asked)}", _root(view).findtext(name) or "absent")
    return None


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat((text or "").replace("Z", "+00:00")).replace(microsecond=0)
    except ValueError:
        return None


def _bad_policy(view: View) -> Broken | None:
    identifiers = _root(view).findall("SignedIdentifier")
    if len(identifiers) > 5:
        return Broken("five policies at most", str(len(identifiers)))
    for one in identifiers:
        for name in ("Start", "Expiry"):
            said = one.findtext(f"AccessPolicy/{name}")
            if said and not _TICKS.fullmatch(said):
                return Broken(f"{name}: UTC with seven digits of a second", said)
    return None


def _bad_tags(view: View) -> Broken | None:
    keys = [key.text or "" for key in _root(view).findall("TagSet/Tag/Key")]
    if len(keys) > 10:
        return Broken("ten tags at most", str(len(keys)))
    twice = next((key for key in keys if keys.count(key) > 1), None)
    return None if twice is None else Broken("each key once", f"{twice} twice")


_R, _E = Level.REQUIRED, Level.EXPECTED
_BODY = frozenset({Fact.BODY})

RULES = (
    Rule("block-list-parts", _E, "A block list has the parts that blocklisttype asks for, and no others.",
         ("reference/1.4",), ("get-block-list.types", "get-block-list.default"),
         lambda view: _is_block_list(view) and _kind(view) in _PARTS, _other_parts, _BODY),
    Rule("block-list-blocks", _R, "Each block in a list has a base64 name and a size in bytes.",
         ("reference/1.4",), ("wire.block-list-blocks",), _is_block_list, _bad_blocks, _BODY),
    Rule("block-list-length", _R, "The length beside a block list is the sum of its committed blocks.",
         ("reference/1.1", "recorded/A9"), ("get-block-list.headers",),
         lambda view: _is_block_list(view) and view.get("x-ms-blob-content-length") is not None,
         _other_length, _BODY),
    Rule("block-list-validators", _R, "A block list has ETag, Last-Modified and length when there is a blob.",
         ("reference/1.1", "recorded/A10"), ("get-block-list.headers", "get-block-list.uncommitted-only"),
         _is_block_list, _half_validated),
    Rule("block-list-sorted", _E, "Staged blocks are listed by their IDs.", ("reference/1.4",),
         ("get-block-list.sorted",), _is_block_list, _unsorted, _BODY),
    Rule("delegation-key", _R, "A delegation key is for service b, and its times are UTC to the second.",
         ("reference/1.1",), ("get-user-delegation-key.answers", "get-user-delegation-key.times"),
         lambda view: _answers(view, "Get User Delegation Key"), _bad_key, _BODY),
    Rule("delegation-key-value", _R, "A delegation key has 32 bytes, in base64.", ("reference/1.1",),
         ("get-user-delegation-key.answers",),
         lambda view: _answers(view, "Get User Delegation Key"), _bad_value, _BODY),
    Rule("delegation-key-times", _E, "A delegation key has the start and expiry that were asked for.",
         ("reference/1.1",), ("get-user-delegation-key.times",),
         lambda view: _answers(view, "Get User Delegation Key"), _other_times,
         frozenset({Fact.BODY, Fact.REQUEST_BODY})),
    Rule("access-policies", _E,
         "There are five access policies at most, with times to seven digits of a second.",
         ("reference/1.1",), ("get-container-acl.times",),
         lambda view: _answers(view, "Get Container ACL"), _bad_policy, _BODY),
    Rule("tag-set", _E, "A blob has ten tags at most, each key once.", ("reference/1.1",),
         ("wire.tag-set",), lambda view: _answers(view, "Get Blob Tags"), _bad_tags, _BODY),
)  # fmt: skip
