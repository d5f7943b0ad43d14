"""What the flavours of the Azure SDK for Python have in common."""

from __future__ import annotations

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.place import AUTHS
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024
_NO_TREES = Cannot(
    "The SDK has no call for a folder: programs loop over single blobs.", ("clients/4", "azure-storage-blob")
)
_NO_SYNC = Cannot("The SDK does not compare folders with containers.", ("clients/4", "azure-storage-blob"))
_SECRETIVE = Cannot("The SDK sends tokens over HTTPS only.", ("clients/4",))
LIMITS = (
    Limit(_NO_TREES, actions=frozenset({Action.PUT_TREE, Action.GET_TREE})),
    Limit(_NO_SYNC, actions=frozenset({Action.SYNC})),
    Limit(_SECRETIVE, schemes=frozenset({"http"}), auths=frozenset({"bearer"})),
)


def sdk(name: str, *words: str) -> ScriptClient:
    """A flavour of the SDK, and what the script must be told to be it."""
    return ScriptClient(
        name=name,
        tool="azure-storage-blob",
        script="drive_azure_storage_blob.py",
        words=words,
        auths=frozenset(AUTHS),
        large=9 * _MIB,  # the script has it split above 4 MiB
        limits=LIMITS,
    )
