"""AzCopy: Microsoft's data mover, a process for each job.

Settings: 4 MiB blocks for large blobs (`--block-size-mb`), folders of its own for logs and plans, 512 MiB
of buffers. No setting shortens its retries: 20 of each request, up to 16 minutes. "done" is its own word:
exit code 0 and a final job status that names no failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from harness.clients.azcopy import (
    BearerCredential,
    Credential,
    SharedKeyCredential,
    environment,
    log_text,
    read_outcome,
)
from harness.clients.process import Ran
from harness.drive.action import Action, Task
from harness.drive.client import Cannot, Limit
from harness.drive.clients._commands import CommandClient, CommandFailedError, Does, Turn
from harness.drive.place import AUTHS, Place

_BLOCK_MB = 4
_LARGE = f"--block-size-mb={_BLOCK_MB}"
_TREE = ("--recursive", "--as-subdir=false")
_FINE = frozenset({None, "Completed", "CompletedWithSkipped"})  # None: what is no job, `list`


def _up(turn: Turn, task: Task, *options: str) -> None:
    _job(turn, "copy", str(task.file), _url(turn.place, task), "--from-to=LocalBlob", *options)


def _down(turn: Turn, task: Task, *options: str) -> None:
    _job(turn, "copy", _url(turn.place, task), str(task.file), "--from-to=BlobLocal", *options)


def _list(turn: Turn, task: Task) -> Mapping[str, Any]:
    ran = _job(turn, "list", _url(turn.place, task), "--location=Blob", "--machine-readable")
    listed = read_outcome(ran).objects
    return {"names": {f"{task.blob}/{one.get('Path')}": _number(one.get("ContentLength")) for one in listed}}


def _copy(turn: Turn, task: Task) -> None:
    source, target = (_url(turn.place, task, blob) for blob in (task.source, task.blob))
    _job(turn, "copy", source, target, "--from-to=BlobBlob")


def _sync(turn: Turn, task: Task) -> None:
    target = _url(turn.place, task)
    _job(turn, "sync", str(task.file), target, "--from-to=LocalBlob", "--delete-destination=true")


def _delete(turn: Turn, task: Task) -> None:
    _job(turn, "remove", _url(turn.place, task), "--from-to=BlobTrash")


def _metadata(turn: Turn, task: Task) -> None:
    """It has no command that shows metadata: there is no fact to tell."""
    said = ";".join(f"{name}={value}" for name, value in task.values.items())
    _job(turn, "set-properties", _url(turn.place, task), "--from-to=BlobNone", f"--metadata={said}")


def _create_only(turn: Turn, task: Task) -> Mapping[str, Any]:
    """It looks first: what is there is skipped, with no condition on the write."""
    target = _url(turn.place, task)
    words = (target, "--from-to=LocalBlob", "--overwrite=false")
    _job(turn, "copy", str(task.file), *words)
    again = read_outcome(_job(turn, "copy", str(task.second), *words))
    return {"second": "refused" if again.skipped and not again.completed else "replaced"}


_DOES: Mapping[Action, Does] = MappingProxyType(
    {
        Action.PUT_SMALL: _up,
        Action.PUT_LARGE: lambda turn, task: _up(turn, task, _LARGE),
        Action.PUT_EMPTY: _up,
        Action.GET_SMALL: _down,
        Action.GET_LARGE: lambda turn, task: _down(turn, task, _LARGE),
        Action.PUT_TREE: lambda turn, task: _up(turn, task, *_TREE),
        Action.GET_TREE: lambda turn, task: _down(turn, task, *_TREE),
        Action.LIST: _list,
        Action.COPY: _copy,
        Action.SYNC: _sync,
        Action.DELETE: _delete,
        Action.METADATA: _metadata,
        Action.CREATE_ONLY: _create_only,
    }
)


def _url(place: Place, task: Task, blob: str | None = None) -> str:
    where = f"{place.url}/{task.container}/{quote(task.blob if blob is None else blob, safe='/')}"
    return f"{where}?{place.sas.reveal()}" if place.sas is not None else where


def _job(turn: Turn, *words: str) -> Ran:
    place = turn.place
    argv = [str(place.found.path), *words, "--output-type=json", "--log-level=INFO"]
    credential = _credential(place)
    if credential is not None:
        argv.append(f"--trusted-microsoft-suffixes={_suffix(place.authority)}")
    return turn.run(argv, {}, in_folder=partial(_own_folders, credential), look=_believe)


def _suffix(authority: str) -> str:
    """What a host must end with to be given a token or a signature: AzCopy compares with the port."""
    _, colon, port = authority.rpartition(":")
    return f":{port}" if colon and port.isdigit() else authority


def _own_folders(credential: Credential | None, folder: Path) -> Mapping[str, str]:
    logs, plans = _logs(folder), folder / "plans"
    for made in (logs, plans):
        made.mkdir()
    return environment(folder, logs, plans, credential)


def _logs(folder: Path) -> Path:
    return folder / "logs"


def _believe(ran: Ran, folder: Path) -> None:
    """Its final word. An exit code of 0 can go with transfers that failed, and the other way round."""
    outcome = read_outcome(ran, log_text(_logs(folder)))
    if outcome.exit != 0 or outcome.failed or outcome.status not in _FINE:
        raise CommandFailedError(outcome.summary)


def _last_words(ran: Ran, folder: Path) -> str:
    """The reason stands in its log alone."""
    reasons = read_outcome(ran, log_text(_logs(folder))).reasons
    return reasons[-1] if reasons else ""


def _credential(place: Place) -> Credential | None:
    if place.key is not None:
        return SharedKeyCredential(place.account, place.key)
    if place.token is not None:
        return BearerCredential(place.token)
    return None  # the URLs carry a SAS


def _number(text: object) -> int:
    return int(str(text)) if str(text).isdigit() else -1


CLIENT = CommandClient(
    name="azcopy",
    tool="azcopy",
    auths=frozenset(AUTHS),
    large=2 * _BLOCK_MB * 2**20 + 2**20,
    does=_DOES,
    limits=(
        Limit(
            Cannot(
                "The endpoint reads a copy source with a SAS or a token in the request; a key signs none.",
                ("azcopy/3.5",),
            ),
            actions=frozenset({Action.COPY}),
            auths=frozenset({"shared-key"}),
        ),
        Limit(
            Cannot("AzCopy sends a token over HTTPS only.", ("azcopy/2",)),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
    last_words=_last_words,
)
