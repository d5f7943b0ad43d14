"""Staging blocks and committing them."""

from __future__ import annotations

import binascii
import functools
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from xml.etree import ElementTree

from harness.cases.case import BlockListXml, Recipe, Text, Xml
from harness.cases.template import Placeholder
from harness.cases.template import parts as template_parts
from harness.golden.contract import properties
from harness.golden.contract.answer import EXPECTED, Answer, Refusal, done, nothing, refused
from harness.golden.contract.content import Content, joined, pieces
from harness.golden.contract.gate import Checks, Stage
from harness.golden.contract.request import Asked, counted
from harness.golden.contract.state import UNKNOWN, Blob, Block, Unknown, Version, whole
from harness.golden.contract.text import canonical, literal
from harness.golden.contract.writes import EXISTS, body, hashes, replaced, whole_write

_LONGEST = 64  # bytes of a block id
_MOST = 50_000  # entries of a list
Entry = tuple[str, str]
"""Latest, Committed or Uncommitted, and a block id."""


def put_block(stage: Stage) -> Answer:
    """Put Block."""
    checks, content = Checks(), body(stage.asked)
    if content == ():
        checks.add(Refusal((400,), (), EXPECTED))
    hashes(stage.asked, content, checks)
    return stage_block(stage, content, checks)


def stage_block(stage: Stage, content: Content | Unknown, checks: Checks) -> Answer:
    """A block is kept until it is committed."""
    asked, blob = stage.asked, stage.blob
    if (answer := stage.container()) is not None:
        return answer
    block_id = asked.query.get("blockid") or ""
    _id_is_good(block_id, blob, checks)
    other_type = refused(409, "InvalidBlobType", level=EXPECTED)
    if blob.lost:
        checks.maybe.append(other_type)
    elif blob.current is not None and blob.current.kind != "BlockBlob":
        checks.add(other_type)
    stage.archived(checks)
    stage.lock(checks, level=EXPECTED)
    if (answer := stage.decide(checks, done(201))) is not None:
        return answer
    staged = {**blob.staged, block_id: Block(block_id, content)}
    stage.put(replace(blob, staged=MappingProxyType(staged)))
    return done(201)


def _id_is_good(block_id: str, blob: Blob, checks: Checks) -> None:
    if not block_id:
        checks.add(Refusal((400,), (), EXPECTED))
        return
    size = _id_length(block_id)
    if size == 0 or (size or 0) > _LONGEST:
        checks.add(Refusal((400,), (), EXPECTED))
    sizes = {_id_length(other) for other in blob.staged} - {None}
    if size and sizes and sizes != {size}:
        checks.add(Refusal((400,), ("InvalidBlobOrBlock",), EXPECTED))


@functools.lru_cache(maxsize=4096)
def _id_length(block_id: str) -> int | None:
    """Bytes of an id; 0 for what is none, None where that depends on values."""
    found = [part for part in template_parts(block_id) if part != ""]
    if len(found) == 1 and isinstance(found[0], Placeholder) and found[0].name == "block":
        size = found[0].argument.partition("/")[2]
        return int(size) if size.isdecimal() else None
    if len(found) == 1 and isinstance(found[0], Placeholder) and found[0].name == "id":
        return len("block-00000000")
    text = literal(block_id)
    if text is None:
        return None
    try:
        return len(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return 0


# --- commits ---


def put_block_list(stage: Stage) -> Answer:
    """Put Block List."""
    asked, old = stage.asked, stage.blob
    if (answer := stage.container()) is not None:
        return answer
    checks = Checks()
    entries = _entries(asked.body, checks)
    whole_write(asked, checks)
    _list_hashes(asked, checks)
    stage.archived(checks)
    stage.before_writing(checks, EXISTS)
    if old.current is not None and old.current.kind != "BlockBlob":
        checks.add(refused(409, "InvalidBlobType", level=EXPECTED))
    found = None if entries is None or old.lost else _found(entries, old, checks)
    success = done(201, shows=(asked.index, asked.round))
    if found is None and not checks.sure:
        stage.lose()
        return nothing(f"which blocks {asked.name} finds is not known")
    if (answer := stage.decide(checks, success)) is not None or found is None:
        return answer or success
    stage.replace(replaced(old, _committed(asked, found), asked, {block.id for block in found}))
    return success


def _list_hashes(asked: Asked, checks: Checks) -> None:
    """The hashes of the list itself. Ids that are made up at the replay make another list, so: who knows."""
    body = asked.body
    if not isinstance(body, BlockListXml):
        hashes(asked, pieces(body), checks)
        return
    ids = [literal(entry.block) for entry in body.entries]
    if None in ids or any(entry.count > 1 for entry in body.entries):
        hashes(asked, (body,), checks)
        return
    entries = "".join(f"<{entry.which}>{entry.block}</{entry.which}>" for entry in body.entries)
    hashes(asked, pieces(Text(f"{body.opening}{entries}{body.closing}")), checks)


def _committed(asked: Asked, blocks: tuple[Block, ...]) -> Version:
    known = [block.content for block in blocks if block.content is not UNKNOWN]
    content = joined(known) if len(known) == len(blocks) else UNKNOWN
    return Version(
        state=(asked.index, asked.round),
        kind="BlockBlob",
        content=content,
        size=UNKNOWN if content is UNKNOWN else whole(content),
        properties=MappingProxyType(properties.of_commit(asked)),
        metadata=properties.metadata(asked),
        blocks=blocks,
    )


def _found(entries: tuple[Entry, ...], old: Blob, checks: Checks) -> tuple[Block, ...] | None:
    """The blocks that a list names; None where that is not known. Adds the refusal of unknown ones."""
    blocks = old.current.blocks if old.current is not None else ()
    committed: Mapping[str, Block] | None = None
    if blocks is not UNKNOWN:
        committed = {block.id: block for block in blocks}
    if len(entries) > _MOST:
        checks.add(Refusal((400, 409), ("BlockListTooLong", "BlockCountExceedsLimit"), EXPECTED))
        return ()
    if {one for which, one in entries if which == "Committed"} & {
        one for which, one in entries if which == "Uncommitted"
    }:
        return None  # documented as refused, never recorded
    out: list[Block] = []
    for which, block_id in entries:
        staged = old.staged.get(block_id) if which != "Committed" else None
        if staged is not None:
            out.append(staged)
        elif which == "Uncommitted" or (committed is not None and block_id not in committed):
            elsewhere = block_id in old.dropped or block_id in old.staged or block_id in (committed or ())
            checks.add(refused(400, "InvalidBlockList", level=EXPECTED if elsewhere else None))
            return ()
        elif committed is None:
            return None
        else:
            out.append(committed[block_id])
    return tuple(out)


def _entries(body: Recipe | None, checks: Checks) -> tuple[Entry, ...] | None:
    """What a list names; None where it cannot be told."""
    if isinstance(body, BlockListXml):
        return tuple(_listed(body))
    text = literal(body.text) if isinstance(body, Text | Xml) else None
    if text is None:
        return None
    try:
        top = ElementTree.fromstring(text.strip().removeprefix("\ufeff").encode())  # noqa: S314 - bounded by expat
    except ElementTree.ParseError:
        checks.add(refused(400, "InvalidXmlDocument", "InvalidInput", level=EXPECTED))
        return None
    if top.tag != "BlockList" or any(one.tag not in ("Latest", "Committed", "Uncommitted") for one in top):
        return None
    return tuple((one.tag, (one.text or "").strip().replace("{", "{{").replace("}", "}}")) for one in top)


def _listed(body: BlockListXml) -> Iterator[Entry]:
    for entry in body.entries:
        for number in range(entry.count):
            block = counted(entry.block, number) if entry.count > 1 else entry.block
            yield entry.which, canonical(block)
