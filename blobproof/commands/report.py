"""`blobproof report`: the matrix of one or several runs that exist."""

from __future__ import annotations

from pathlib import Path

import click

from harness.vocabulary import ExitCode
from reports import matrix


@click.command(name="report")
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: RUN/report.html]"
)
def command(runs: tuple[Path, ...], out: Path | None) -> int:
    """Draw RUN folders side by side, one column each, in one self-contained HTML file."""
    where = out or runs[0] / "report.html"
    try:
        click.echo(matrix.build(runs, where))
    except OSError as error:
        raise click.UsageError(f"{where} cannot be written: {error.strerror}") from error
    return ExitCode.MET
