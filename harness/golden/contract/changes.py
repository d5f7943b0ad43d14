"""Set Blob Properties, Metadata and Tier; Delete Blob and Snapshot Blob."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from harness.golden.contract import properties
from harness.golden.contract.answer import EXPECTED, Answer, Refusal, done, nothing, refusal, refused
from harness.golden.contract.gate import NO_BLOB, Checks, Stage
from harness.golden.contract.state import NOTHING, UNKNOWN, Snapshot, Version
from harness.golden.contract.text import symbol
from harness.golden.contract.writes import seen


def _changing(stage: Stage, checks: Checks) -> Answer | None:
    """What every change of an existing blob meets first."""
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    if "snapshot" in stage.asked.query:
        checks.add(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    stage.archived(checks)
    stage.on_existing(checks)
    return None


def _changed(stage: Stage, version: Version) -> None:
    stage.put(replace(stage.blob, current=version, seen=seen(stage.blob)))


def set_metadata(stage: Stage) -> Answer:
    """Set Blob Metadata."""
    asked, checks = stage.asked, Checks()
    if (answer := _changing(stage, checks)) is not None:
        return answer
    checks.add(properties.bad_metadata(asked))
    success = done(200, shows=(asked.index, asked.round))
    old = stage.current
    if (answer := stage.decide(checks, success)) is not None or old is None:
        return answer or success
    state = (asked.index, asked.round)
    _changed(stage, replace(old, state=state, metadata=properties.metadata(asked), settled=True))
    return success


def set_properties(stage: Stage) -> Answer:
    """Set Blob Properties."""
    asked, checks = stage.asked, Checks()
    if (answer := _changing(stage, checks)) is not None:
        return answer
    success = done(200, shows=(asked.index, asked.round))
    old = stage.current
    if (answer := stage.decide(checks, success)) is not None or old is None:
        return answer or success
    names = (*properties.HEADERS.values(), "x-ms-blob-content-md5")
    if any(asked.header(name) is not None for name in names):
        said = properties.of_commit(asked)
    else:
        said = dict.fromkeys(old.properties, UNKNOWN)
    state = (asked.index, asked.round)
    _changed(stage, replace(old, state=state, properties=MappingProxyType(said), settled=True))
    return success


def set_tier(stage: Stage) -> Answer:
    """Set Blob Tier."""
    asked, blob, checks = stage.asked, stage.blob, Checks()
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    if "versionid" in asked.query:
        return nothing("versions of blobs are not part of the model")
    tier = properties.tier(asked)
    if tier is None:
        checks.add(Refusal((400,), ("MissingRequiredHeader", "InvalidHeaderValue"), EXPECTED))
    elif (bad := properties.bad_tier(asked)) is not None:
        codes = (*bad.codes, "AccessTierNotSupportedForBlobType")
        checks.add(replace(bad, codes=codes))
    if blob.current is None:
        checks.add(stage.missing())
    elif blob.current.kind == "AppendBlob":
        checks.add(Refusal((400, 409), (), EXPECTED))
    elif blob.current.kind == "PageBlob":
        return nothing("tiers of page blobs are not part of the model")
    stage.lock(checks, level=EXPECTED)
    stage.tagged(checks)
    if (answer := checks.answer) is not None:
        return answer
    if checks.maybe:
        stage.put(replace(blob, tier=UNKNOWN))
        return nothing(f"whether {asked.name} is done is not sure")
    return _tier_is_set(stage, tier or "")


def _tier_is_set(stage: Stage, tier: str) -> Answer:
    asked, blob = stage.asked, stage.blob
    old = blob.tier
    if named := asked.query.get("snapshot"):
        bound = stage.world.symbols.get(symbol(named) or "")
        taken = next((one for one in blob.snapshots if bound is not None and one.by == bound.of), None)
        if taken is None:
            return nothing(f"{named} is no snapshot that is known")
        old = taken.tier
        others = tuple(replace(one, tier=tier) if one is taken else one for one in blob.snapshots)
        stage.put(replace(blob, snapshots=others))
    else:
        stage.put(replace(blob, tier=UNKNOWN if old == "Archive" and tier != "Archive" else tier))
    if old is UNKNOWN:
        return done(200, 202)
    if old == "Archive" and tier != "Archive":
        return done(202, level=EXPECTED)
    return done(200)


# --- Delete Blob ---


def delete_blob(stage: Stage) -> Answer:
    """Delete Blob."""
    asked, blob, checks = stage.asked, stage.blob, Checks()
    if (answer := stage.container() or stage.lost()) is not None:
        if blob.lost and not asked.query.get("snapshot"):
            stage.lose()
        return answer
    if "versionid" in asked.query:
        stage.lose()
        return nothing("versions of blobs are not part of the model")
    which = asked.said("x-ms-delete-snapshots")
    if which is not None and which.lower() not in ("include", "only"):
        checks.add(refused(400, "InvalidHeaderValue", level=EXPECTED))
    if asked.query.get("snapshot"):
        return _delete_snapshot(stage, checks, which)
    stage.on_existing(checks, staged=True)
    if blob.snapshots and which is None:
        checks.add(refused(409, "SnapshotsPresent"))
    if (answer := stage.decide(checks, done(202))) is not None:
        return answer
    if (which or "").lower() == "only":
        stage.put(replace(blob, snapshots=()))
    else:
        stage.gone()
    return done(202)


def _delete_snapshot(stage: Stage, checks: Checks, which: str | None) -> Answer:
    named = stage.asked.query["snapshot"]
    if which is not None:
        checks.add(Refusal((400,), ("InvalidQueryParameterValue", "InvalidHeaderValue"), EXPECTED))
    bound = stage.world.symbols.get(symbol(named) or "")
    if bound is None or bound.kind != "snapshot":
        return checks.answer or nothing(f"{named} is no snapshot that is known")
    kept = tuple(one for one in stage.blob.snapshots if one.by != bound.of)
    if len(kept) == len(stage.blob.snapshots):
        checks.add(NO_BLOB)
    if (answer := checks.answer) is not None:
        return answer
    blob = replace(stage.blob, snapshots=kept)
    stage.put(blob if blob.there else NOTHING)
    return done(202)


def snapshot(stage: Stage) -> Answer:
    """Snapshot Blob."""
    asked, checks = stage.asked, Checks()
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    if "snapshot" in asked.query:
        checks.add(refused(400, "InvalidQueryParameterValue", level=EXPECTED))
    checks.add(properties.bad_metadata(asked))
    old = stage.current
    if old is None:
        return refusal([*checks.sure, replace(stage.missing(), level=EXPECTED)])
    stage.archived(checks)
    stage.conditions(checks)
    if asked.said("x-ms-lease-id") is not None:
        stage.lock(checks)
    success = done(201, shows=old.state if old.settled and not asked.metadata else None)
    if (answer := checks.answer) is not None:
        return answer
    if checks.maybe:
        stage.lose()
        return nothing(f"whether {asked.name} is done is not sure")
    version = old
    if asked.metadata:
        metadata = properties.metadata(asked)
        version = replace(old, state=(asked.index, -1), metadata=metadata, settled=False)
    taken = Snapshot(asked.index, version, stage.blob.tier)
    stage.put(replace(stage.blob, snapshots=(*stage.blob.snapshots, taken)))
    return success
