"""`blobproof soak`: writes under faults and kills for as long as asked, and a ledger of what was promised."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from blobproof.arguments import ENDPOINT_HELP, check_mutants, json_option, style_option
from blobproof.console import output
from blobproof.runs import empty_folder
from blobproof.soak_screen import Progress, summary, verdict
from harness.endpoint import Endpoint, Style
from harness.endpoints import open_endpoint, resolve, spoken
from harness.endpoints.resolve import Builtin
from harness.soak.diary import FILE
from harness.soak.lives import Lives
from harness.soak.soak import Done, Wish, soak
from harness.vocabulary import ExitCode

_CANNOT = "we cannot kill it, so there are faults only"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class _There:
    """An endpoint that answers, and what of it is ours."""

    endpoint: Endpoint
    lives: Lives | None
    root: Path | None


@click.command(name="soak", epilog=ENDPOINT_HELP)
@click.argument("endpoint")
@click.option("--minutes", type=click.FloatRange(min=0.05), default=30.0, show_default=True)
@click.option(
    "--kill-every",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="SIGKILL for all processes of the built-in façade, and a new start; 0: never.",
)
@click.option("--seed", type=click.IntRange(0, 2**31), help="What is drawn from it. [default: a new one]")
@click.option("--writers", type=click.IntRange(1, 500), default=24, show_default=True)
@click.option("--readers", type=click.IntRange(0, 500), default=8, show_default=True)
@click.option(
    "--blobs", type=click.IntRange(1, 100_000), default=240, show_default=True, help="Names that are used."
)
@click.option(
    "--disk",
    type=click.IntRange(1),
    default=1024,
    show_default=True,
    metavar="MIB",
    help="Beyond it there are deletes and blobs of no bytes only.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that the façade serves; it is kept. [default: one in the folder of the run]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run, empty or not there yet. [default: runs/TIME-soak]",
)
@click.option(
    "--server-processes",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Of the built-in façade.",
)
@style_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and stop.")
@json_option
def command(
    endpoint: str,
    minutes: float,
    kill_every: float,
    seed: int | None,
    writers: int,
    readers: int,
    blobs: int,
    disk: int,
    data: Path | None,
    out: Path | None,
    server_processes: int,
    style: Style | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Write to ENDPOINT and read from it for --minutes, with random faults in between.

    The built-in façade is killed every --kill-every seconds and started again on the same folder. Every write
    that was acknowledged is in a ledger before the next one begins, and every read is held against it. Data
    goes to a disk, with the façade's own fsync. Ctrl-C keeps what is there.
    """
    target = resolve(endpoint, style=style)
    check_mutants([endpoint])
    ours = isinstance(target, Builtin) and target.name == "reference"
    if data is not None and not ours:
        raise click.UsageError("--data is for the built-in façade: the folder of any other is its own")
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    every = (kill_every or None) if ours else None
    shown = spoken(endpoint)
    if dry_run:
        _dry_run(shown, minutes, every, seed, ours, as_json)
        return ExitCode.MET
    folder = empty_folder(out, "soak")
    screen = output(stderr=True)
    kills = f"a kill every {every:g} s" if every else ("no kills" if ours else _CANNOT)
    screen.print(f"soak of {shown}: {minutes:g} minutes, seed {seed}, {kills}", markup=False)
    wish = Wish(folder, shown, minutes, seed, every, writers, readers, blobs, disk * _MIB)
    with _there(target, endpoint, style, folder, data, server_processes) as there:
        try:
            with Progress(screen, shown, minutes) as progress:
                done = soak(wish, there.endpoint, there.lives, there.root, progress.watch)
        except KeyboardInterrupt:
            click.echo(f"blobproof: interrupted; what was found until then is in {folder / FILE}", err=True)
            click.echo("  what was written stays where it is", err=True)
            return _interrupted(folder)
    _tell(done, wish, as_json)
    if ours and data is None:
        _tidy(done, folder / "data")
    return done.exit_code


@contextlib.contextmanager
def _there(
    target: Endpoint | Builtin,
    name: str,
    style: Style | None,
    folder: Path,
    data: Path | None,
    processes: int,
) -> Iterator[_There]:
    """The endpoint, started if it is a built-in."""
    logs = folder / "logs"
    if isinstance(target, Builtin) and target.name == "reference":
        root = data or folder / "data"
        with Lives(root, logs, processes=processes, mutant=target.mutant) as lives:
            yield _There(lives.endpoint, lives, root)
        return
    with open_endpoint(name, style=style, logs=logs) as opened:
        yield _There(opened, None, None)


def _tell(done: Done, wish: Wish, as_json: bool) -> None:
    text = summary(done, wish.shown, wish.seed, wish.minutes)
    (wish.folder / "summary.md").write_text(text, encoding="utf-8")
    if as_json:
        facts: dict[str, Any] = {
            "endpoint": wish.shown,
            "seed": wish.seed,
            "folder": str(wish.folder),
            "complete": done.complete,
            "why": done.why,
            "verified": done.verified,
            **done.counts,
            "exit_code": int(done.exit_code),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"{wish.shown}: {verdict(done)}")
    click.echo(text.partition("\n\n* ")[2].join(("* ", "")), nl=False)
    click.echo(f"run: {wish.folder}")


def _interrupted(folder: Path) -> int:
    """The exit code of what there is."""
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines() if (folder / FILE).exists() else []
    broken = any(json.loads(line)["kind"] == "violation" for line in lines)
    return ExitCode.DIVERGENCE if broken else ExitCode.INDETERMINATE


def _tidy(done: Done, data: Path) -> None:
    """The data is evidence where a promise was broken, and waste otherwise."""
    if done.violations:
        click.echo(f"data: {data} is kept", err=True)
    else:
        shutil.rmtree(data, ignore_errors=True)


def _dry_run(shown: str, minutes: float, every: float | None, seed: int, ours: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"endpoint": shown, "minutes": minutes, "kill_every": every, "seed": seed}))
        return
    click.echo(f"would write to {shown} and read from it for {minutes:g} minutes, seed {seed}")
    click.echo(f"would kill it every {every:g} s" if every else ("no kills" if ours else _CANNOT))
    click.echo("destructive: makes and deletes one container named bp-soak-…, and touches no others")
