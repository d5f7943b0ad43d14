"""Runs in DuckDB's environment: what people do with files in a container in SQL, each way once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb  # type: ignore[import-not-found]
import duckdb_ext  # type: ignore[import-not-found]
from record_kit import Work, expect, main, refused  # type: ignore[import-not-found]

ROWS = [(1, "one"), (2, "two"), (3, "three")]


def database(work: Work) -> Any:
    """A database that knows the endpoint; one thread, so that it writes one file after the other."""
    (extension,) = Path(next(iter(duckdb_ext.__path__))).glob("extensions/*/*/azure.duckdb_extension")
    base = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": 1})
    base.execute("SET autoinstall_known_extensions = false")
    base.execute("SET autoload_known_extensions = false")
    base.execute(f"LOAD '{extension}'")
    credential = (
        f"SharedAccessSignature={work.sas}"
        if work.sas is not None
        else f"AccountName={work.account};AccountKey={work.key}"
    )
    scheme = work.url.partition(":")[0]
    told = f"DefaultEndpointsProtocol={scheme};{credential};BlobEndpoint={work.url};"
    base.execute(f"CREATE SECRET endpoint (TYPE azure, CONNECTION_STRING '{told}')")
    base.execute("CREATE TABLE rows (number INTEGER, name VARCHAR)")
    base.executemany("INSERT INTO rows VALUES (?, ?)", ROWS)
    return base


def write_csv(work: Work) -> None:
    """A small table as CSV: an empty append blob, then what the writer has so far, piece by piece."""
    base = database(work)
    base.execute(f"COPY rows TO '{_at(work)}/small.csv' (HEADER)")
    expect("rows", ROWS, _csv(base, f"{_at(work)}/small.csv"))


def write_large(work: Work) -> None:
    """A table that fills the buffer of the writer several times."""
    base = database(work)
    base.execute("CREATE TABLE numbers AS SELECT range AS number FROM range(3000)")
    base.execute(f"COPY numbers TO '{_at(work)}/large.csv' (HEADER)")
    rows = _csv(base, f"{_at(work)}/large.csv")
    expect("rows", True, rows == [(number,) for number in range(3000)])


def write_parquet(work: Work) -> None:
    """The same as Parquet, read back by its footer."""
    base = database(work)
    base.execute(f"COPY rows TO '{_at(work)}/rows.parquet' (FORMAT parquet)")
    found = base.execute("SELECT * FROM read_parquet(?)", [f"{_at(work)}/rows.parquet"]).fetchall()
    expect("rows", ROWS, found)


def write_over(work: Work) -> None:
    """A file that is there is replaced by a new append blob."""
    base = database(work)
    base.execute(f"COPY rows TO '{_at(work)}/data/old.csv' (HEADER)")
    expect("rows", ROWS, _csv(base, f"{_at(work)}/data/old.csv"))


def write_parts(work: Work) -> None:
    """A table in a folder for each value of a column."""
    base = database(work)
    base.execute(f"COPY rows TO '{_at(work)}/parts' (FORMAT csv, PARTITION_BY (number))")
    found = base.execute("SELECT file FROM glob(?) ORDER BY file", [f"{_at(work)}/parts/**/*.csv"]).fetchall()
    expect(
        "files", [f"{_at(work)}/parts/number={row[0]}/data_0.csv" for row in ROWS], [one[0] for one in found]
    )


def read_csv(work: Work) -> None:
    """A small file, and one that is not there."""
    base = database(work)
    expect("rows", ROWS, _csv(base, f"{_at(work)}/data/rows.csv"))
    refused("a file that is not there", duckdb.Error, lambda: _csv(base, f"{_at(work)}/data/none.csv"))


def read_large(work: Work) -> None:
    """A file of several chunks, which are read at once."""
    base = database(work)
    ((found,),) = base.execute(
        "SELECT sha256(content) FROM read_blob(?)", [f"{_at(work)}/data/big.bin"]
    ).fetchall()
    expect("content", hashlib.sha256(work.content("big.bin")).hexdigest(), found)


def read_pattern(work: Work) -> None:
    """All files that a pattern fits: what is below its beginning is listed, and chosen from here."""
    base = database(work)
    expect("rows", [*ROWS, (4, "four")], _csv(base, f"{_at(work)}/data/*.csv"))
    deep = base.execute("SELECT file FROM glob(?) ORDER BY file", [f"{_at(work)}/data/**"]).fetchall()
    wanted = [f"{_at(work)}/data/{name}" for name in ("more.csv", "rows.csv", "sub/other.txt")]
    expect("files", wanted, [one[0] for one in deep])


def _at(work: Work) -> str:
    return f"azure://{work.container}"


def _csv(base: Any, path: str) -> list[Any]:
    return list(base.execute("SELECT * FROM read_csv(?) ORDER BY number", [path]).fetchall())


if __name__ == "__main__":
    uses = (
        write_csv,
        write_large,
        write_parquet,
        write_over,
        write_parts,
        read_csv,
        read_large,
        read_pattern,
    )
    main({use.__name__: use for use in uses})
