"""`blobproof report`: pages and summaries of one or several runs that exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from harness.results.read import Results, read
from harness.vocabulary import ExitCode
from loadgen.compare.values import FILE as COMPARISON
from loadgen.record.write import FILE as LOAD
from reports import junit, markdown, matrix

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="report")
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("-o", "--out", type=_FILE, help="The page.  [default: RUN/report.html]")
@click.option(
    "--markdown",
    "as_markdown",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write a short summary in Markdown; - prints it.",
)
@click.option("--junit", "as_junit", type=_FILE, metavar="FILE", help="Write JUnit XML.")
def command(runs: tuple[Path, ...], out: Path | None, as_markdown: Path | None, as_junit: Path | None) -> int:
    """Draw RUN folders side by side, one column each, in one self-contained HTML file.

    Beside it stands the client safety matrix, where the runs have one. With --markdown or --junit the page is
    drawn only when -o names it. A load run, or a comparison, has a page of its own: give one folder.
    """
    if any((run / file).exists() for run in runs for file in (LOAD, COMPARISON)):
        if len(runs) > 1 or as_markdown is not None or as_junit is not None:
            raise click.UsageError("the page of a load run or a comparison is of one folder, and HTML alone")
        # Imported here: only these pages need the statistics, which take longer to load than all the rest.
        from reports.load import comparison, page

        build, name = (
            (page.build, page.NAME) if (runs[0] / LOAD).exists() else (comparison.build, comparison.NAME)
        )
        _write(out or runs[0] / name, lambda path: build(runs[0], path))
        return ExitCode.MET
    read_runs: list[Results] = [read(run) for run in runs]
    if as_markdown is not None:
        text = "\n".join(markdown.summary(results) for results in read_runs)
        if str(as_markdown) == "-":
            click.echo(text, nl=False)
        else:
            _write(as_markdown, lambda path: _put(path, text))
    if as_junit is not None:
        _write(as_junit, lambda path: junit.write(read_runs, path))
    if out is not None or (as_markdown is None and as_junit is None):
        _write(out or runs[0] / "report.html", lambda path: matrix.build(runs, path))
    return ExitCode.MET


def _write(path: Path, how: Callable[[Path], object]) -> None:
    try:
        how(path)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(path)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
