"""The permission each operation needs, for every way of being authorised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["s", "c", "o"]
Role = Literal["reader", "writer", "admin"]
Public = Literal["blob", "container"]

RANK: dict[str, int] = {"reader": 1, "writer": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Needs:
    """What an operation asks of whoever calls it.

    `level` is the resource type of an account SAS. `account` and `service` list the SAS permissions of
    which one suffices; an empty `service` means that no service SAS can do it. `role` is the least bearer
    role. `public` is the least public access of the container that lets an anonymous caller in.
    `anything` marks what every valid credential may do; `no_sas`, `no_token` and
    `token_only` refuse whole kinds of credentials.
    """

    level: Level
    account: str
    service: str
    role: Role
    public: Public | None = None
    anything: bool = False
    no_sas: bool = False
    no_token: bool = False
    token_only: bool = False


READ_BLOB = Needs("o", "r", "r", "reader", "blob")
CREATE_BLOB = Needs("o", "cw", "cw", "writer")
APPEND_BLOB = Needs("o", "aw", "aw", "writer")
WRITE_BLOB = Needs("o", "w", "w", "writer")
DELETE_BLOB = Needs("o", "d", "d", "writer")
BREAK_BLOB_LEASE = Needs("o", "wd", "wd", "writer")
READ_TAGS = Needs("o", "t", "t", "reader")
WRITE_TAGS = Needs("o", "t", "t", "writer")
LIST_BLOBS = Needs("c", "l", "l", "reader", "container")
CREATE_CONTAINER = Needs("c", "cw", "", "writer")
READ_CONTAINER = Needs("c", "r", "", "reader", "container")
WRITE_CONTAINER = Needs("c", "w", "", "writer")
DELETE_CONTAINER = Needs("c", "d", "", "writer")
BREAK_CONTAINER_LEASE = Needs("c", "wd", "", "writer")
CONTAINER_ACL = Needs("c", "", "", "admin", no_sas=True, no_token=True)
LIST_CONTAINERS = Needs("s", "l", "", "reader")
READ_SERVICE = Needs("s", "r", "", "reader")
WRITE_SERVICE = Needs("s", "w", "", "admin")
ANY = Needs("o", "", "", "reader", anything=True)
DELEGATION_KEY = Needs("s", "", "", "reader", no_sas=True, token_only=True)
