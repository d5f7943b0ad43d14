"""boostedblob: its command bbb as users type it, and its library where the command has no words.

It knows no host but ACCOUNT.blob.core.windows.net, so a CONNECT proxy leads it to the endpoint; its program
and its library are unmodified. Settings: 1 MiB chunks for large blobs, which only the library can be told
(its own are 32 MiB). Its retries are as they come: 25 of each request, waiting from 0.1 s up to 60 s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.clients.process import Ran
from harness.drive.action import Action, Task
from harness.drive.client import Cannot, Limit
from harness.drive.clients._commands import CommandClient, CommandFailedError, Does, Turn, telling
from harness.drive.place import Place
from harness.endpoint import Style

_SCRIPT = Path(__file__).resolve().parents[2] / "clients" / "scripts" / "drive_boostedblob.py"
_CHUNK = 2**20
_ENTRY = re.compile(r" *(\d+)  \S{19}  (.*)")


def _put(turn: Turn, task: Task) -> None:
    _bbb(turn, "cp", str(task.file), _there(turn, task.container, task.blob))


def _get(turn: Turn, task: Task) -> None:
    _bbb(turn, "cp", _there(turn, task.container, task.blob), str(task.file))


def _put_large(turn: Turn, task: Task) -> None:
    _library(turn, "copy", str(task.file), _there(turn, task.container, task.blob))


def _get_large(turn: Turn, task: Task) -> None:
    _library(turn, "copy", _there(turn, task.container, task.blob), str(task.file))


def _put_tree(turn: Turn, task: Task) -> None:
    _bbb(turn, "cptree", str(task.file), _there(turn, task.container, task.blob))


def _get_tree(turn: Turn, task: Task) -> None:
    _bbb(turn, "cptree", _there(turn, task.container, task.blob), str(task.file))


def _list(turn: Turn, task: Task) -> Mapping[str, Any]:
    words = ("lstree", "--long", "--machine", "--relative", _there(turn, task.container, task.blob))
    entries = [_ENTRY.fullmatch(line) for line in _bbb(turn, *words).stdout.splitlines()]
    return {"names": {f"{task.blob}/{entry[2]}": int(entry[1]) for entry in entries if entry}}


def _copy(turn: Turn, task: Task) -> None:
    _bbb(turn, "cp", *(_there(turn, task.container, blob) for blob in (task.source, task.blob)))


def _sync(turn: Turn, task: Task) -> None:
    _bbb(turn, "sync", "--delete", str(task.file), _there(turn, task.container, task.blob))


def _delete(turn: Turn, task: Task) -> None:
    _bbb(turn, "rm", _there(turn, task.container, task.blob))


def _create_only(turn: Turn, task: Task) -> Mapping[str, Any]:
    """bbb always replaces; its library looks first, and has no condition on the write."""
    target = _there(turn, task.container, task.blob)
    return _library(turn, "create", str(task.file), target, second=str(task.second))


_DOES: Mapping[Action, Does] = MappingProxyType(
    {
        Action.PUT_SMALL: _put,
        Action.PUT_LARGE: _put_large,
        Action.PUT_EMPTY: _put,
        Action.GET_SMALL: _get,
        Action.GET_LARGE: _get_large,
        Action.PUT_TREE: _put_tree,
        Action.GET_TREE: _get_tree,
        Action.LIST: _list,
        Action.COPY: _copy,
        Action.SYNC: _sync,
        Action.DELETE: _delete,
        Action.CREATE_ONLY: _create_only,
    }
)


def _there(turn: Turn, container: str, blob: str) -> str:
    return f"az://{turn.place.account}/{container}/{blob}"


def _bbb(turn: Turn, *words: str) -> Ran:
    return turn.run((str(turn.place.found.path), *words), _environment(turn.place))


def _library(turn: Turn, what: str, source: str, target: str, **more: str) -> Mapping[str, Any]:
    python = str(turn.place.found.path.with_name("python"))
    wanted = {"what": what, "source": source, "target": target, "chunk": _CHUNK, **more}
    argv = (python, "-B", "-u", str(_SCRIPT))
    ran = turn.run(argv, _environment(turn.place), stdin=json.dumps(wanted).encode())
    try:
        said: Mapping[str, Any] = json.loads(ran.stdout)
    except ValueError:
        raise CommandFailedError("its answer is no JSON") from None
    return said


def _environment(place: Place) -> Mapping[str, str]:
    key = {"AZURE_STORAGE_KEY": place.key.reveal()} if place.key is not None else {}
    return {
        "AZURE_STORAGE_ACCOUNT": place.account,
        "BBB_DISABLE_CACHE": "1",  # it would keep the key in a file
        **key,
    }


CLIENT = CommandClient(
    name="boostedblob",
    tool="boostedblob",
    auths=frozenset({"shared-key", "bearer"}),
    large=4 * _CHUNK + 1,
    does=_DOES,
    limits=(
        Limit(
            Cannot("boostedblob neither sets nor shows metadata.", ("clients/5",)),
            actions=frozenset({Action.METADATA}),
        ),
        Limit(
            Cannot("boostedblob knows no host but ACCOUNT.blob.core.windows.net.", ("clients/5",)),
            styles=frozenset({Style.PATH}),
        ),
        Limit(
            Cannot("boostedblob takes a key or a token, no SAS.", ("clients/5",)),
            auths=frozenset({"account-sas", "service-sas", "user-delegation-sas"}),
        ),
        Limit(
            Cannot("boostedblob speaks HTTPS only, and so do tokens.", ("clients/5",)),
            schemes=frozenset({"http"}),
            auths=frozenset({"bearer"}),
        ),
        Limit(
            Cannot(
                "Of a tree boostedblob writes an empty file with one Put Blob, signed with Content-Length 0 "
                "where an empty line belongs: an exact service refuses that signature.",
                ("boostedblob/azure_auth.py", "rest/authorize-with-shared-key"),
            ),
            actions=frozenset({Action.PUT_TREE, Action.SYNC}),
            auths=frozenset({"shared-key"}),
        ),
    ),
    last_words=telling(r"^(Reason|Status): |^[\w.]*Error\b"),
)
