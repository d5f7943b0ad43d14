"""Reading operation logs: in bounded chunks of NumPy records, as pandas frames, pooled into a histogram."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import zstandard
from numpy.typing import NDArray

from loadgen.record.histogram import Histogram
from loadgen.record.oplog import END, FAILURES, FORMAT, KINDS, NONE, RECORD, SUFFIX, TABLES, WORD
from loadgen.record.read import LoadError

Records = NDArray[np.void]
"""Records of `loadgen.record.oplog.RECORD`."""

_HINT = "Give an operation log as `bench` wrote it."
_LONGEST_HEADER = 1 << 20
_CHUNK = 1 << 16


@dataclass(slots=True)
class LogFile:
    """One operation log. What is known of it grows while it is read."""

    path: Path
    facts: Mapping[str, Any]  # from its header
    words: dict[str, dict[int, str]] = field(default_factory=lambda: {table: {} for table in TABLES})
    records: int = 0  # read so far
    complete: bool = False  # its last record was read; False after all was read: the file was cut off

    def number(self, table: str, word: str) -> int:
        """The number of a word; -1 where it did not occur so far."""
        return next((number for number, one in self.words[table].items() if one == word), -1)


def logs(folder: Path) -> tuple[Path, ...]:
    """The operation logs in a folder and those below it."""
    return tuple(sorted(folder.rglob(f"*{SUFFIX}")))


def chunks(path: Path, records: int = _CHUNK) -> Iterator[tuple[LogFile, Records]]:
    """The records of a log in order, at most so many at once, with what is known of the file up to there.

    Of a file that was cut off, what was written before the cut. Raises `LoadError` for what is no log, or was
    changed.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            log, rest = _header(path, stream)
            for block in _blocks(stream, rest, records * RECORD.itemsize):
                found = _told(log, np.frombuffer(block, dtype=RECORD))
                if found.size:
                    log.records += len(found)
                    yield log, found
    except OSError as error:
        raise LoadError(f"{path} cannot be read: {error.strerror}", _HINT) from error
    except zstandard.ZstdError as error:
        raise LoadError(f"{path} is damaged: {error}", _HINT) from error


def frames(path: Path, records: int = _CHUNK) -> Iterator[pd.DataFrame]:
    """A log as pandas frames of at most so many operations; see `frame`. Raises `LoadError`."""
    for log, found in chunks(path, records):
        yield _frame(log, found)


def frame(path: Path) -> pd.DataFrame:
    """A whole log, one row an attempt. Raises `LoadError`.

    `intended`, `started`, `first` and `last` are ns from the start of the run (`first` is missing where no
    byte came back); `latency_us`, `service_us` and `first_byte_us` are whole microseconds, as histograms have
    them; `good` says whether the operation succeeded.
    """
    log, found = LogFile(path, {}), [np.zeros(0, dtype=RECORD)]
    for known, one in chunks(path):
        log = known
        found.append(one)
    return _frame(log, np.concatenate(found))


def pooled(
    paths: Iterable[Path],
    metric: str = "latency",
    *,
    phase: str | None = None,
    iteration: int | None = None,
    lane: str | None = None,
    op: str | None = None,
) -> Histogram:
    """One metric over the operations of several logs, as if one recorder had seen all of them.

    `metric` is one of `loadgen.record.delta.METRICS`. Memory is bounded by the chunks. Raises `LoadError`.
    """
    histogram = Histogram()
    for path in paths:
        for log, found in chunks(path):
            wanted = good(found) != (metric == "failed")
            if phase is not None or iteration is not None:
                wanted &= np.isin(found["phase"], _phases(log, phase, iteration))
            if lane is not None:
                wanted &= found["lane"] == log.number("lane", lane)
            if op is not None:
                wanted &= found["kind"] == KINDS.index(op)
            if metric == "first_byte":
                wanted &= found["first"] != NONE
            histogram.record_many(durations(found[wanted], metric))
    return histogram


def good(found: Records) -> NDArray[np.bool_]:
    """Which operations succeeded."""
    return np.asarray((found["failure"] == 0) & (found["status"] >= 200) & (found["status"] < 300))


def durations(found: Records, metric: str) -> NDArray[np.int64]:
    """A metric of each record, whole microseconds."""
    end = found["first" if metric == "first_byte" else "last"]
    begin = found["intended" if metric in ("latency", "failed") else "started"]
    return np.asarray((end - begin) // 1000, dtype=np.int64)


def _header(path: Path, stream: BinaryIO | Any) -> tuple[LogFile, bytes]:
    data = b""
    while b"\n" not in data and len(data) < _LONGEST_HEADER and (more := stream.read(1 << 12)):
        data += more
    line, end, rest = data.partition(b"\n")
    try:
        header = json.loads(line) if end else None
    except ValueError:
        header = None
    if not isinstance(header, dict) or "format" not in header:
        raise LoadError(f"{path} has no header: it is no operation log, or was cut off at once", _HINT)
    if header["format"] != FORMAT:
        said = f"{path}: written as {header['format']!r}; this version reads {FORMAT}"
        raise LoadError(said, "Use the version of Blobproof that wrote it.")
    return LogFile(path, header["facts"]), rest


def _blocks(stream: BinaryIO | Any, rest: bytes, size: int) -> Iterator[bytes]:
    """Whole records, at most `size` bytes at once. What was cut off within a record is left out."""
    more = rest
    data = b""
    while more:
        data += more
        whole = len(data) - len(data) % RECORD.itemsize
        for at in range(0, whole, size):
            yield data[at : min(at + size, whole)]
        data = data[whole:]
        more = stream.read(size)


def _told(log: LogFile, found: Records) -> Records:
    """The operations among the records; words and the end go to what is known of the file."""
    said = found["kind"] >= END
    for one in found[said]:
        if one["kind"] == WORD:
            if one["failure"] >= len(TABLES):
                raise LoadError(f"{log.path} is damaged: a word of no table", _HINT)
            text = one.tobytes()[:48].rstrip(b"\0").decode("utf-8", "replace")
            table, number = log.words[TABLES[one["failure"]]], int(one["rank"])
            table[number] = table.get(number, "") + text
        else:
            log.complete = True
            expected = int(one["intended"])
            here = log.records + int(np.count_nonzero(~said))
            if here != expected:
                raise LoadError(f"{log.path} has {here} records and says {expected}: it was changed", _HINT)
    if said.any():
        found = found[~said]
    limits = {table: len(words) for table, words in log.words.items()}
    for column, limit in {**limits, "kind": len(KINDS), "failure": len(FAILURES)}.items():
        if found.size and found[column].max() >= limit:
            raise LoadError(f"{log.path} is damaged: a {column} that has no name", _HINT)
    return found


def _phases(log: LogFile, phase: str | None, iteration: int | None) -> list[int]:
    """The numbers of the phases that are wanted."""
    return [
        number
        for number, word in log.words["phase"].items()
        if phase in (None, _split(word)[0]) and iteration in (None, _split(word)[1])
    ]


def _split(word: str) -> tuple[str, int]:
    name, _, iteration = word.rpartition("/")
    return name, int(iteration)


def _frame(log: LogFile, found: Records) -> pd.DataFrame:
    first = pd.array(found["first"], dtype="Int64")
    first_byte = pd.array(durations(found, "first_byte"), dtype="Int64")
    nothing = found["first"] == NONE
    first[nothing] = pd.NA
    first_byte[nothing] = pd.NA
    phases = log.words["phase"]
    iterations = {number: _split(word)[1] for number, word in phases.items()}
    names = {number: _split(word)[0] for number, word in phases.items()}
    return pd.DataFrame(
        {
            "phase": _named(found["phase"], names),
            "iteration": pd.Series(found["phase"]).map(iterations).astype("int64"),
            "lane": _named(found["lane"], log.words["lane"]),
            "rank": found["rank"],
            "op": _named(found["kind"], dict(enumerate(KINDS))),
            "attempt": found["attempt"],
            "intended": found["intended"],
            "started": found["started"],
            "first": first,
            "last": found["last"],
            "status": found["status"],
            "code": _named(found["code"], log.words["code"]),
            "failure": _named(found["failure"], dict(enumerate(FAILURES))),
            "sent": found["sent"],
            "received": found["received"],
            "good": good(found),
            "latency_us": durations(found, "latency"),
            "service_us": durations(found, "service"),
            "first_byte_us": first_byte,
        }
    )


def _named(numbers: NDArray[Any], words: Mapping[int, str]) -> pd.Categorical[str]:
    """Numbers as the words that they stand for."""
    values = list(dict.fromkeys(words.values()))
    places = {number: values.index(word) for number, word in words.items()}
    codes = np.full(max(words, default=0) + 1, -1, dtype=np.int64)
    for number, place in places.items():
        codes[number] = place
    found: NDArray[np.int64] = codes[numbers]
    return pd.Categorical.from_codes(found, pd.Index(values))
