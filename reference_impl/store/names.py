"""Which names have a natural path, and the keys that stand for names elsewhere. Pure.

A name is *natural* when its path can be used as it is on any POSIX file system. Others live in the annex.
"""

from __future__ import annotations

import hashlib
import re

MAX_COMPONENT = 255  # bytes: NAME_MAX of every file system we know
MAX_PATH = 3000  # bytes: leaves a quarter of PATH_MAX (4096) to the root, so that NFS users can open it
MAX_LENGTH = 1024  # characters: Azure's limit for a blob name
MAX_DEPTH = 254  # Azure's limit; it also bounds the descriptors that a listing holds

# Control characters are legal in a path but break every tool that a human would use on it; surrogates have
# no UTF-8. NFS clients keep .nfs… files for what was replaced while open: they come and go by themselves.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNFIT_PART = re.compile(r"(?:\A|/)(?:\.{0,2}|\.nfs[0-9a-fA-F]{16,})(?:/|\Z)")

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_CONTAINER = re.compile(r"\$(?:root|web|logs|blobchangefeed)|(?=.{3,63}\Z)[a-z0-9](?:-?[a-z0-9])*")


def is_account(name: str) -> bool:
    """Whether an account's name can be a directory under the root."""
    return _ACCOUNT.fullmatch(name) is not None


def is_container(name: str) -> bool:
    """Whether Azure would accept the name for a container (`$root` and its like included)."""
    return _CONTAINER.fullmatch(name) is not None


def is_natural(name: str) -> bool:
    """Whether the name can be a path below its container, leaving aside what else is in the tree."""
    if not name or _UNFIT.search(name) or _UNFIT_PART.search(name):
        return False
    if len(name) * 4 <= MAX_COMPONENT:  # four bytes are the most that a character takes
        return True
    if len(name) > MAX_LENGTH or len(name.encode()) > MAX_PATH or name.count("/") >= MAX_DEPTH:
        return False
    return all(len(part.encode()) <= MAX_COMPONENT for part in name.split("/"))


def is_natural_part(part: str) -> bool:
    """The same for one directory entry, which the file system already accepts."""
    return not (_UNFIT.search(part) or (part[0] == "." and _UNFIT_PART.search(part)))


def digest(name: str) -> str:
    """The key of a name in the state folder: SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def after(prefix: str) -> str | None:
    """The least string above all that start with the prefix; None: there is none.

    Python compares strings by code point, which is the order of their UTF-8 bytes.
    """
    trimmed = prefix.rstrip("\U0010ffff")
    return trimmed[:-1] + chr(ord(trimmed[-1]) + 1) if trimmed else None
