"""The `blobproof` command: finds the subcommand; every error becomes one clear line and an exit code."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence

import click

from blobproof import __version__
from harness.vocabulary import ExitCode

# Subcommands are imported when they are asked for: `blobproof serve` need not wait for pandas.
COMMANDS = {
    "doctor": "say whose fault it is, before judging",
    "run": "run suites and gates, write a run, print a verdict",
    "list": "list cases and scenarios",
    "gate": "decide go or no-go from a run that exists",
    "report": "draw the matrix of one or several runs",
    "tools": "install and find the real clients",
    "serve": "serve a folder as an Azure Blob endpoint (the reference façade)",
    "mutants": "list the façade's deliberately wrong variants",
    "sweep": "remove left-over containers of earlier runs",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"blobproof.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: " + " · ".join(f"{code.value} {code.meaning}" for code in ExitCode),
)
@click.version_option(__version__, prog_name="blobproof")
def group() -> None:
    """Prove that a storage endpoint speaks Azure Blob."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with the design's exit code."""
    # A polite end must end what we started as well: the built-in endpoints, the pytest child, the clients.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = group.main(arguments, prog_name="blobproof", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        sys.exit(ExitCode.USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("blobproof: interrupted", err=True)
        sys.exit(ExitCode.INDETERMINATE)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong, and nothing can be said to it.
        sys.stderr.close()
        sys.exit(ExitCode.MET)
    except Exception as error:
        exit_code = getattr(error, "exit_code", None)
        if exit_code is None:
            raise  # our own bug: a traceback is what we need
        click.echo(f"blobproof: {error}", err=True)
        if hint := getattr(error, "hint", ""):
            click.echo(f"  {hint}", err=True)
        sys.exit(exit_code)
    sys.exit(code if isinstance(code, int) else ExitCode.MET)
