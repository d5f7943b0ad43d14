"""Containers: directories under their account, with a small record in the state folder."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from . import fs, names, ticks
from .area import Area, Place
from .errors import ContainerExists, ContainerMissing, InvalidName
from .generations import pairs
from .records import ContainerProps, ContainerRecord, Page

_log = logging.getLogger(__name__)
_UNSET = ContainerProps()


def create(area: Area, account: str, name: str, props: ContainerProps) -> ContainerRecord:
    """Make a container; the directory comes last, so that it appears with its record."""
    if not names.is_account(account) or not names.is_container(name):
        raise InvalidName(f"{account}/{name} cannot be a container")
    place = Place(account, name)
    with area.locks.container(account, name) as held:
        if _exists(area, place):
            raise ContainerExists(f"the container {name} is there already")
        if _has_state(area, place):  # left by a deletion that was cut short
            area.locks.drain(held, account, name)
            area.trash.take(place.state)
        now = ticks.now()
        record = ContainerRecord(name, props, now, now)
        _save(area, place, record)
        fs.make_directories(account, area.root, durable=area.durable)
        try:
            os.mkdir(place.data, dir_fd=area.root)
        except FileExistsError:
            raise ContainerExists(f"the container {name} is there already") from None
        if area.durable:
            fs.sync_path(account, area.root)
        return record


def get(area: Area, account: str, name: str) -> ContainerRecord:
    """A container as it stands."""
    place = area.place(account, name)
    return _load(area, place, area.require(place))


def update(
    area: Area,
    account: str,
    name: str,
    change: Callable[[ContainerRecord], ContainerProps],
    *,
    touch: bool,
) -> ContainerRecord:
    """Replace a container's properties."""
    place = area.place(account, name)
    with area.locks.container(account, name):
        current = _load(area, place, area.require(place))
        props = change(current)
        stamp = ticks.following(current.ticks) if touch else current.ticks
        record = ContainerRecord(name, props, stamp, current.created_ticks)
        _save(area, place, record)
        return record


def delete(area: Area, account: str, name: str, check: Callable[[ContainerRecord], None]) -> None:
    """Rename a container away at once. Writers under way notice afterwards that it is gone; only the
    removal of its state waits for them, so that they cannot bring it back."""
    place = area.place(account, name)
    with area.locks.container(account, name) as held:
        check(_load(area, place, area.require(place)))
        if not area.trash.take(place.data):
            raise ContainerMissing(f"no container {name}")
        if area.durable:
            fs.sync_path(account, area.root)
        area.locks.drain(held, account, name)
        area.trash.take(place.state)


def page(area: Area, account: str, prefix: str, marker: str, limit: int) -> Page[ContainerRecord]:
    """Containers of an account by name; none when the account has no directory yet."""
    if not names.is_account(account):
        return Page(())
    low = max(prefix, marker)
    try:
        directory = os.open(account, fs.DIRECTORY, dir_fd=area.root)
    except OSError as error:
        if error.errno in fs.ABSENT:
            return Page(())
        raise
    with os.scandir(directory) as entries:
        found = sorted(
            entry.name
            for entry in entries
            if entry.name >= low
            and entry.name.startswith(prefix)
            and names.is_container(entry.name)
            and entry.is_dir(follow_symlinks=False)
        )
    os.close(directory)
    records: list[ContainerRecord] = []
    for name in found:
        if len(records) == limit:
            return Page(records, name)
        try:
            records.append(get(area, account, name))
        except ContainerMissing:
            continue
    return Page(records)


def _exists(area: Area, place: Place) -> bool:
    try:
        area.require(place)
    except ContainerMissing:
        return False
    return True


def _has_state(area: Area, place: Place) -> bool:
    try:
        os.stat(place.state, dir_fd=area.root)
    except FileNotFoundError:
        return False
    return True


def _save(area: Area, place: Place, record: ContainerRecord) -> None:
    fields: dict[str, Any] = {
        "ticks": record.ticks,
        "created": record.created_ticks,
        "metadata": record.props.metadata,
        "public_access": record.props.public_access,
        "extra": dict(record.props.extra),
        "lease": record.props.lease,
    }
    area.replace_file(f"{place.state}/container.json", json.dumps(fields).encode())


def _load(area: Area, place: Place, status: os.stat_result) -> ContainerRecord:
    path = f"{place.state}/container.json"
    data = fs.read_all(path, area.root)
    if data is not None:
        try:
            fields = json.loads(data)
            props = ContainerProps(
                pairs(fields["metadata"]),
                fields["public_access"],
                fields["extra"],
                fields.get("lease", ""),
            )
            return ContainerRecord(place.container, props, fields["ticks"], fields["created"])
        except (ValueError, KeyError, TypeError):
            _log.warning("damaged container record, not used: %s", path)
    made = ticks.from_ns(status.st_mtime_ns)
    return ContainerRecord(place.container, _UNSET, made, made, derived=True)
