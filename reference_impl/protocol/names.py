"""Names of containers and blobs, and how a request path is taken apart into account, container and blob."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from reference_impl.protocol.errors import BlobError

RESERVED = frozenset({"$root", "$web", "$logs", "$blobchangefeed"})
ROOT = "$root"
MAX_BLOB_NAME = 1024
MAX_SEGMENTS = 254
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9])*", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LENGTH_MESSAGE = "The specified resource name length is not within the permissible limits."


@dataclass(frozen=True, slots=True)
class Resource:
    """What a request addresses. `container` None: the account. `blob` None: the container."""

    account: str
    container: str | None
    blob: str | None


def decode(text: str) -> str:
    """Percent-decode a part of a path as UTF-8; `+` stays. Raises 400 InvalidUri for what is no UTF-8."""
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise BlobError("InvalidUri")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise BlobError("InvalidUri") from None


def host_account(host: str | None, accounts: frozenset[str]) -> str | None:
    """The account a Host header names: its first label, when that is a known account of a `blob` domain."""
    if not host:
        return None
    label, dot, domain = host.lower().partition(".")
    return label if dot and "blob" in domain and label in accounts else None


def split_path(path: str, account: str | None) -> tuple[str, str]:
    """(account, rest) of a raw path; `account` is the one the host names, or None for path style.

    `rest` starts with a slash or is empty.
    """
    if account is not None:
        return account, path
    name, slash, rest = path.removeprefix("/").partition("/")
    return decode(name), slash + rest


def parse(path: str, account: str | None, *, container_level: bool) -> Resource:
    """Take a raw request path apart.

    `container_level` says that `restype=container` (or account) was asked, so that a single segment is a
    container; without it, it is a blob of `$root`. Raises 400 for names that the service refuses.
    """
    owner, rest = split_path(path, account)
    rest = rest.removeprefix("/")
    if not rest:
        return Resource(owner, None, None)
    first, slash, tail = rest.partition("/")
    if container_level and not tail:
        return Resource(owner, check_container(decode(first)), None)
    if not slash:
        return Resource(owner, ROOT, check_blob(decode(first)))
    return Resource(owner, check_container(decode(first)), check_blob(decode(tail)))


def check_container(name: str) -> str:
    """The name, or 400 InvalidResourceName or OutOfRangeInput."""
    if name in RESERVED:
        return name
    if not 3 <= len(name) <= 63:
        raise BlobError("OutOfRangeInput", message=_LENGTH_MESSAGE)
    if not _CONTAINER.fullmatch(name):
        raise BlobError("InvalidResourceName")
    return name


def check_blob(name: str) -> str:
    """The name as stored, trailing dots dropped, or 400.

    The service drops dots at the end of a name. A last segment of nothing but dots is kept, so that `.`
    and `..` stay names of their own.
    """
    last = name.rpartition("/")[2]
    if last.endswith(".") and last.strip("."):
        name = name.rstrip(".")
    if not name:
        raise BlobError("InvalidUri")
    if len(name) > MAX_BLOB_NAME or len(name.encode("utf-16-le")) > 2 * MAX_BLOB_NAME:
        raise BlobError("OutOfRangeInput", message=_LENGTH_MESSAGE)
    if name.count("/") >= MAX_SEGMENTS:
        raise BlobError("InvalidResourceName")
    return name
