"""`blobproof history`: check a recorded history again, and show the shortest part that contradicts itself."""

from __future__ import annotations

import json
from pathlib import Path

import click

from blobproof.arguments import json_option
from blobproof.console import output
from harness.history import document
from harness.history.check import check
from harness.history.contradiction import Checked, Contradiction
from harness.history.picture import picture
from harness.history.story import answered, asked, table, title
from harness.vocabulary import ExitCode


@click.command(name="history")
@click.argument("history", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for a picture of each contradiction, as SVG.",
)
@json_option
def command(history: Path, out: Path | None, as_json: bool) -> int:
    """Check a recorded HISTORY: whether every answer in it has an order that explains it.

    HISTORY is a history.jsonl, or the folder of a scenario that holds one: RUN/clients/histories/….
    Nothing is sent. docs/histories.md explains what is checked, and how.
    """
    recorded = document.read(history)
    if not recorded.operations:
        raise NothingRecordedError(f"{history} holds no operations")
    found = check(recorded)
    drawn = _draw(found, out) if out is not None else ()
    if as_json:
        click.echo(json.dumps(facts(found, drawn), ensure_ascii=False))
    else:
        _show(found, drawn)
    if found.contradictions:
        return ExitCode.DIVERGENCE
    return ExitCode.INDETERMINATE if found.undecided or not recorded.complete else ExitCode.MET


class NothingRecordedError(document.HistoryError):
    """The history can be read, and says nothing."""

    exit_code = ExitCode.NOTHING_VERIFIED
    hint = "The recorder was ended before the first request."


def _draw(found: Checked, out: Path) -> tuple[Path, ...]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = []
        for number, one in enumerate(found.contradictions, 1):
            paths.append(out / f"contradiction-{number}.svg")
            paths[-1].write_text(picture(one), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written: {error.strerror}") from error
    return tuple(paths)


def _show(found: Checked, drawn: tuple[Path, ...]) -> None:
    console = output()
    about = ", ".join(f"{name} {value}" for name, value in found.history.about.items())
    count = len(found.history.operations)
    console.print(f"{count:,} operations on {len(found.history.blobs)} blobs", highlight=False, end="")
    console.print(f" ({about})" if about else "", highlight=False, markup=False)
    if not found.history.complete:
        console.print("The history is cut off: what was under way at its end may have happened or not.")
    for blob in found.undecided:
        console.print(f"blob {blob}: the search took too long; nothing is known", markup=False)
    for number, one in enumerate(found.contradictions):
        console.print()
        console.print(table(one), highlight=False, markup=False, soft_wrap=True, end="")
        if drawn:
            console.print(f"Picture: {drawn[number]}", highlight=False, markup=False, soft_wrap=True)
    if found.holds:
        console.print("Every answer has an explanation.")


def facts(found: Checked, drawn: tuple[Path, ...] = ()) -> dict[str, object]:
    """What was found, as JSON."""
    pictures: list[str | None] = [*map(str, drawn)] or [None] * len(found.contradictions)
    return {
        "operations": len(found.history.operations),
        "blobs": len(found.history.blobs),
        "complete": found.history.complete,
        "holds": found.holds,
        "undecided": [*found.undecided],
        "contradictions": [
            _contradiction(one, drawing) for one, drawing in zip(found.contradictions, pictures, strict=True)
        ],
    }


def _contradiction(one: Contradiction, drawn: str | None) -> dict[str, object]:
    kept = {other.number for other in one.operations}
    return {
        "anomaly": one.anomaly.value,
        "title": title(one),
        "blob": one.blob,
        "said": one.said,
        "at": one.at.number,
        "picture": drawn,
        "operations": [
            {
                "number": other.number,
                "client": other.client,
                "called": other.called,
                "returned": other.returned,
                "asked": asked(other),
                "answered": answered(other),
                "needed": other.number in kept,
            }
            for other in one.shown
        ],
    }
