"""The Azure Storage SDK for JavaScript, run by Node.

A small blob is read as a stream (`download`), a large one into a buffer (`downloadToBuffer`): the two treat a
short body differently. Settings: 4 MiB pieces for large blobs. Back-off: 0.2 s, doubled, at most 1 s (its own
begins at 4 s); four tries as by default, the first retry at once.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.place import AUTHS
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024

CLIENT = ScriptClient(
    name="azure-storage-js",
    tool="azure-storage-js",
    script="drive_azure_storage_js.mjs",
    auths=frozenset(AUTHS),
    large=9 * _MIB,
    limits=(
        Limit(
            Cannot("The SDK has no call for a folder.", ("clients/16", "@azure/storage-blob")),
            actions=frozenset({Action.PUT_TREE, Action.GET_TREE, Action.SYNC}),
        ),
        Limit(
            Cannot("The SDK sends tokens over HTTPS only.", ("clients/16", "@azure/core-rest-pipeline")),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
)
