"""Get Blob, Get Blob Properties and Get Blob Metadata: what reads of a blob say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.cases.case import Absent, Crc64Of, Empty, Equal, Graded, Md5Of
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
from harness.golden.contract.content import part, recipe
from harness.golden.contract.gate import NO_BLOB, Checks, Stage
from harness.golden.contract.ranges import UnclearRangeError, asked_range, hash_refusal, odd, served, too_long
from harness.golden.contract.state import ABSENT, UNKNOWN, Blob, Version
from harness.golden.contract.text import symbol
from harness.golden.contract.writes import seen

Headers = list[tuple[str, Graded[Any]]]
_TIERS_ON_GET = "2026-02-06"


def seen_version(stage: Stage, checks: Checks) -> tuple[Version | None, str | None]:
    """The state that a read is about, and why it is not known where it is not."""
    asked, blob = stage.asked, stage.blob
    if "versionid" in asked.query:
        return None, "versions of blobs are not part of the model"
    named = asked.query.get("snapshot")
    if not named:
        if blob.lost:
            return None, f"nothing is known of {asked.blob} at this moment"
        if blob.current is None:
            checks.add(_missing(stage))
        return blob.current, None
    bound = stage.world.symbols.get(symbol(named) or "")
    if bound is None or bound.kind != "snapshot":
        return None, f"{named} is no snapshot that is known"
    taken = next((one for one in blob.snapshots if one.by == bound.of), None)
    if taken is None:
        checks.add(NO_BLOB)
    return (taken.version if taken else None), None


def _missing(stage: Stage) -> Refusal:
    plain = not any(
        stage.asked.header(f"if-{name}") for name in ("match", "modified-since", "unmodified-since")
    )
    if (stage.asked.header("if-none-match") or "").strip() == "*":
        return Refusal((400, 404), ("UnsatisfiableCondition", "BlobNotFound"), EXPECTED)
    return NO_BLOB if plain else refused(404, "BlobNotFound", level=EXPECTED)


def opened(stage: Stage, bad: Refusal | None = None) -> tuple[Version | None, Answer | None]:
    """The state that a read may see, or the answer that stops it. `bad`: the request is malformed."""
    if (answer := stage.container()) is not None:
        return None, answer
    checks = Checks()
    version, why = seen_version(stage, checks)
    if why is not None:
        return None, nothing(why)
    checks.add(bad)
    if version is not None:
        stage.reading(checks, version)
        if "snapshot" not in stage.asked.query:
            stage.lock(checks, read=True)
    return version, stage.decide_read(checks)


def get_blob(stage: Stage) -> Answer:
    """Get Blob."""
    asked = stage.asked
    try:
        wanted = asked_range(asked)
    except UnclearRangeError as error:
        return nothing(str(error))
    version, answer = opened(stage, hash_refusal(asked, wanted))
    if answer is not None or version is None:
        return answer or nothing("no state of the blob is known")
    tier = tier_of(stage, version)
    if tier == "Archive":
        return refusal([refused(409, "BlobArchived")])
    if tier is UNKNOWN:
        return nothing(f"whether {asked.blob} is archived is not known")
    try:
        size = None if version.size is UNKNOWN else version.size
        if wanted is None:
            return _unframed(stage, _whole(stage, version))
        if size is None:
            return nothing(f"the length of {asked.blob} is not known")
        bounds = served(wanted, size)
        if bounds is not None and (stopped := too_long(asked, *bounds)) is not None:
            return refusal([stopped])
    except UnclearRangeError as error:
        return nothing(str(error))
    if bounds is None:
        return refusal([refused(416, "InvalidRange")]).with_headers(
            [("Content-Range", exactly(f"bytes */{size}"))]
        )
    said = _unframed(stage, _part(stage, version, *bounds))
    both = asked.said("x-ms-range") is not None and asked.said("range") is not None
    return weakened(said) if both else said


def _unframed(stage: Stage, said: Answer) -> Answer:
    """The answer where a structured body is asked for: lengths and checksums stand around the bytes."""
    if stage.asked.header("x-ms-structured-body") is None:
        return said
    framed = ("Content-Length", "Content-MD5")
    expect = replace(
        said.expect,
        headers=tuple(one for one in said.expect.headers if one[0] not in framed),
        body=None,
    )
    why = "a structured body may be refused, and its bytes are not predicted"
    return weakened(replace(said, expect=expect, unknown=(why,)))


def _whole(stage: Stage, version: Version) -> Answer:
    answer = done(200, level=EXPECTED if odd(stage.asked) else None, shows=shown_state(version))
    headers = described(stage, version)
    if version.size is not UNKNOWN:
        headers.append(("Content-Length", exactly(str(version.size))))
    stored = version.properties.get("Content-MD5", UNKNOWN)
    if stored is not UNKNOWN:
        headers.append(("Content-MD5", stored))
    answer = answer.with_headers(headers)
    if version.content is UNKNOWN:
        return replace(answer, unknown=(f"the bytes of {stage.asked.blob} are not known",))
    body = Graded(recipe(version.content, stage.payloads), EXPECTED if odd(stage.asked) else None)
    return replace(answer, expect=replace(answer.expect, body=body))


def _part(stage: Stage, version: Version, first: int, last: int) -> Answer:
    asked = stage.asked
    headers = described(stage, version)
    headers.append(("Content-Length", exactly(str(last - first + 1))))
    headers.append(("Content-Range", exactly(f"bytes {first}-{last}/{version.size}")))
    stored = version.properties.get("Content-MD5", UNKNOWN)
    if stored is not UNKNOWN:
        headers.append(("x-ms-blob-content-md5", Graded(stored.value, EXPECTED)))
    cut = None if version.content is UNKNOWN else part(version.content, first, last)
    answer = done(206, shows=shown_state(version))
    if cut is None:
        why = f"the bytes of {asked.blob} are not known"
        return replace(answer.with_headers(headers), unknown=(why,))
    said = recipe(cut, stage.payloads)
    if not isinstance(said, Empty):
        if (asked.said("x-ms-range-get-content-md5") or "").lower() == "true":
            headers.append(("Content-MD5", Graded(Md5Of(said))))
        if (asked.said("x-ms-range-get-content-crc64") or "").lower() == "true":
            headers.append(("x-ms-content-crc64", Graded(Crc64Of(said), EXPECTED)))
    answer = answer.with_headers(headers)
    return replace(answer, expect=replace(answer.expect, body=Graded(said)))


def get_properties(stage: Stage) -> Answer:
    """Get Blob Properties."""
    version, answer = opened(stage)
    if answer is not None or version is None:
        return answer or nothing("no state of the blob is known")
    headers = described(stage, version)
    if version.size is not UNKNOWN:
        headers.append(("Content-Length", exactly(str(version.size))))
    stored = version.properties.get("Content-MD5", UNKNOWN)
    if stored is not UNKNOWN:
        headers.append(("Content-MD5", stored))
    tier = tier_of(stage, version)
    if isinstance(tier, str):
        sure = tier != "Cold" and "snapshot" not in stage.asked.query
        headers.append(("x-ms-access-tier", exactly(tier, None if sure else EXPECTED)))
        headers.append(("x-ms-access-tier-inferred", Graded(Absent(), EXPECTED)))
    return done(200, shows=shown_state(version)).with_headers(headers)


def get_metadata(stage: Stage) -> Answer:
    """Get Blob Metadata."""
    version, answer = opened(stage)
    if answer is not None or version is None:
        return answer or nothing("no state of the blob is known")
    return done(200, shows=shown_state(version)).with_headers(_metadata(stage.blob, version))


# --- what they say ---


def shown_state(version: Version) -> tuple[int, int] | None:
    """The state whose ETag a read shows; none where the answer to the write did not tell it for good."""
    return version.state if version.settled else None


def tier_of(stage: Stage, version: Version) -> object:
    """The tier of the blob or of the snapshot that is read."""
    if "snapshot" not in stage.asked.query:
        return stage.blob.tier
    return next((one.tier for one in stage.blob.snapshots if one.version is version), UNKNOWN)


def described(stage: Stage, version: Version) -> Headers:
    """The headers that both GET and HEAD have, but for the ETag, the length and the MD5."""
    blob = stage.blob
    out: Headers = [("x-ms-blob-type", exactly(version.kind))]
    before = seen(blob)
    for name, value in version.properties.items():
        if name == "Content-MD5" or value is UNKNOWN:
            continue
        if value is not ABSENT or name.lower() in before:
            out.append((name, value))
    out += _metadata(blob, version)
    if version.sealed:
        out.append(("x-ms-blob-sealed", exactly("true", EXPECTED)))
    if version.kind == "AppendBlob" and version.appends is not UNKNOWN:
        out.append(("x-ms-blob-committed-block-count", exactly(str(version.appends), EXPECTED)))
    out += _copied(stage, version)
    if "snapshot" not in stage.asked.query:
        out += _lease(blob)
    if blob.tags is not UNKNOWN and "snapshot" not in stage.asked.query and blob.tags:
        out.append(("x-ms-tag-count", exactly(str(len(blob.tags)), EXPECTED)))
    return out


def _metadata(blob: Blob, version: Version) -> Headers:
    if version.metadata is UNKNOWN:
        return []
    out: Headers = [
        (f"x-ms-meta-{name}", exactly(value, EXPECTED if version.weak else None))
        for name, value in version.metadata.items()
        if value is not UNKNOWN
    ]
    has = {f"x-ms-meta-{name.lower()}" for name in version.metadata}
    old = {name for name in seen(blob) if name.startswith("x-ms-meta-")}
    out += [(name, Graded(Absent(), EXPECTED)) for name in sorted(old - has)]
    return out


def _copied(stage: Stage, version: Version) -> Headers:
    if version.copied is None:
        if "x-ms-copy-id" not in seen(stage.blob):
            return []
        return [
            ("x-ms-copy-id", Graded(Absent(), EXPECTED)),
            ("x-ms-copy-status", Graded(Absent(), EXPECTED)),
        ]
    out: Headers = []
    level = EXPECTED if version.copied.synchronous else None
    if (said := stage.names.value(version.copied.by, "x-ms-copy-id")) is not None:
        out.append(("x-ms-copy-id", exactly(said, level)))
    # A copy within the account is done by the time that it is asked about: the suites hold it so too.
    return [*out, ("x-ms-copy-status", exactly("success", level))]


def _lease(blob: Blob) -> Headers:
    lease = blob.lease
    if lease.state is UNKNOWN or lease.untouched:
        return []
    out: Headers = [("x-ms-lease-state", Graded(Equal(lease.state)))]
    out.append(
        ("x-ms-lease-status", exactly("locked" if lease.state in ("leased", "breaking") else "unlocked"))
    )
    if lease.state == "leased":
        out.append(("x-ms-lease-duration", exactly("infinite" if lease.infinite else "fixed")))
    return out
