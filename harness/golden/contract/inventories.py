"""Get Block List, and Get and Set Blob Tags: what a blob is made of, and how it is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.cases.case import Absent, EqualList, Graded
from harness.golden.contract import properties
from harness.golden.contract.answer import (
    EXPECTED,
    Answer,
    Refusal,
    done,
    exactly,
    nothing,
    refusal,
    refused,
    weakened,
)
from harness.golden.contract.content import length
from harness.golden.contract.gate import NO_BLOB, Checks, Stage
from harness.golden.contract.reads import seen_version, shown_state
from harness.golden.contract.state import UNKNOWN, Block
from harness.golden.contract.text import in_order

_TYPES: dict[str, tuple[str, ...]] = {
    "": ("committed",),
    "committed": ("committed",),
    "uncommitted": ("uncommitted",),
    "all": ("committed", "uncommitted"),
}
_PATHS = {"committed": "BlockList/CommittedBlocks", "uncommitted": "BlockList/UncommittedBlocks"}

Xml = list[tuple[str, Graded[Any]]]


def get_block_list(stage: Stage) -> Answer:
    """Get Block List."""
    asked, blob = stage.asked, stage.blob
    if (answer := stage.container()) is not None:
        return answer
    checks = Checks()
    version, why = seen_version(stage, checks)
    if why is not None:
        return nothing(why)
    if version is None and blob.staged and "snapshot" not in asked.query:
        checks.sure.clear()
    types = _TYPES.get(asked.query.get("blocklisttype", "").lower())
    if types is None:
        checks.add(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    if version is not None and version.kind != "BlockBlob":
        checks.add(Refusal((400, 409), (), EXPECTED))
    stage.lock(checks, read=True)
    stage.archived(checks)
    if (answer := stage.decide_read(checks)) is not None or types is None:
        return answer or nothing("the kind of list is not known")
    lists: dict[str, Sequence[Block] | None] = {"committed": (), "uncommitted": ()}
    if version is not None:
        lists["committed"] = None if version.blocks is UNKNOWN else version.blocks
    if "snapshot" not in asked.query:
        lists["uncommitted"] = tuple(blob.staged.values())
    xml: Xml = [
        ("BlockList/*", Graded(EqualList(tuple(_PATHS[one].partition("/")[2] for one in types)), EXPECTED))
    ]
    for one in types:
        xml += _listed(_PATHS[one], lists[one], ordered=one == "committed")
    answer = done(200, shows=None if version is None else shown_state(version))
    if version is None:
        answer = answer.with_headers([("ETag", Graded(Absent(), EXPECTED))])
    elif version.size is not UNKNOWN:
        answer = answer.saying(x_ms_blob_content_length=exactly(str(version.size), EXPECTED))
    answer = replace(answer, expect=replace(answer.expect, xml=tuple(xml)))
    return weakened(answer) if "snapshot" in asked.query else answer


def _listed(path: str, blocks: Sequence[Block] | None, *, ordered: bool) -> Xml:
    if blocks is None:
        return []
    if not blocks:
        return [(f"{path}/Block", Graded(Absent()))]
    level = None
    if not ordered:
        ids = in_order([block.id for block in blocks])
        if ids is None:
            return []
        by_id = {block.id: block for block in blocks}
        blocks = [by_id[one] for one in ids]
        level = EXPECTED if len(ids) > 1 else None
    out: Xml = [(f"{path}/Block/Name", Graded(EqualList(tuple(block.id for block in blocks)), level))]
    sizes = [None if block.content is UNKNOWN else length(block.content) for block in blocks]
    if None not in sizes:
        out.append((f"{path}/Block/Size", Graded(EqualList(tuple(map(str, sizes))), level)))
    return out


def get_tags(stage: Stage) -> Answer:
    """Get Blob Tags."""
    blob = stage.blob
    if (answer := stage.container()) is not None:
        return answer
    checks = Checks()
    version, why = seen_version(stage, checks)
    if why is not None or "snapshot" in stage.asked.query:
        return nothing(why or "tags of snapshots are not part of the model")
    if version is not None:
        stage.lock(checks, read=True)
        stage.tagged(checks)
    if (answer := stage.decide_read(checks)) is not None:
        return answer
    answer = done(200)
    if blob.tags is UNKNOWN:
        return replace(answer, unknown=(f"the tags of {stage.asked.blob} are not known",))
    xml: Xml = [("Tags/TagSet/Tag", Graded(Absent(), EXPECTED))]
    keys = [key for key, _ in blob.tags]
    if keys and in_order(keys) == keys:
        xml = [
            ("Tags/TagSet/Tag/Key", Graded(EqualList(tuple(keys)))),
            ("Tags/TagSet/Tag/Value", Graded(EqualList(tuple(value for _, value in blob.tags)))),
        ]
    elif keys:
        return replace(answer, unknown=("in which order tags are listed was never recorded",))
    return replace(answer, expect=replace(answer.expect, xml=tuple(xml)))


def set_tags(stage: Stage) -> Answer:
    """Set Blob Tags."""
    asked, blob = stage.asked, stage.blob
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    tags = properties.tags_of_body(asked.body)
    if tags is UNKNOWN:
        stage.put(replace(blob, tags=UNKNOWN))
        return nothing(f"which tags {asked.name} sets is not known")
    if blob.current is None:
        return refusal([NO_BLOB])
    checks = Checks()
    if "snapshot" in asked.query or "versionid" in asked.query:
        return nothing("tags of snapshots and versions are not part of the model")
    if asked.said("x-ms-lease-id") is None and blob.lease.state != "available":
        checks.maybe.append(Refusal((412,), (), EXPECTED))
    else:
        stage.lock(checks, level=EXPECTED)
    stage.tagged(checks)
    if (answer := checks.answer) is not None:
        return answer
    if checks.maybe:
        stage.put(replace(blob, tags=UNKNOWN))
        return nothing(f"whether {asked.name} is done is not sure")
    stage.put(replace(blob, tags=tags))
    return done(204)
