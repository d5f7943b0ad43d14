"""Where the words of every subcommand go: a terminal with its colours and width, or plain whole lines."""

from __future__ import annotations

import io
import re
import sys
from typing import Any, Never, TextIO, cast

from rich.console import Console
from rich.text import Text

_ENDLESS = 100_000  # columns: what is no terminal wraps nothing, so that a line can be searched and cut
_TRAILING = re.compile(r"[ ]+$", re.MULTILINE)


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


class _Console(Console):
    def on_broken_pipe(self) -> Never:
        """Rich would end the process with an exit code that means something else here."""
        raise BrokenPipeError

    def render_str(self, text: str, **how: Any) -> Text:
        """What a server or a capture says may not move the cursor, or rename the window."""
        return super().render_str(text.translate(_CONTROLS), **how)


class _Plain(io.TextIOBase):
    """A stream for logs and other programs: tables do not fill it with blanks to the right."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write it without the blanks at the ends of lines."""
        return self._stream.write(_TRAILING.sub("", text))

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._stream.flush()


def output(*, stderr: bool = False) -> Console:
    """Standard output, or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return _Console(file=stream, highlight=False)
    plain = cast(TextIO, _Plain(stream))
    return _Console(file=plain, highlight=False, width=_ENDLESS, force_terminal=False, no_color=True)
