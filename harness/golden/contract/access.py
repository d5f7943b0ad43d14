"""Who may do what: weak signatures, wrong ones and none at all, as a step's `auth` says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.golden.contract.answer import EXPECTED, Answer, Refusal, nothing, refusal, refused
from harness.golden.contract.gate import Stage

_READS = frozenset({"Get Blob", "Get Blob Properties", "Get Blob Metadata", "Get Block List"})
_CREATES = frozenset({"Put Blob", "Put Blob From URL", "Copy Blob", "Copy Blob From URL", "Snapshot Blob"})
_STAGES = frozenset({"Put Block", "Put Block From URL", "Put Block List"})
_APPENDS = frozenset({"Append Block", "Append Block From URL"})
_CHANGES = frozenset({"Set Blob Metadata", "Set Blob Properties", "Set Blob Tier", "Abort Copy Blob"})
_TAGS = frozenset({"Get Blob Tags", "Set Blob Tags"})
_CONTAINERS = {
    "Create Container": "cw",
    "Get Container Properties": "r",
    "Get Container Metadata": "r",
    "Set Container Metadata": "w",
    "Delete Container": "d",
    "List Blobs": "l",
}
_ACCOUNTS = {"List Containers": "l", "Get Blob Service Properties": "r"}
_FREE = frozenset({"Get Account Information", "Blob Batch"})
_TYPES = {"account": "s", "container": "c", "blob": "o"}
_PLAIN = frozenset({"permissions", "services", "resources", "resource", "of", "version", "times", "sorted"})
_CHALLENGED = "2019-12-12"


def barred(stage: Stage) -> Answer | None:
    """The answer to a request whose authorisation does not do, or is not understood; None where it does."""
    auth = stage.asked.auth
    if auth in ("default", "shared-key", "bearer"):
        return None
    if auth == "anonymous":
        return _anonymous(stage)
    if not isinstance(auth, Mapping) or len(auth) != 1:
        return nothing("how the request is authorised is not understood")
    kind, options = next(iter(auth.items()))
    options = options if isinstance(options, Mapping) else {}
    if kind in ("shared-key", "bearer"):
        return _spoilt(kind, options)
    if kind in ("account-sas", "service-sas", "user-delegation-sas"):
        return _by_sas(stage, kind, options)
    return nothing("how the request is authorised is not understood")


def _anonymous(stage: Stage) -> Answer | None:
    asked = stage.asked
    if asked.depth != "account" and stage.world.container(asked.container).public is not False:
        return nothing("whether the container is public is not known")
    if asked.operation == "Preflight Blob Request":
        return nothing("CORS is not part of the model")
    if not asked.version:
        return refusal([Refusal((401, 404), ("NoAuthenticationInformation", "ResourceNotFound"))])
    if asked.version < _CHALLENGED:
        return refusal([Refusal((404,), ("ResourceNotFound",), None, EXPECTED)])
    return refusal([refused(401, "NoAuthenticationInformation")])


def _spoilt(kind: str, options: Mapping[str, Any]) -> Answer | None:
    tamper = options.get("tamper")
    if kind == "bearer" and tamper is not None:
        return refusal([refused(401, "InvalidAuthenticationInfo")])
    if tamper is not None:
        level = None if tamper in ("signature", "key") else EXPECTED
        return refusal([refused(403, "AuthenticationFailed", level=level)])
    if set(options) <= {"lite", "ordinal"}:
        return None
    return nothing("what the token may do is not part of the model")


def _by_sas(stage: Stage, kind: str, options: Mapping[str, Any]) -> Answer | None:
    past, future = (
        str(options.get("expiry", "")).startswith("-"),
        str(options.get("start", "")).startswith("+"),
    )
    if past or future or options.get("tamper") is not None:
        return refusal([refused(403, "AuthenticationFailed")])
    if "absent" in options.values() or not set(options) <= _PLAIN | {"expiry", "start"}:
        return nothing("what the SAS allows is not understood")
    if kind == "account-sas":
        return _by_account_sas(stage, options)
    if stage.asked.depth != "blob" and stage.asked.operation != "List Blobs":
        if stage.asked.operation in _FREE:
            return None
        return refusal([Refusal((403,), (), EXPECTED)])
    if stage.asked.operation == "List Blobs" and options.get("resource") != "container":
        return refusal([Refusal((403,), ())])
    if "of" in options:
        return nothing("whether the SAS is for this place is not part of the model")
    return _permitted(stage, str(options.get("permissions", "r")))


def _by_account_sas(stage: Stage, options: Mapping[str, Any]) -> Answer | None:
    asked = stage.asked
    if "b" not in str(options.get("services", "b")):
        return refusal([refused(403, "AuthorizationServiceMismatch")])
    if asked.operation in _FREE:
        return None
    if _TYPES[asked.depth] not in str(options.get("resources", "sco")):
        return refusal([refused(403, "AuthorizationResourceTypeMismatch")])
    return _permitted(stage, str(options.get("permissions", "rwdlac")))


def _permitted(stage: Stage, letters: str) -> Answer | None:
    """Whether one of the letters that the operation needs is there."""
    needed = _needed(stage)
    if needed is None:
        return nothing(f"which permission {stage.asked.operation} needs is not part of the model")
    wanted, level = needed
    mismatch = refused(403, "AuthorizationPermissionMismatch", level=level)
    if not set(wanted) & set(letters):
        return refusal([mismatch])
    if stage.asked.said("x-ms-tags") is not None and "t" not in letters:
        return refusal([refused(403, "AuthorizationPermissionMismatch", level=EXPECTED)])
    if stage.asked.operation in _CREATES and "w" not in letters:
        return _create_only(stage)
    if stage.asked.operation in _STAGES and "w" not in letters:
        return nothing("whether the permission to create stages blocks is only documented")
    return None


def _create_only(stage: Stage) -> Answer | None:
    if stage.asked.operation == "Snapshot Blob":
        return None
    if stage.blob.lost:
        return nothing("whether the blob is there to be overwritten is not known")
    if stage.current is None:
        return None
    return refusal([refused(403, "UnauthorizedBlobOverwrite", level=EXPECTED)])


def _needed(stage: Stage) -> tuple[str, Any] | None:
    operation = stage.asked.operation
    if operation in _CONTAINERS:
        return _CONTAINERS[operation], None
    if operation in _ACCOUNTS:
        return _ACCOUNTS[operation], None
    if operation in _READS:
        return "r", None
    if operation in _CREATES:
        return "cw", None
    if operation in _STAGES:
        return "wc", EXPECTED
    if operation in _APPENDS:
        return "aw", None
    if operation in _CHANGES:
        return "w", None
    if operation == "Delete Blob":
        return "d", None
    if operation in _TAGS:
        return "t", EXPECTED
    if operation == "Lease Blob":
        breaks = (stage.asked.said("x-ms-lease-action") or "").lower() == "break"
        return ("wd" if breaks else "w"), EXPECTED
    return None
