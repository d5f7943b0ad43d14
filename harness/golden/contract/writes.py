"""Put Blob and the append operations: content that comes with the request."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Set
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from harness.cases.case import Graded
from harness.golden.contract import properties
from harness.golden.contract.answer import EXPECTED, Answer, Refusal, done, exactly, refused
from harness.golden.contract.content import Content, crc64, joined, length, md5, md5_of, pieces
from harness.golden.contract.gate import Checks, Stage
from harness.golden.contract.request import Asked
from harness.golden.contract.state import UNKNOWN, Blob, Said, Unknown, Version, said, whole
from harness.golden.contract.text import literal

_KINDS: dict[str, Literal["BlockBlob", "AppendBlob", "PageBlob"]] = {
    "BlockBlob": "BlockBlob",
    "AppendBlob": "AppendBlob",
    "PageBlob": "PageBlob",
}
EXISTS = Refusal((409, 412), ("BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"))
"""If-None-Match: * where a blob is, for writes of which no refusal was recorded."""
_SHORT = 1 << 20  # bytes whose MD5 is said as text and not as a recipe


def put_blob(stage: Stage) -> Answer:
    """Put Blob of a block blob, or the creation of an append or page blob."""
    asked = stage.asked
    if (answer := stage.container()) is not None:
        return answer
    kind, checks, content = _KINDS.get(asked.header("x-ms-blob-type") or ""), Checks(), body(asked)
    if asked.header("x-ms-blob-type") is None:
        checks.add(Refusal((400,), ("MissingRequiredHeader",), None, EXPECTED))
    elif kind is None:
        checks.add(refused(400, "InvalidHeaderValue", level=EXPECTED))
    elif kind == "AppendBlob" and content != ():
        checks.add(Refusal((400,), (), EXPECTED))
    elif kind == "BlockBlob":
        hashes(asked, content, checks, own=True)
    whole_write(asked, checks)
    stage.before_writing(checks, refused(409, "BlobAlreadyExists"))
    success = done(201, shows=(asked.index, asked.round))
    if (answer := stage.decide(checks, success)) is not None or kind is None:
        return answer or success
    stage.replace(replaced(stage.blob, _version(asked, kind, content), asked))
    return success


def whole_write(asked: Asked, checks: Checks) -> None:
    """What is checked of every write of a whole blob."""
    if "snapshot" in asked.query:
        checks.add(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    checks.add(properties.bad_metadata(asked))
    checks.add(properties.bad_tier(asked))
    if properties.tags(asked) is UNKNOWN:
        checks.maybe.append(Refusal((400,), (), EXPECTED))
    if asked.header("x-ms-structured-body") is not None:
        checks.maybe.append(Refusal((400, 501), (), EXPECTED))


def _version(
    asked: Asked, kind: Literal["BlockBlob", "AppendBlob", "PageBlob"], content: Content | Unknown
) -> Version:
    given = asked.said("x-ms-blob-content-md5")
    if kind == "BlockBlob":
        md5_said = stored_md5(content, given)
    else:
        md5_said = said(given, EXPECTED) if given and kind == "AppendBlob" else UNKNOWN
    content = UNKNOWN if kind == "PageBlob" else content
    return Version(
        state=(asked.index, asked.round),
        kind=kind,
        content=content,
        size=_stated_size(asked) if content is UNKNOWN else whole(content),
        properties=MappingProxyType({**properties.of_put_blob(asked), "Content-MD5": md5_said}),
        metadata=properties.metadata(asked),
    )


def _stated_size(asked: Asked) -> int | Unknown:
    stated = asked.said("x-ms-structured-content-length") or asked.said("x-ms-blob-content-length") or ""
    return int(stated) if stated.isdecimal() else UNKNOWN


def stored_md5(content: Content | Unknown, given: str | None) -> Said:
    """The MD5 that is kept with a blob that was written whole."""
    if given is not None:
        return said(given)
    if content is UNKNOWN:
        return UNKNOWN
    text = md5(content) if (length(content) or 0) <= _SHORT else None
    return Graded(md5_of(content, {})) if text is None else said(text)


def replaced(old: Blob, version: Version, asked: Asked, used: Set[str] = frozenset()) -> Blob:
    """A blob after a write of the whole: lease and snapshots stay. `used`: the blocks it is made of."""
    committed = old.current.blocks if old.current is not None else ()
    known = {*old.staged, *(block.id for block in (() if committed is UNKNOWN else committed))}
    return Blob(
        current=version,
        snapshots=old.snapshots,
        lease=old.lease,
        tags=properties.tags(asked),
        tier=properties.tier(asked),
        seen=seen(old),
        dropped=(old.dropped | known) - used,
    )


def seen(old: Blob) -> frozenset[str]:
    """What reads of the blob have shown until now."""
    return old.seen | (properties.shown(old.current) if old.current else frozenset())


def body(asked: Asked) -> Content | Unknown:
    """The content that comes with a request; a structured body is not taken apart."""
    return pieces(asked.body) if asked.header("x-ms-structured-body") is None else UNKNOWN


def hashes(asked: Asked, content: Content | Unknown, checks: Checks, *, own: bool = False) -> None:
    """The hashes that a request claims. `own`: x-ms-blob-content-md5 is one of them, and the first."""
    if content is UNKNOWN:
        return
    first = asked.said("x-ms-blob-content-md5") if own else None
    claimed, crc = first or asked.said("content-md5"), asked.said("x-ms-content-crc64")
    if asked.said("content-md5") is not None and crc is not None:
        checks.add(refused(400, "BothCrc64AndMd5HeaderPresent", level=EXPECTED))
        return
    if claimed is not None:
        mismatch = Refusal((400,), ("Md5Mismatch",), EXPECTED if first else None)
        if _decoded(claimed) != 16:
            mismatch = Refusal((400,), ("InvalidMd5", "InvalidHeaderValue", "Md5Mismatch"), EXPECTED)
        _compare(literal(claimed), md5(content), mismatch, checks)
    if crc is not None:
        mismatch = refused(400, "Crc64Mismatch")
        if _decoded(crc) != 8:
            mismatch = Refusal((400,), ("InvalidHeaderValue", "Crc64Mismatch"), EXPECTED)
        _compare(literal(crc), crc64(content), mismatch, checks)


def _decoded(text: str) -> int:
    try:
        return len(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return 0


def _compare(claimed: str | None, computed: str | None, mismatch: Refusal, checks: Checks) -> None:
    if claimed is None or computed is None:
        checks.maybe.append(mismatch)
    elif claimed != computed:
        checks.add(mismatch)


# --- append blobs ---


def append_block(stage: Stage) -> Answer:
    """Append Block."""
    checks, content = Checks(), body(stage.asked)
    hashes(stage.asked, content, checks)
    if content == ():
        checks.add(refused(400, "InvalidHeaderValue", level=EXPECTED))
    return append(stage, content, checks)


def append(stage: Stage, content: Content | Unknown, checks: Checks) -> Answer:
    """Bytes at the end of an append blob."""
    asked, old = stage.asked, stage.current
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    if old is None:
        checks.add(stage.missing())
    else:
        if old.kind != "AppendBlob":
            checks.add(refused(409, "InvalidBlobType", level=EXPECTED))
        elif old.sealed:
            checks.add(refused(409, "BlobIsSealed", level=EXPECTED))
        _positions(asked, old, content, checks)
        _not_too_much(asked, content, checks)
        stage.conditions(checks, EXPECTED)
        stage.lock(checks)
    success = done(201, shows=(asked.index, asked.round))
    if (answer := stage.decide(checks, success)) is not None or old is None:
        return answer or success
    version = _appended(asked, old, content)
    stage.put(replace(stage.blob, current=version))
    if old.size is not UNKNOWN:
        success = success.saying(x_ms_blob_append_offset=exactly(str(old.size)))
    if version.appends is not UNKNOWN:
        success = success.saying(x_ms_blob_committed_block_count=exactly(str(version.appends)))
    return success


def seal(stage: Stage) -> Answer:
    """Append Blob Seal. Whether it makes a new ETag was never recorded."""
    asked, old, checks = stage.asked, stage.current, Checks()
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    if old is None:
        checks.add(stage.missing())
    else:
        if old.kind != "AppendBlob":
            checks.add(refused(409, "InvalidBlobType", level=EXPECTED))
        _positions(asked, old, UNKNOWN, checks)
        stage.conditions(checks, EXPECTED)
        stage.lock(checks, level=EXPECTED)
    success = done(200, level=EXPECTED)
    if (answer := stage.decide(checks, success)) is not None or old is None:
        return answer or success
    stage.put(replace(stage.blob, current=replace(old, state=(asked.index, -1), settled=False, sealed=True)))
    return success


def _not_too_much(asked: Asked, content: Content | Unknown, checks: Checks) -> None:
    """An append has 4 MiB at most, and 100 MiB from 2022-11-02 on."""
    size = 0 if content is UNKNOWN else length(content) or 0
    if size > 100 << 20 or (size > 4 << 20 and "" < asked.version < "2022-11-02"):
        checks.add(refused(413, "RequestBodyTooLarge", level=EXPECTED))
    elif size > 4 << 20 and not asked.version:
        checks.maybe.append(refused(413, "RequestBodyTooLarge", level=EXPECTED))


def _positions(asked: Asked, old: Version, content: Content | Unknown, checks: Checks) -> None:
    position, most = asked.said("x-ms-blob-condition-appendpos"), asked.said("x-ms-blob-condition-maxsize")
    elsewhere = refused(412, "AppendPositionConditionNotMet")
    if position is not None and (old.size is UNKNOWN or not position.isdecimal()):
        checks.maybe.append(elsewhere)
    elif position is not None and int(position) != old.size:
        checks.add(elsewhere)
    too_long = refused(412, "MaxBlobSizeConditionNotMet", level=EXPECTED)
    more = UNKNOWN if content is UNKNOWN else whole(content)
    if most is None:
        return
    if old.size is UNKNOWN or more is UNKNOWN or not most.isdecimal():
        checks.maybe.append(too_long)
    elif old.size + more > int(most):
        checks.add(too_long)


def _appended(asked: Asked, old: Version, content: Content | Unknown) -> Version:
    both: Content | Unknown = UNKNOWN
    if content is not UNKNOWN and old.content is not UNKNOWN:
        both = joined((old.content, content))
    return replace(
        old,
        state=(asked.index, asked.round),
        content=both,
        size=UNKNOWN if both is UNKNOWN else whole(both),
        appends=UNKNOWN if old.appends is UNKNOWN else old.appends + 1,
        properties=MappingProxyType({**old.properties, "Content-MD5": UNKNOWN}),
    )
