"""`blobproof report`: the matrix of one or several runs that exist."""

from __future__ import annotations

from pathlib import Path

import click

from harness.results.read import read
from harness.vocabulary import ExitCode
from reports import markdown, matrix


@click.command(name="report")
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: RUN/report.html]"
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown summary instead of a page.")
def command(runs: tuple[Path, ...], out: Path | None, as_markdown: bool) -> int:
    """Draw RUN folders side by side, one column each, in one self-contained HTML file."""
    if as_markdown and out is None:
        click.echo("\n".join(markdown.summary(read(run)) for run in runs), nl=False)
        return ExitCode.MET
    where = out or runs[0] / "report.html"
    try:
        if as_markdown:
            where.write_text("\n".join(markdown.summary(read(run)) for run in runs), encoding="utf-8")
        else:
            matrix.build(runs, where)
    except OSError as error:
        raise click.UsageError(f"{where} cannot be written: {error.strerror}") from error
    click.echo(where)
    return ExitCode.MET
