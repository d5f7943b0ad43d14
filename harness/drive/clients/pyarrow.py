"""pyarrow's Azure file system, and with it the Azure SDK for C++.

Blocks of 10 MiB, written behind the writer's back, are its own; it reads 256 KiB at a time when it reads as a
stream. Metadata can only be written together with content. It offers no setting for its back-off, which is as
the C++ SDK has it: three retries, 0.8 s and doubled each time.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.place import AUTHS
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024

CLIENT = ScriptClient(
    name="pyarrow",
    tool="pyarrow",
    script="drive_pyarrow.py",
    auths=frozenset(AUTHS),
    large=12 * _MIB,
    identity=True,
    limits=(
        Limit(
            Cannot(
                "pyarrow has no call that makes a prefix equal to a folder.", ("clients/10", "pyarrow.fs")
            ),
            actions=frozenset({Action.SYNC}),
        ),
        Limit(
            Cannot(
                "pyarrow's streams always replace: no condition can be given.", ("clients/10", "pyarrow.fs")
            ),
            actions=frozenset({Action.CREATE_ONLY}),
        ),
        Limit(
            Cannot(
                "copy_files makes folders first, and asks for the properties of the container, which a SAS of"
                " the container does not show.",
                ("rest/create-service-sas", "rest/create-user-delegation-sas"),
            ),
            actions=frozenset({Action.PUT_TREE}),
            auths=frozenset({"service-sas", "user-delegation-sas"}),
        ),
        Limit(
            Cannot("The SDK below pyarrow sends tokens over HTTPS only.", ("clients/10",)),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
)
