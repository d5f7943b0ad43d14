"""Arguments and options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from harness.endpoint import Style

ENDPOINT_HELP = (
    "ENDPOINT is a URL, a connection string, a TOML file, `env` (the AZURE_STORAGE_… variables), "
    "or a built-in: reference, reference:MUTANT, azurite. Credentials come from the environment."
)

Decorated = Callable[..., Any]


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
