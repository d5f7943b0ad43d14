"""Arguments and options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from harness.endpoint import Style
from harness.selftest.mutants import mutants, pick

ENDPOINT_HELP = (
    "ENDPOINT is a URL, a connection string, a TOML file, `env` (the AZURE_STORAGE_… variables), "
    "or a built-in: reference, reference:MUTANT, azurite. Credentials come from the environment."
)

Decorated = Callable[..., Any]


def check_mutants(endpoints: Iterable[str]) -> None:
    """What starting a façade would say of a mutant that there is not. Raises UnknownMutantError."""
    names = [name.removeprefix("reference:") for name in endpoints if name.startswith("reference:")]
    if names:
        pick(mutants(), names)


def style_option(function: Decorated) -> Decorated:
    """`--style path|host`, for URLs that do not say it themselves."""
    return click.option(
        "--style",
        type=click.Choice([style.value for style in Style]),
        callback=lambda _context, _option, value: None if value is None else Style(value),
        help="Addressing style, where the URL does not say it: path (http://host/account) or host.",
    )(function)


def json_option(function: Decorated) -> Decorated:
    """`--json`: machine output."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")(function)


def run_options(function: Decorated) -> Decorated:
    """What every command that makes a run takes: its ledger, its folder, and how many processes there are."""
    options = (
        click.option(
            "--known",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Ledger of known deviations, a .toml file.",
        ),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder of the run, empty or not there yet; of several, the folder around them. "
            "[default: runs/TIME-ENDPOINT]",
        ),
        click.option(
            "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that test."
        ),
        click.option(
            "--server-processes",
            type=click.IntRange(1, 64),
            default=1,
            show_default=True,
            help="Of the built-in façade.",
        ),
    )
    for option in reversed(options):  # the last decorator's option stands first in --help
        function = option(function)
    return function
