"""Runs in DuckDB's environment: the uniform tasks, in SQL. Its Azure extension writes append blobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb  # type: ignore[import-not-found]
import duckdb_ext  # type: ignore[import-not-found]
from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]

PIECE = MIB


def database(place: Place) -> Any:
    """A database that knows the endpoint. Nothing is fetched from anywhere else."""
    (extension,) = Path(next(iter(duckdb_ext.__path__))).glob("extensions/*/*/azure.duckdb_extension")
    base = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    base.execute("SET autoinstall_known_extensions = false")
    base.execute("SET autoload_known_extensions = false")
    base.execute(f"LOAD '{extension}'")
    if place.secure:  # this transport alone can be told whom to trust
        os.environ["CURL_CA_INFO"] = place.ca
        base.execute("SET azure_transport_option_type = 'curl'")
    credential = (
        f"SharedAccessSignature={place.sas}"
        if place.sas is not None
        else f"AccountName={place.account};AccountKey={place.key}"
    )
    scheme = place.url.partition(":")[0]
    told = f"DefaultEndpointsProtocol={scheme};{credential};BlobEndpoint={place.url};"
    base.execute(f"CREATE SECRET endpoint (TYPE azure, CONNECTION_STRING '{told}')")
    return base


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """DuckDB's way to do each action: files whose one value is their content."""
    base = database(place)

    def at(task: Task) -> str:
        return f"azure://{task.container}/{task.blob}"

    def move(source: str, target: str) -> None:
        rows = f"SELECT content FROM read_blob({_text(source)})"  # noqa: S608 - quoted by us
        base.execute(f"COPY ({rows}) TO {_text(target)} (FORMAT blob)")

    def put(task: Task) -> None:
        move(str(task.path), at(task))

    def put_large(task: Task) -> None:
        """A row for each piece: each is appended as it comes."""
        base.execute("CREATE OR REPLACE TEMP TABLE pieces (number INTEGER, content BLOB)")
        with task.path.open("rb") as file:
            for number, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
                base.execute("INSERT INTO pieces VALUES (?, ?)", [number, piece])
        rows = "SELECT content FROM pieces ORDER BY number"
        base.execute(f"COPY ({rows}) TO {_text(at(task))} (FORMAT blob)")

    def get(task: Task) -> None:
        move(at(task), str(task.path))

    def find(task: Task) -> Facts:
        found = base.execute("SELECT filename, size FROM read_blob(?)", [f"{at(task)}/**"]).fetchall()
        root = f"azure://{task.container}/"
        return {"names": {name.removeprefix(root): size for name, size in found}}

    return {
        **dict.fromkeys(("put-small", "put-empty"), put),
        "put-large": put_large,
        **dict.fromkeys(("get-small", "get-large"), get),
        "list": find,
    }


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    serve(begin)
