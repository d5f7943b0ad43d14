"""`blobproof drr`: how far a corpus can be reduced, and whether an assumed ratio holds for it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from blobproof.arguments import json_option
from blobproof.console import output
from blobproof.drr_screen import Reading, show
from harness.vocabulary import ExitCode
from loadgen.reduce.document import facts
from loadgen.reduce.grain import GRAINS, Grain, grain
from loadgen.reduce.measure import CorpusError, count, measure
from loadgen.reduce.meter import Settings
from loadgen.reduce.verdict import judge

_NAMES = ", ".join(one.name for one in GRAINS)


@click.command(name="drr")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--assumed", type=click.FloatRange(min=1), help="A reduction ratio: does it hold?")
@click.option(
    "--grain",
    "said",
    multiple=True,
    metavar="SIZE",
    help=f"How data is cut: 32KiB, or cdc:32KiB where content says so; repeatable. [default: {_NAMES}]",
)
@click.option(
    "--judge", "judged", metavar="SIZE", help="The grain of --assumed and of types. [default: the last]"
)
@click.option("--level", type=click.IntRange(1, 19), default=3, show_default=True, help="Of zstd.")
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.999),
    default=0.95,
    show_default=True,
    help="How often an interval is to hold the true ratio.",
)
@click.option(
    "--entries",
    type=click.IntRange(4096),
    default=1 << 14,
    show_default=True,
    help="Chunks of each grain that memory may hold. With more of them, a sample is held.",
)
@json_option
def command(
    path: Path,
    assumed: float | None,
    said: tuple[str, ...],
    judged: str | None,
    level: int,
    confidence: float,
    entries: int,
    as_json: bool,
) -> int:
    """Measure how far the data below PATH can be reduced: by deduplication, by compression, by both.

    PATH is a file or a folder. Everything in it is read once; nothing is written. Ctrl-C gives the result of
    what was read so far. Arrays that also store similar chunks as differences reduce more: that is not
    modelled.
    """
    grains = tuple(dict.fromkeys(grain(one) for one in said)) or GRAINS
    chosen = _chosen(judged, grains)
    settings = Settings(grains, level, confidence, entries)
    if not path.exists():
        raise CorpusError(f"{path} does not exist", "Give a file or a folder.")
    found = count(path)
    with _asked_to_stop() as asked, Reading(output(stderr=True), found.bytes) as reading:
        measured = measure(path, found, settings, reading.watch, lambda: bool(asked))
    verdict = None if assumed is None else judge(assumed, measured.whole[chosen].reduce)
    if as_json:
        click.echo(json.dumps(facts(measured, chosen, verdict), ensure_ascii=False))
    else:
        show(output(), measured, chosen, verdict)
    if measured.partial or measured.left.unreadable:
        return ExitCode.INDETERMINATE
    return ExitCode.MET if verdict is None else verdict.exit_code


def _chosen(judged: str | None, grains: tuple[Grain, ...]) -> Grain:
    if judged is None:
        return grains[-1]
    chosen = grain(judged)
    if chosen not in grains:
        raise click.BadParameter(f"{chosen.name} is not measured: {', '.join(one.name for one in grains)}")
    return chosen


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Ctrl-C is a wish, seen between two reads; the second one ends the process as usual."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
