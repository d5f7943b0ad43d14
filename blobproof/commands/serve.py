"""`blobproof serve`: start the reference façade over a folder, with an account and key that stay the same."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from harness.vocabulary import ExitCode

_KEY_BYTES = 64  # as many as Azure's own account keys have


@click.command(
    name="serve",
    context_settings={"ignore_unknown_options": True},
    epilog="Further options go to the façade as they are: see `python -m reference_impl serve --help`.",
)
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder to serve: any POSIX tree, an NFS export too.",
)
@click.option("--account", default="blobproof", show_default=True, help="The account's name.")
@click.option("--port", default=10000, show_default=True, help="Where to listen for HTTP; 0: any free port.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when ready, nothing else.")
@click.argument("rest", nargs=-1, type=click.UNPROCESSED)
def command(root: Path, account: str, port: int, as_json: bool, rest: tuple[str, ...]) -> int:
    """Serve a folder as an Azure Blob endpoint.

    The account key is taken from AZURE_STORAGE_KEY, or made once and kept under ROOT/.blobproof.
    """
    if not root.is_dir():
        raise click.UsageError(f"{root} is not a folder; make it first: mkdir -p {root}")
    key = os.environ.get("AZURE_STORAGE_KEY") or _kept_key(root)
    child = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "reference_impl",
            "serve",
            "--root",
            str(root),
            "--port",
            str(port),
            *rest,
        ],
        stdout=subprocess.PIPE,
        # The key goes by environment: a command line is there for everybody to read.
        env={**os.environ, "BLOBPROOF_ACCOUNT": account, "BLOBPROOF_KEY": key},
        text=True,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    assert child.stdout is not None
    ready = child.stdout.readline()
    if ready:
        _announce(json.loads(ready), root, account, ready if as_json else None)
    code = child.wait()
    return code if code >= 0 else ExitCode.HARNESS  # a signal that nobody sent through us


def _kept_key(root: Path) -> str:
    path = root / ".blobproof" / "account-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _KeyFileError(path, error) from error
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    try:
        path.parent.mkdir(exist_ok=True)
        # Whole or not at all: half a key on a full disk would be taken for the key by the next start.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="account-key-") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        raise _KeyFileError(path, error) from error
    return key


class _KeyFileError(Exception):
    exit_code = ExitCode.INDETERMINATE

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"the account key cannot be kept in {path}: {error.strerror}")
        self.hint = "Make the folder writable, or give the key in AZURE_STORAGE_KEY."


def _announce(ready: dict[str, object], root: Path, account: str, line: str | None) -> None:
    url = f"{ready['http']}/{account}"
    if line is not None:
        click.echo(line, nl=False)
        return
    kept = root / ".blobproof" / "account-key"
    given = bool(os.environ.get("AZURE_STORAGE_KEY"))
    click.echo(f"serving {root} at {url}")
    click.echo(f"  account {account}, key in {'AZURE_STORAGE_KEY' if given else kept}")
    # Whoever gave the key has it in their environment; nothing is kept then.
    key = "" if given else f' AZURE_STORAGE_KEY="$(cat {kept})"'
    click.echo(f"  export AZURE_STORAGE_ACCOUNT={account}{key}")
    click.echo(f"  .venv/bin/blobproof run {url}\nCtrl-C ends it.")
