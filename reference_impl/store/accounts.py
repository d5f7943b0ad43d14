"""What is kept of an account as a whole: the parts of its service properties, one small file."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import fs, names
from .area import STATE, Area
from .errors import InvalidName

_log = logging.getLogger(__name__)
NONE: Mapping[str, str] = MappingProxyType({})
Parts = Mapping[str, str]


class Accounts:
    """Service properties by account. They are asked for with every request, so the last ones read are kept;
    the file's identity tells whether they still hold."""

    def __init__(self, area: Area) -> None:
        self._area = area
        self._paths: dict[str, str] = {}
        self._kept: dict[str, tuple[fs.Identity, Parts]] = {}

    def get(self, account: str) -> Parts:
        """The parts that somebody set; empty when nobody did."""
        path = self._paths.get(account)
        if path is None:
            path = self._paths[account] = _path(account)
        try:
            identity = fs.identity(os.stat(path, dir_fd=self._area.root))
        except FileNotFoundError:
            return NONE
        kept = self._kept.get(account)
        if kept is None or kept[0] != identity:
            kept = self._kept[account] = (identity, self._load(path))
        return kept[1]

    def update(self, account: str, change: Callable[[Parts], Parts]) -> None:
        """Replace the parts, whole or not at all."""
        path = _path(account)
        with self._area.locks.container(account, ""):
            parts = change(self._load(path))
            self._area.replace_file(path, json.dumps(dict(parts)).encode())

    def _load(self, path: str) -> Parts:
        data = fs.read_all(path, self._area.root)
        if data is None:
            return NONE
        try:
            parts = json.loads(data)
            return MappingProxyType({str(name): str(text) for name, text in parts.items()})
        except (ValueError, AttributeError):
            # Only a crash of the whole machine without fsync (durable=False) leaves such a file.
            _log.warning("damaged service properties, not used: %s", path)
            return NONE


def _path(account: str) -> str:
    if not names.is_account(account):
        raise InvalidName(f"{account} cannot be an account")
    return f"{STATE}/{account}/service.json"
