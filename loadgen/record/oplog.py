"""The operation log: every attempt of a worker, as fixed-size records in a Zstandard stream.

A file is one header line (JSON) and then records of 64 bytes, little endian, all compressed together. Words
(phases, lanes, error codes) are numbers; a record whose `kind` is `WORD` gives a number its word, before the
first record that uses it; one whose `kind` is `END` is the last. So a file is written in one pass, and one
that was cut off can be read up to the cut.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from loadgen.work.op import Kind, Op, Outcome

FORMAT = "blobproof.oplog/1"
SUFFIX = ".oplog.zst"
WORD = 255
"""The `kind` of a record that is a word: its text in the first 48 bytes (long ones go on in the next
record), its number as `rank`, its table as `failure`."""
END = 254
"""The `kind` of the last record; `intended` is how many operations the log has."""

KINDS = tuple(kind.value for kind in Kind)
FAILURES = (
    "",
    "refused",
    "reset",
    "closed",
    "timeout",
    "protocol",
    "short",
    "content",
    "not-begun",
    "cut-off",
    "other",
)
TABLES = ("phase", "lane", "code")
"""What words are of. A phase's word is its name and its iteration: `write/1`."""

RECORD = np.dtype(
    [
        ("intended", "<i8"),  # times: ns since the start of the run
        ("started", "<i8"),
        ("first", "<i8"),  # NONE: no byte of a response came
        ("last", "<i8"),
        ("sent", "<u8"),  # bytes of the bodies
        ("received", "<u8"),
        ("rank", "<u4"),
        ("status", "<u2"),  # 0: no response
        ("attempt", "<u2"),  # 1 is the first
        ("phase", "<u2"),
        ("lane", "<u2"),
        ("code", "<u2"),
        ("kind", "u1"),
        ("failure", "u1"),
    ]
)
NONE = -(1 << 63)
"""The `first` of an attempt that nothing came back from."""

_OTHER = len(FAILURES) - 1
_PACK = struct.Struct("<6qI5H2B")
_WORD = struct.Struct("<48sI5H2B")
_PIECE = 12  # characters, of at most four bytes each
_BLOCK = 512  # records that are compressed at once
_MOST_WORDS = 1 << 16  # what two bytes can tell apart
_LEVEL = 1  # the log shares the core with the load
assert RECORD.itemsize == _PACK.size == _WORD.size == 64


class OpLog:
    """Writes the log of one worker. Satisfies `loadgen.record.recorder.Log`; its memory does not grow.

    `start_ns` is the start of the run, ns of this worker's monotonic clock. `facts` go into the header: they
    must hold no secret. Raises `FileExistsError`, and `OSError` from any method when the disk has no room.
    """

    def __init__(self, path: Path, start_ns: int, facts: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.records = 0
        self._start = start_ns
        self._file = path.open("xb")
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        self._buffer = bytearray(_BLOCK * RECORD.itemsize)
        self._at = 0
        self._kinds = {kind: number for number, kind in enumerate(Kind)}
        self._failures = {failure: number for number, failure in enumerate(FAILURES)}
        self._phases, self._lanes, self._codes = (_Words(self, table) for table in range(len(TABLES)))
        self._phase = 0
        header = {
            "format": FORMAT,
            "record_bytes": RECORD.itemsize,
            "fields": [[name, RECORD[name].str] for name in RECORD.names or ()],
            "kinds": KINDS,
            "failures": FAILURES,
            "word": WORD,
            "end": END,
            "tables": TABLES,
            "facts": dict(facts or {}),
        }
        line = json.dumps(header, ensure_ascii=False).encode() + b"\n"
        self._file.write(self._compressor.compress(line))
        self._codes[""]  # number 0: none
        self.flush()

    def begin(self, phase: str, iteration: int) -> None:
        """What comes now belongs to this phase."""
        self._phase = self._phases[f"{phase}/{iteration}"]

    def add(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        status, code, started, first, last, sent, received, failure, _ = outcome
        start, attempt = self._start, op.attempt
        lane, code_number = self._lanes[op.lane], self._codes[code]
        if self._at == _BLOCK * 64:
            self._write()
        _PACK.pack_into(
            self._buffer,
            self._at,
            op.intended - start,
            started - start,
            first - start if first else NONE,
            last - start,
            sent,
            received,
            op.rank,
            status,
            attempt if attempt < _MOST_WORDS else _MOST_WORDS - 1,
            self._phase,
            lane,
            code_number,
            self._kinds[op.kind],
            self._failures.get(failure, _OTHER),
        )
        self._at += 64
        self.records += 1

    def flush(self) -> None:
        """What was added is in the file and can be read, even if nothing comes after it."""
        self._write()
        self._file.write(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        self._file.flush()

    def close(self) -> None:
        """The end of the log. A second call does nothing."""
        if self._file.closed:
            return
        self._write()
        _PACK.pack_into(self._buffer, 0, self.records, *(0,) * 11, END, 0)
        self._at = 64
        self._write()
        self._file.write(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
        self._file.close()

    def _write(self) -> None:
        if self._at:
            self._file.write(self._compressor.compress(memoryview(self._buffer)[: self._at]))
            self._at = 0

    def _word(self, table: int, number: int, word: str) -> None:
        """Say what a number stands for."""
        for at in range(0, max(len(word), 1), _PIECE):
            if self._at == _BLOCK * 64:
                self._write()
            text = word[at : at + _PIECE].encode("utf-8", "replace")
            _WORD.pack_into(self._buffer, self._at, text, number, 0, 0, 0, 0, 0, WORD, table)
            self._at += 64


class _Words(dict[str, int]):
    """Words and their numbers; a new word gets the next number, and a record that says so."""

    def __init__(self, log: OpLog, table: int) -> None:
        super().__init__()
        self._log, self._table = log, table

    def __missing__(self, word: str) -> int:
        # A server that makes up words without end gets the last number for all that follow.
        number = min(len(self), _MOST_WORDS - 1)
        if len(self) < _MOST_WORDS:
            self[word] = number
            self._log._word(self._table, number, word if number < _MOST_WORDS - 1 else "…")
        return number
