"""Put Blob From URL, Put Block From URL, Append Block From URL, Copy Blob and its synchronous sister."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.cases.case import Graded, Matcher, OneOf
from harness.golden.contract import properties
from harness.golden.contract.answer import (
    EXPECTED,
    Answer,
    Refusal,
    done,
    exactly,
    nothing,
    refused,
    weakened,
)
from harness.golden.contract.blocks import stage_block
from harness.golden.contract.conditions import GO, Verdict, asking, writing
from harness.golden.contract.content import Content, crc64, md5, md5_of, part, pieces
from harness.golden.contract.gate import Checks, Stage
from harness.golden.contract.ranges import Range, UnclearRangeError
from harness.golden.contract.request import Asked
from harness.golden.contract.sources import Source, source_of
from harness.golden.contract.state import UNKNOWN, Blob, Copied, Said, Unknown, Version
from harness.golden.contract.text import literal, symbol
from harness.golden.contract.writes import EXISTS, append, replaced, whole_write

_TOKENS_SINCE = "2020-10-02"
_OTHER_KIND = "what a copy of an append or page blob is was never recorded"
_UNREAD = Refusal((401, 403, 404, 409), ("CannotVerifyCopySource",), EXPECTED)
_HASHES = (
    ("x-ms-source-content-md5", md5, "Md5Mismatch"),
    ("x-ms-source-content-crc64", crc64, "Crc64Mismatch"),
)
_MISSING = Refusal((404,), ("BlobNotFound", "CannotVerifyCopySource"), None, EXPECTED)
_NO_CONTAINER = Refusal(
    (404,), ("BlobNotFound", "CannotVerifyCopySource", "ContainerNotFound"), None, EXPECTED
)


@dataclass(frozen=True, slots=True)
class Found:
    """The source of a copy, as it is."""

    version: Version
    blob: Blob


def _find(stage: Stage, checks: Checks, *, rights: bool) -> tuple[Found | None, str | None]:
    """The source, or why it is not known. `rights`: the caller's own open a source of this account."""
    source = source_of(stage.asked)
    if source is None or source.place is None or source.other:
        return None, "the copy source is not one of the blobs of this spec"
    if not _token_counts(stage.asked, source):
        return None, "whether versions before 2020-10-02 take a token for the source is not known"
    container = stage.world.container(source.place[0])
    if container.exists is UNKNOWN or container.public is not False:
        return None, "whether the container of the copy source exists, and for whom, is not known"
    if source.forged or not (source.authorised or rights):
        checks.add(_UNREAD)
        return None, None
    if not container.exists:
        checks.add(_NO_CONTAINER)
        return None, None
    blob = stage.world.blob(*source.place)
    if blob.lost:
        return None, "nothing is known of the copy source at this moment"
    version, why = _state(stage, source, blob)
    if why is None and version is None:
        checks.add(replace(_MISSING, level=EXPECTED) if blob.staged else _MISSING)
    if why is not None or version is None:
        return None, why
    tier = blob.tier
    if tier == "Archive" or tier is UNKNOWN:
        return None, "whether an archived source is copied was never recorded"
    return Found(version, blob), None


def _token_counts(asked: Asked, source: Source) -> bool:
    if asked.said("x-ms-copy-source-authorization") is None or source.forged:
        return True
    return not asked.version or asked.version >= _TOKENS_SINCE


def _state(stage: Stage, source: Source, blob: Blob) -> tuple[Version | None, str | None]:
    if source.snapshot is None:
        return blob.current, None
    bound = stage.world.symbols.get(symbol(source.snapshot) or "")
    if bound is None or bound.kind != "snapshot":
        return None, f"{source.snapshot} is no snapshot that is known"
    return next((one.version for one in blob.snapshots if one.by == bound.of), None), None


def _source_conditions(stage: Stage, found: Found, kind: str) -> Verdict:
    """`kind`: "copy", "url", or "sync", for which both codes are right."""
    wish = asking(stage.asked, "x-ms-source-")
    if wish.none:
        return GO

    def unmet(condition: str) -> Refusal:
        if kind == "copy":
            return Refusal((412,), ("SourceConditionNotMet",), None, EXPECTED)
        statuses = (412,) if condition in ("match", "unmodified") else (304,)
        if kind == "url":
            return Refusal(statuses, ("CannotVerifyCopySource",), EXPECTED)
        return Refusal((*statuses, 412), ("CannotVerifyCopySource", "SourceConditionNotMet"), EXPECTED)

    return writing(wish, found.version.state, stage.world, unmet, unmet("none-match"))


def _source_hash(asked: Asked, content: Content | Unknown, checks: Checks) -> None:
    for header, computing, code in _HASHES:
        claimed = asked.said(header)
        if claimed is None:
            continue
        computed = None if content is UNKNOWN else computing(content)
        if computed is None or literal(claimed) is None:
            checks.maybe.append(refused(400, code, level=EXPECTED))
        elif computed != claimed:
            checks.add(refused(400, code, level=EXPECTED))


def _no_body(asked: Asked, checks: Checks) -> None:
    """A request with a source has no content of its own."""
    if pieces(asked.body):
        checks.add(Refusal((400,), (), EXPECTED))


def _unclear(stage: Stage, why: str) -> Answer:
    stage.lose()
    return nothing(why)


# --- Put Blob From URL ---


def put_from_url(stage: Stage) -> Answer:
    """Put Blob From URL."""
    asked, checks = stage.asked, Checks()
    if (answer := stage.container()) is not None:
        return answer
    found, why = _find(stage, checks, rights=False)
    if found is not None:
        if found.version.kind != "BlockBlob":
            why = _OTHER_KIND
        checks.take(_source_conditions(stage, found, "url"))
        _source_hash(asked, found.version.content, checks)
    whole_write(asked, checks)
    _no_body(asked, checks)
    stage.before_writing(checks, EXISTS, level=EXPECTED)
    if why is not None and not checks.sure:
        return _unclear(stage, why)
    success = done(201, shows=(asked.index, asked.round))
    if (answer := stage.decide(checks, success)) is not None or found is None:
        return answer or success
    source = found.version
    version = Version(
        state=(asked.index, asked.round),
        kind="BlockBlob",
        content=source.content,
        size=source.size,
        properties=MappingProxyType(_properties_from_url(asked, source)),
        metadata=_metadata_from_url(asked, source),
    )
    stage.replace(_tagged(replaced(stage.blob, version, asked), asked, found))
    if source.content is UNKNOWN:
        return success
    hashed = Graded(md5_of(source.content, stage.payloads), EXPECTED)
    return success.with_headers([("Content-MD5", hashed)])


def _properties_from_url(asked: Asked, source: Version) -> dict[str, Said]:
    left = (asked.said("x-ms-copy-source-blob-properties") or "").lower() == "false"
    out = properties.of_copy(asked, source.properties, keep=left)
    given = asked.said("x-ms-blob-content-md5")
    out["Content-MD5"] = UNKNOWN
    if given is not None:
        out["Content-MD5"] = Graded(properties.equal(given))
    elif source.content is not UNKNOWN and not left:
        stored = source.properties.get("Content-MD5", UNKNOWN)
        if stored is not UNKNOWN and _is_md5(stored.value, source.content):
            out["Content-MD5"] = properties.weaker(stored)
    return out


def _is_md5(said: Matcher, content: Content) -> bool:
    """Whether what is stored is the MD5 of the content, and not what somebody claims it to be."""
    return said == md5_of(content, {}) or said == properties.equal(md5(content) or "-")


def _metadata_from_url(asked: Asked, source: Version) -> properties.Metadata:
    """What becomes of the source's metadata where the request gives none was never recorded."""
    given = properties.metadata(asked)
    return given if given or source.metadata == {} else UNKNOWN


def _tagged(blob: Blob, asked: Asked, found: Found) -> Blob:
    if (asked.said("x-ms-copy-source-tag-option") or "").upper() == "COPY":
        blob = replace(blob, tags=found.blob.tags)
    return replace(blob, soft=found.blob.soft)


# --- blocks ---


def block_from_url(stage: Stage) -> Answer:
    """Put Block From URL."""
    checks = Checks()
    if (answer := stage.container()) is not None:
        return answer
    content, why = _range(stage, checks)
    _no_body(stage.asked, checks)
    if why is not None and not checks.sure:
        return _unclear(stage, why)
    return stage_block(stage, content, checks)


def append_from_url(stage: Stage) -> Answer:
    """Append Block From URL."""
    checks = Checks()
    if (answer := stage.container()) is not None:
        return answer
    content, why = _range(stage, checks)
    if why is not None and not checks.sure:
        return _unclear(stage, why)
    return weakened(append(stage, content, checks))


def _range(stage: Stage, checks: Checks) -> tuple[Content | Unknown, str | None]:
    """The bytes of the source that are asked for, or why they are not known."""
    found, why = _find(stage, checks, rights=False)
    if found is None:
        return UNKNOWN, why
    checks.take(_source_conditions(stage, found, "url"))
    try:
        wanted = _wanted(stage.asked)
    except UnclearRangeError as error:
        return UNKNOWN, str(error)
    content, size = found.version.content, found.version.size
    if wanted is not None:
        if size is UNKNOWN or content is UNKNOWN:
            return UNKNOWN, None
        if wanted.first >= size or (wanted.last or 0) >= size:
            checks.maybe.append(Refusal((400, 409, 416), (), EXPECTED))
            return UNKNOWN, "what a range of a source beyond its end is answered with was never recorded"
        content = part(content, wanted.first, size - 1 if wanted.last is None else wanted.last) or ()
    _source_hash(stage.asked, content, checks)
    return content, None


def _wanted(asked: Asked) -> Range | None:
    said = asked.said("x-ms-source-range")
    if said is None:
        return None
    first, dash, last = said.removeprefix("bytes=").partition("-")
    if (
        not said.startswith("bytes=")
        or not dash
        or not first.isdecimal()
        or not (last.isdecimal() or not last)
    ):
        raise UnclearRangeError(f"what the source range {said} means is not known")
    return Range(int(first), int(last) if last else None)


# --- Copy Blob ---


def copy_blob(stage: Stage) -> Answer:
    """Copy Blob, and Copy Blob From URL, which is done when it is answered."""
    asked, checks = stage.asked, Checks()
    synchronous = asked.operation == "Copy Blob From URL"
    if (answer := stage.container()) is not None:
        return answer
    source = source_of(asked)
    if synchronous and source is not None and not (source.authorised or source.forged):
        return _unclear(
            stage, "whether the caller's rights open the source of a synchronous copy was never recorded"
        )
    found, why = _find(stage, checks, rights=not synchronous)
    if found is not None:
        if synchronous and found.version.kind != "BlockBlob":
            why = _OTHER_KIND
        checks.take(_source_conditions(stage, found, "sync" if synchronous else "copy"))
        _source_hash(asked, found.version.content, checks)
    whole_write(asked, checks)
    codes = ("TargetConditionNotMet", "ConditionNotMet")
    stage.before_writing(checks, EXISTS, codes[::-1] if synchronous else codes)
    if why is not None and not checks.sure:
        return _unclear(stage, why)
    success = done(202)
    if (answer := stage.decide(checks, success)) is not None or found is None:
        return answer or success
    return _copied(stage, found, synchronous=synchronous)


def _copied(stage: Stage, found: Found, *, synchronous: bool) -> Answer:
    asked, source = stage.asked, found.version
    said = source.properties
    if synchronous:
        said = {name: properties.weaker(value) for name, value in said.items()}
    version = replace(
        source,
        state=(asked.index, asked.round),
        properties=said,
        metadata=properties.metadata(asked) or source.metadata,
        blocks=UNKNOWN,
        copied=Copied(asked.index, synchronous),
        settled=synchronous,
        weak=synchronous or bool(asked.metadata),
    )
    blob = _tagged(replaced(stage.blob, version, asked), asked, found)
    stage.replace(blob)
    answer = done(202, shows=version.state if synchronous else None)
    status = exactly("success") if synchronous else Graded(OneOf(("success", "pending")))
    return answer.with_headers([("x-ms-copy-status", status)])
