"""`blobproof selftest`: which of the façade's wrong variants the suite notices, and by what."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

import click

from blobproof.arguments import json_option
from blobproof.console import output
from blobproof.selftest_screen import Progress, show
from harness import catalogue
from harness.data import folder
from harness.golden.document import load_tree
from harness.golden.plan import NoTracesError
from harness.golden.spec import GoldenSpec
from harness.plan import NothingSelectedError, SelectionError, everything
from harness.scenarios import list_tested
from harness.selftest import record as records
from harness.selftest.document import FILE, WITNESSES, Asked, Document, document, render, suite_digest
from harness.selftest.engine import selftest
from harness.selftest.mutants import Mutant, mutants, pick
from harness.selftest.results import Outcome, Verified
from harness.vocabulary import ExitCode, exit_code


@click.command(name="selftest")
@click.option("--mutant", "names", multiple=True, metavar="NAME", help="Only this mutant; repeatable.")
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    metavar="ID",
    help="Only mutants that break this requirement; repeatable.",
)
@click.option(
    "--all-cases",
    is_flag=True,
    help="Every mutant through every case and golden spec, and each that notices it.",
)
@click.option(
    "--by",
    "witnesses",
    type=click.Choice(WITNESSES),
    default=WITNESSES[0],
    show_default=True,
    help="Who looks: the cases, the replays of golden specs, or both.",
)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 100),
    default=95.0,
    show_default=True,
    metavar="PERCENT",
    help="Of the mutants that must be killed or replayed; exit code 1 below.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=lambda: min(os.cpu_count() or 1, 64),
    show_default="the machine's cores",
    help="Processes that look, each with a façade of its own.",
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=f"Folder for {FILE} with everything."
)
@click.option(
    "--record",
    "record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep this run in a record (suites/selftest.json): as the latest, and as the first if it is.",
)
@json_option
def command(
    names: tuple[str, ...],
    requirements: tuple[str, ...],
    all_cases: bool,
    witnesses: str,
    at_least: float,
    workers: int,
    out: Path | None,
    record: Path | None,
    as_json: bool,
) -> int:
    """Run the suite over the façade's deliberately wrong variants, and say which requirement notices each.

    The right façade comes first: a case that does not pass there proves nothing. A mutant is killed when a
    finding of a requirement that it breaks differs, or is lenient. What is not killed goes through the golden
    specs; one that only cases of other requirements notice is a hole.
    """
    suites = folder("suites")
    asked = Asked(names, requirements, all_cases, at_least, witnesses)
    chosen = _chosen(suites, asked)
    alone = witnesses == "replays"
    cases, scenarios = ((), ()) if alone else (everything(suites)[0], list_tested(suites))
    specs = _specs(folder("traces"), asked)
    digest = suite_digest(suites)
    _writable(out, record, asked)
    with Progress(output(stderr=True)) as progress:
        done = selftest(
            cases,
            chosen,
            specs=specs,
            scenarios=scenarios,
            workers=workers,
            all_cases=all_cases,
            watch=progress.watch(),
        )
    made = document(done, asked, digest)
    try:
        _write(made, out, record)
    finally:  # a full disk does not make anybody wait for all of it again
        if as_json:
            click.echo(render(made), nl=False)
        else:
            show(output(), made)
    return exit_code(_codes(done, at_least))


def _chosen(suites: Path, asked: Asked) -> Sequence[Mutant]:
    """The mutants that were asked for. Raises UnknownMutantError, SelectionError."""
    chosen = pick(mutants(), asked.mutants)
    if not asked.requirements:
        return chosen
    known = catalogue.load(suites).requirements
    for one in asked.requirements:
        if one not in known:
            near = difflib.get_close_matches(one, known, 1)
            error = SelectionError(f"there is no requirement {one!r}")
            error.hint = f"Did you mean {near[0]}?" if near else "blobproof trace lists them."
            raise error
    found = [one for one in chosen if set(one.breaks).intersection(asked.requirements)]
    if not found:
        error = NothingSelectedError(f"no mutant breaks {' or '.join(asked.requirements)}")
        error.hint = "blobproof mutants says what each breaks."
        raise error
    return found


def _specs(traces: Path, asked: Asked) -> Sequence[GoldenSpec]:
    """The golden specs that may look. Raises CaseTreeError, and NoTracesError when nobody else does."""
    if asked.witnesses == "cases":
        return ()
    specs = load_tree(traces)
    if asked.witnesses == "replays" and not specs:
        raise NoTracesError(traces)
    return specs


def _writable(out: Path | None, record: Path | None, asked: Asked) -> None:
    """What can be known before: nobody wants to hear at the end that there is no place for it."""
    if record is not None:
        if not asked.whole:
            raise click.UsageError(
                "--record keeps whole runs only: leave --mutant, --requirement and --by out"
            )
        if record.exists():
            records.read(record)
        elif not record.parent.is_dir():
            raise click.UsageError(f"{record.parent} is no folder")
        _try(record)
    if out is not None:
        _try(out / FILE, with_folder=True)


def _try(place: Path, *, with_folder: bool = False) -> None:
    try:
        if with_folder:
            place.parent.mkdir(parents=True, exist_ok=True)
        records.try_place(place)
    except OSError as error:
        raise click.UsageError(f"{place} cannot be written: {error.strerror}") from error


def _write(made: Document, out: Path | None, record: Path | None) -> None:
    if out is not None:
        (out / FILE).write_text(render(made), encoding="utf-8")
    if record is not None:
        records.add(record, made)


def _codes(done: Verified, at_least: float) -> list[ExitCode]:
    codes = [ExitCode.MET if done.rate >= at_least else ExitCode.DIVERGENCE]
    if done.of(Outcome.HARNESS_ERROR):
        codes.append(ExitCode.HARNESS)
    return codes
