"""rclone: a process for each command, its remote `az:` made of environment variables; no configuration file.

Settings: blobs above 1 MiB are read in ranges by several streams (`--multi-thread-cutoff`; its own is 256
MiB). Its retries are as they come: ten of each request, three of each command. It compares MD5 both ways by
itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from harness.clients.process import Ran
from harness.drive.action import Action, Task
from harness.drive.client import Cannot, Limit
from harness.drive.clients._commands import CommandClient, CommandFailedError, Does, Turn, telling
from harness.drive.place import AUTHS, Place

_ALWAYS = {
    "RCLONE_CONFIG": "/dev/null",
    "RCLONE_CONFIG_AZ_TYPE": "azureblob",
}
_RANGES = ("--multi-thread-cutoff=1Mi", "--multi-thread-chunk-size=4Mi", "--multi-thread-streams=3")
_NOTHING_MOVED = 9  # an exit code


def _up(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "copyto", str(task.file), _there(task))


def _down(turn: Turn, task: Task, *options: str) -> None:
    _rclone(turn, task, "copyto", *options, _there(task), str(task.file))


def _put_tree(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "copy", str(task.file), _there(task))


def _get_tree(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "copy", _there(task), str(task.file))


def _list(turn: Turn, task: Task) -> Mapping[str, Any]:
    listed = _said(_rclone(turn, task, "lsjson", "--recursive", "--files-only", _there(task)))
    return {"names": {f"{task.blob}/{one['Path']}": one["Size"] for one in listed}}


def _copy(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "copyto", f"az:{task.container}/{task.source}", _there(task))


def _sync(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "sync", str(task.file), _there(task))


def _delete(turn: Turn, task: Task) -> None:
    _rclone(turn, task, "deletefile", _there(task))


def _metadata(turn: Turn, task: Task) -> Mapping[str, Any]:
    """Metadata go with an upload: what is there is sent once more."""
    told = [f"--metadata-set={name}={value}" for name, value in task.values.items()]
    _rclone(turn, task, "copyto", "--ignore-times", "--metadata", *told, str(task.file), _there(task))
    stat = _said(_rclone(turn, task, "lsjson", "--stat", "--metadata", _there(task)))
    found = stat.get("Metadata") or {}
    return {"metadata": {name: value for name, value in found.items() if name in task.values}}


def _create_only(turn: Turn, task: Task) -> Mapping[str, Any]:
    """It looks first: what is there is left alone, with no condition on the write."""
    words = ("copyto", "--ignore-existing", "--error-on-no-transfer")
    _rclone(turn, task, *words, str(task.file), _there(task))
    ran = _rclone(turn, task, *words, str(task.second), _there(task), exits=(0, _NOTHING_MOVED))
    return {"second": "replaced" if ran.exit == 0 else "refused"}


_DOES: Mapping[Action, Does] = MappingProxyType(
    {
        Action.PUT_SMALL: _up,
        Action.PUT_LARGE: _up,
        Action.PUT_EMPTY: _up,
        Action.GET_SMALL: _down,
        Action.GET_LARGE: lambda turn, task: _down(turn, task, *_RANGES),
        Action.PUT_TREE: _put_tree,
        Action.GET_TREE: _get_tree,
        Action.LIST: _list,
        Action.COPY: _copy,
        Action.SYNC: _sync,
        Action.DELETE: _delete,
        Action.METADATA: _metadata,
        Action.CREATE_ONLY: _create_only,
    }
)


def _there(task: Task) -> str:
    return f"az:{task.container}/{task.blob}"


def _rclone(turn: Turn, task: Task, *words: str, exits: tuple[int, ...] = (0,)) -> Ran:
    argv = (str(turn.place.found.path), *words)
    return turn.run(argv, {**_ALWAYS, **_remote(turn.place, task.container)}, exits=exits)


def _said(ran: Ran) -> Any:
    try:
        return json.loads(ran.stdout)
    except ValueError as error:
        raise CommandFailedError(f"its answer is no JSON: {error}") from None


def _remote(place: Place, container: str) -> Mapping[str, str]:
    """With a key or a token the endpoint is a setting of its own; with a SAS both are one URL."""
    if place.sas is not None:
        token = place.sas.reveal()
        where = f"{place.url}/{container}" if "sr" in parse_qs(token) else place.url
        return {"RCLONE_CONFIG_AZ_SAS_URL": f"{where}?{token}"}
    key = (
        {"RCLONE_CONFIG_AZ_KEY": place.key.reveal()}
        if place.key is not None
        else {"RCLONE_CONFIG_AZ_USE_MSI": "true"}
    )
    return {"RCLONE_CONFIG_AZ_ACCOUNT": place.account, "RCLONE_CONFIG_AZ_ENDPOINT": place.url, **key}


CLIENT = CommandClient(
    name="rclone",
    tool="rclone",
    auths=frozenset(AUTHS),
    large=9 * 2**20,
    does=_DOES,
    limits=(
        Limit(
            Cannot("The Azure SDK for Go sends a token over HTTPS only.", ("clients/13", "azcopy/2")),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
    ),
    last_words=telling(r"ERROR|RESPONSE \d|CRITICAL|Failed to"),
)
