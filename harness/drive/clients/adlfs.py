"""adlfs: Azure blobs as a file system for fsspec, and so for pandas, Dask and others.

Settings: blocks of 4 MiB for large files (its own are 50 MiB); no listing is kept. Back-off: 0.2 s each time.
adlfs offers no setting for it and waits as the SDK does, 15 s + 3^n s, so the script shortens the SDK's wait;
three retries as by default.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.place import AUTHS
from harness.drive.script import ScriptClient
from harness.endpoint import Style

_MIB = 1024 * 1024
_BEARER = frozenset({"bearer"})

CLIENT = ScriptClient(
    name="adlfs",
    tool="adlfs",
    script="drive_adlfs.py",
    auths=frozenset(AUTHS),
    large=9 * _MIB,
    limits=(
        Limit(
            Cannot("fsspec has no call that makes a prefix equal to a folder.", ("clients/7", "fsspec")),
            actions=frozenset({Action.SYNC}),
        ),
        Limit(
            Cannot("adlfs takes a token for https://ACCOUNT_HOST only, without a path.", ("clients/7",)),
            styles=frozenset({Style.PATH}),
            auths=_BEARER,
        ),
        Limit(
            Cannot("The SDK below adlfs sends tokens over HTTPS only.", ("clients/4",)),
            schemes=frozenset({"http"}),
            auths=_BEARER,
        ),
    ),
)
