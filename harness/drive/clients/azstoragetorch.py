"""azstoragetorch: BlobIO, the file that PyTorch writes checkpoints to and reads them from.

Blocks of 32 MiB and reads of 16 MiB at once are its own. Back-off: 0.2 s each time. It offers no setting for
it and waits as the SDK does, 15 s + 3^n s, so the script shortens that wait; three retries as by default.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024
_FILES = frozenset({Action.PUT_SMALL, Action.PUT_LARGE, Action.PUT_EMPTY, Action.GET_SMALL, Action.GET_LARGE})

CLIENT = ScriptClient(
    name="azstoragetorch",
    tool="azstoragetorch",
    script="drive_azstoragetorch.py",
    auths=frozenset({"account-sas", "service-sas", "user-delegation-sas", "bearer"}),
    large=33 * _MIB,
    limits=(
        Limit(
            Cannot(
                "Without PyTorch there is only BlobIO, a file opened as rb or wb.",
                ("clients/8", "azstoragetorch.io.BlobIO"),
            ),
            actions=frozenset(Action) - _FILES,
        ),
        Limit(
            Cannot("BlobIO takes a SAS or a token, no key.", ("clients/8",)),
            auths=frozenset({"shared-key"}),
        ),
        Limit(
            Cannot("The SDK below azstoragetorch sends tokens over HTTPS only.", ("clients/4",)),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
)
