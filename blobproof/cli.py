"""The `blobproof` command: finds the subcommand; every error becomes one clear line and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence

import click

from blobproof import __version__
from harness.vocabulary import ExitCode

# Subcommands are imported when they are asked for: `blobproof serve` need not wait for pandas.
COMMANDS = {
    "doctor": "say whose fault it is, before judging",
    "run": "run suites and gates, write a run, print a verdict",
    "record": "run real clients behind a recorder, and compile what they did to golden specs",
    "replay": "send golden specs, what real clients sent, to an endpoint",
    "list": "list cases and scenarios",
    "gate": "decide go or no-go from a run that exists",
    "impact": "say which flows of real clients the divergences of a run break",
    "diff-traces": "say what a client sends otherwise than before: two versions of golden specs",
    "inspect": "hold the answers of a capture against the wire rules, nothing sent",
    "history": "check a recorded history of concurrent work again, nothing sent",
    "report": "draw the matrix of one or several runs",
    "clients": "list the real clients that are driven: what each can do, and is it here",
    "tools": "install and find the real clients",
    "serve": "serve a folder as an Azure Blob endpoint (the reference façade)",
    "mutants": "list the façade's deliberately wrong variants",
    "selftest": "run the suite over them: which requirement notices each",
    "soak": "write under faults and kills for an hour, and hold every read against a ledger",
    "trace": "list the requirements, what tests each, and what breaks it",
    "bench": "put a load profile on an endpoint, and measure it from barrier to barrier",
    "compare": "say whether one endpoint is better than another, worse, equivalent, or that it was not shown",
    "kpis": "what people decide by, from a load run that exists; objectives",
    "forecast": "say what load runs at several sizes promise of a larger one",
    "profiles": "list the load profiles: what each moves, at any scale",
    "substrates": "list the hardware an endpoint may run on: parameters, sources, physics ceiling",
    "drr": "measure how far data can be reduced, and whether an assumed ratio holds for it",
    "sweep": "remove left-over containers of earlier runs",
}

_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
"""What an operating system says when neither we nor the endpoint are to blame."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"blobproof.commands.{cmd_name.replace('-', '_')}")
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
    """Prove that a storage endpoint speaks Azure Blob, and measure how well."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with the design's exit code."""
    _end_politely()
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    try:
        with group.make_context("blobproof", words) as context:
            code = group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:  # --help and --version
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        sys.exit(ExitCode.USAGE)
    except click.ClickException as error:
        context_of = getattr(error, "ctx", None)
        path = context_of.command_path if context_of else "blobproof"
        tell(error.format_message(), f"{path} --help shows what there is.")
        sys.exit(ExitCode.USAGE)
    except KeyboardInterrupt:
        tell("interrupted")
        sys.exit(ExitCode.INDETERMINATE)
    except BrokenPipeError:
        # The reader of our output went away (`| head`). Nothing can be said to it, and nothing was verified
        # for it: the exit code is that of a program that was ended by the signal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Exception as error:
        sys.exit(say(error))
    sys.exit(code if isinstance(code, int) else ExitCode.MET)


def say(error: Exception) -> ExitCode:
    """Say what went wrong, in a line and a hint, and give its exit code; a traceback for a bug of ours."""
    code = getattr(error, "exit_code", None)
    if isinstance(error, OSError) and error.errno in _MACHINE:
        tell(f"{error.filename or 'a file'}: {error.strerror}", "Make room, or give other rights or a place.")
        return ExitCode.HARNESS
    if code is None:
        traceback.print_exception(error)
        return ExitCode.HARNESS
    tell(str(error), getattr(error, "hint", ""))
    return ExitCode(code)


def tell(what: str, hint: str = "") -> None:
    """Say what is wrong, and what to do about it."""
    click.echo(f"blobproof: {what}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def _end_politely() -> None:
    """Whoever ends us ends what we started as well: the built-in endpoints, the pytest child, the clients."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)
