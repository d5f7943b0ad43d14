"""A progress bar on a terminal, and nothing where there is none."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich import progress as bars
from rich.console import Console


class Bar:
    """Shown while its context lasts, and gone afterwards."""

    def __init__(self, console: Console, *columns: bars.ProgressColumn, auto_refresh: bool = True) -> None:
        self._console = console
        self._bar = bars.Progress(
            *columns,
            console=console,
            transient=True,
            auto_refresh=auto_refresh,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def counting() -> tuple[bars.ProgressColumn, ...]:
    """The columns of a bar that counts things, with a word on the newest of them (`said`)."""
    return (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.fields[said]}"),
    )
