"""`blobproof inspect`: the wire rules over a capture that exists; nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path

import click

from blobproof.arguments import json_option
from blobproof.console import output
from blobproof.inspect_screen import Reading, show
from harness.captures import CaptureError, Inspection, inspect, open_capture
from harness.captures.document import facts, write
from harness.captures.hosts import Wanted
from harness.vocabulary import ExitCode, Level


@click.command(name="inspect")
@click.argument("capture", type=click.Path(exists=True, path_type=Path))
@click.option("--endpoint-url", help="The service to look at; else whatever in the capture speaks Blob.")
@click.option("--account", help="The account, where the URLs do not show whether it is in host or path.")
@click.option(
    "--level",
    type=click.Choice([Level.REQUIRED.value, Level.EXPECTED.value]),
    default=Level.REQUIRED.value,
    show_default=True,
    help="Rules of this level or a stricter one decide the exit code.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write inspection.json and the broken exchanges, secrets redacted, to this folder.",
)
@json_option
def command(
    capture: Path, endpoint_url: str | None, account: str | None, level: str, out: Path | None, as_json: bool
) -> int:
    """Hold every answer in a CAPTURE against the wire rules, without sending a request.

    CAPTURE is a HAR, a mitmproxy flow file, the folder of a run, or exchange lines; gzip is unpacked.
    docs/inspect.md says how to record one.
    """
    opened = open_capture(capture)
    with Reading(output(stderr=True), opened.size) as reading:
        found = inspect(opened, Wanted(endpoint_url, account), reading.watch)
    chosen = Level(level)
    if out is not None:
        _write(out, found, chosen)
    if as_json:
        click.echo(json.dumps(facts(found, chosen), ensure_ascii=False))
    if not found.exchanges:
        raise NoTrafficError(found)
    if not as_json:
        show(output(), found, chosen)
    return found.exit_code(chosen)


def _write(folder: Path, found: Inspection, level: Level) -> None:
    try:
        write(folder, found, level)
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be written: {error.strerror}") from error


class NoTrafficError(CaptureError):
    """The capture can be read, and says nothing about a Blob endpoint."""

    exit_code = ExitCode.NOTHING_VERIFIED

    def __init__(self, found: Inspection) -> None:
        hosts = ", ".join(host or "no host" for host in list(found.others)[:5])
        seen = f"only: {hosts}" if hosts else "no exchanges at all"
        super().__init__(
            f"{found.capture.path}: no exchange with a Blob endpoint; {seen}",
            "--endpoint-url names the service, where neither side says x-ms-version.",
        )
