"""What kind of capture a file is: from its first bytes, never from its name."""

from __future__ import annotations

import enum
import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.captures import har, lines, mitmproxy, wires
from harness.captures.captured import CaptureError, Entries
from harness.captures.stream import opened


class Kind(enum.StrEnum):
    """The formats that are read."""

    HAR = "HAR"
    MITMPROXY = "mitmproxy flow file"
    LINES = "exchange lines"
    WIRES = "wire files of a run"


_HEAD = 4096
_FIRST_KEY = re.compile(rb'\s*\{\s*(?:"([^"\\]*)"|\Z)')
_OTHERS = (
    (rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\n\r\r\n", "a packet capture"),
    (rb"PK\x03\x04", "a ZIP archive (Fiddler's sessions are such ones)"),
    (rb"\x1f\x8b", "packed with gzip twice"),
    (rb"\x28\xb5\x2f\xfd|BZh\d|\xfd7zXZ", "packed with zstd, bzip2 or xz (only gzip is unpacked)"),
    (rb"\xff\xfe|\xfe\xff", "text in UTF-16 (save it as UTF-8)"),
    (rb"\s*<", "HTML or XML"),
    (rb"\s*\[", "a JSON list; a HAR is an object with `log`"),
    (rb"[A-Z]{3,10} \S+ HTTP/|HTTP/\d", "HTTP as plain text"),
)  # fmt: skip
_RECORD = (
    "Record the traffic with mitmproxy, or save a HAR in the browser or proxy; docs/inspect.md says how."
)


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture whose kind is known; it can be read as often as need be."""

    path: Path
    kind: Kind
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self.files)

    def entries(self, watch: Callable[[int], None] = lambda place: None) -> Entries:
        """Everything in it, in order. `watch` is told how many bytes of it have been read.

        Raises CaptureError where it cannot be read.
        """
        if self.kind is Kind.WIRES:
            done = 0
            for file in self.files:
                yield from wires.entries(file, self._name(file))
                done += file.stat().st_size
                watch(done)
            return
        reader = {Kind.HAR: har.entries, Kind.MITMPROXY: mitmproxy.entries, Kind.LINES: lines.entries}
        with opened(self.path) as (stream, place):
            try:
                for entry in reader[self.kind](stream, self.path.name):
                    watch(place())
                    yield entry
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise _broken_gzip(self.path, error) from error
            except OSError as error:
                raise CaptureError(f"{self.path} cannot be read: {error.strerror or error}") from error

    def _name(self, file: Path) -> str:
        return file.name if file == self.path else str(file.relative_to(self.path))


def open_capture(path: Path) -> Capture:
    """A file or folder as a capture. Raises CaptureError when it is none that we know."""
    if path.is_dir():
        return Capture(path, Kind.WIRES, wires.files(path))
    if not path.is_file():
        raise CaptureError(f"{path} is a pipe or a device", "A capture is read twice: write it to a file.")
    with opened(path) as (stream, _):
        try:
            head = stream.read(_HEAD)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken_gzip(path, error) from error
        except OSError as error:
            raise CaptureError(f"{path} cannot be read: {error.strerror or error}") from error
    return Capture(path, _kind(path, head), (path,))


def _kind(path: Path, head: bytes) -> Kind:
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not head.strip():
        raise CaptureError(f"{path} is empty", _RECORD)
    if re.match(rb"\d{1,12}:", head):
        return Kind.MITMPROXY
    if (found := _FIRST_KEY.match(head)) is not None:
        key = found[1] or b""
        return Kind.HAR if key == b"log" else Kind.WIRES if key in (b"id", b"left_out") else Kind.LINES
    for pattern, name in _OTHERS:
        if re.match(pattern, head):
            raise CaptureError(f"{path} is {name}, not a capture of HTTP exchanges", _RECORD)
    raise CaptureError(f"{path} is no capture that can be read", _RECORD)


def _broken_gzip(path: Path, error: Exception) -> CaptureError:
    return CaptureError(f"{path} is a gzip file, and breaks off or is damaged: {error}", "Copy it again.")
