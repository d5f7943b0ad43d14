"""DuckDB with its Azure extension, which writes append blobs, and so an older Azure SDK for C++.

Files go through SQL as they are: COPY with the format blob, and read_blob; a large one is appended in pieces
of 1 MiB, a row each. It offers no setting for its back-off, which is as the SDK has it: three retries, 0.8 s
and doubled each time.
"""

from harness.drive.action import Action
from harness.drive.client import Cannot, Limit
from harness.drive.script import ScriptClient

_MIB = 1024 * 1024
_SQL = ("clients/11", "duckdb: COPY, read_blob, glob")

CLIENT = ScriptClient(
    name="duckdb",
    tool="duckdb",
    script="drive_duckdb.py",
    auths=frozenset({"shared-key", "account-sas", "service-sas", "user-delegation-sas"}),
    large=9 * _MIB,
    limits=(
        Limit(
            Cannot("DuckDB writes the results of queries, and has no call for a folder of files.", _SQL),
            actions=frozenset({Action.PUT_TREE, Action.GET_TREE, Action.SYNC}),
        ),
        Limit(
            Cannot("Its Azure extension reads, lists and writes; it neither copies nor deletes.", _SQL),
            actions=frozenset({Action.COPY, Action.DELETE}),
        ),
        Limit(
            Cannot("DuckDB neither sets nor shows metadata.", _SQL),
            actions=frozenset({Action.METADATA}),
        ),
        Limit(
            Cannot("COPY looks first and then replaces: no condition goes with the write.", _SQL),
            actions=frozenset({Action.CREATE_ONLY}),
        ),
        Limit(
            Cannot("The address of the endpoint goes into a connection string, which holds no token.", _SQL),
            auths=frozenset({"bearer"}),
        ),
    ),
)
