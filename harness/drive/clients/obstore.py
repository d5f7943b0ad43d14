"""obstore, and with it the Rust object_store that Polars, Delta Lake and Lance use.

Blocks of 5 MiB, twelve at once, are its own. It reads a blob with one GET, whatever its size. Metadata can
only be written together with content. Back-off as it comes: 0.1 s, doubled each time; ten retries.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.place import AUTHS
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024

CLIENT = ScriptClient(
    name="obstore",
    tool="obstore",
    script="drive_obstore.py",
    auths=frozenset(AUTHS),
    large=11 * _MIB,
    limits=(
        Limit(
            Cannot("obstore puts and gets single objects, no folders.", ("clients/9", "obstore")),
            actions=frozenset({Action.PUT_TREE, Action.GET_TREE, Action.SYNC}),
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
