"""blobfile, OpenAI's older library for blobs as files.

It knows no host but ACCOUNT.blob.core.windows.net, so it works in host style alone; its connection pool, a
setting of its own, leads through the CONNECT proxy. Blocks and reads of 8 MiB are its own. Its create-only
looks before it writes. Back-off as it comes: at once, then up to 0.1 s, doubled each time; it never gives up.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.script import ScriptClient
from harness.endpoint import Style

_MIB = 1024 * 1024

CLIENT = ScriptClient(
    name="blobfile",
    tool="blobfile",
    script="drive_blobfile.py",
    auths=frozenset({"shared-key", "bearer"}),
    large=9 * _MIB,
    identity=True,
    limits=(
        Limit(
            Cannot("blobfile has no call that copies a folder with all below it.", ("clients/6", "blobfile")),
            actions=frozenset({Action.PUT_TREE, Action.GET_TREE, Action.SYNC}),
        ),
        Limit(
            Cannot("blobfile neither sets nor shows metadata.", ("clients/6", "blobfile")),
            actions=frozenset({Action.METADATA}),
        ),
        Limit(
            Cannot("blobfile knows no host but ACCOUNT.blob.core.windows.net.", ("clients/6",)),
            styles=frozenset({Style.PATH}),
        ),
        Limit(
            Cannot("blobfile takes a key or a token, no SAS.", ("clients/6",)),
            auths=frozenset({"account-sas", "service-sas", "user-delegation-sas"}),
        ),
        Limit(
            Cannot(
                "The service takes tokens over HTTPS only.", ("rest/authorize-with-azure-active-directory",)
            ),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
)
