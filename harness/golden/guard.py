"""The guard of everything that is written under traces/: no text that holds a secret gets past it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote

from harness.redact import redact_text
from harness.vocabulary import ExitCode

_SHORTEST = 8
_KEY = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==")  # base64 of 64 bytes: an account key
_MAC = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])")  # of 32 bytes: a signature


class LeakError(Exception):
    """A text that was about to be written holds a secret. The message says where, never what."""

    exit_code = ExitCode.HARNESS
    hint = "Nothing was written. The compiler lacks a rule for this place: please report it."


def check(text: str, secrets: Iterable[str], what: str) -> None:
    """Raises LeakError where the text holds one of the secrets in any spelling, or anything like one."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if (why := _leak(line, secrets)) is not None:
            raise LeakError(f"{what}, line {number}: {why}")
    if _known("".join(line.strip() for line in lines), secrets):
        raise LeakError(f"{what}: a secret of this recording, over several lines")


def _leak(line: str, secrets: Iterable[str]) -> str | None:
    if _known(line, secrets):
        return "a secret of this recording"
    if redact_text(line) != line:
        return "something that looks like a signature, key or token"
    if _KEY.search(line):
        return "something that looks like an account key"
    if _MAC.search(line):
        return "something that looks like a signature without a name"
    return None


def _known(text: str, secrets: Iterable[str]) -> bool:
    return any(spelt in text for secret in secrets for spelt in _spellings(secret))


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it may be written: as it is, percent-encoded either way, in base64 or hexadecimal."""
    if len(secret) < _SHORTEST:
        return
    plain = {secret, unquote(secret)}
    raw = {one.encode() for one in plain}
    with contextlib.suppress(binascii.Error, ValueError):
        raw.add(base64.b64decode(secret, validate=True))
    for one in plain:
        yield from (one, quote(one), quote(one, safe=""), quote_plus(one))
        yield quote(one, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")
    for data in raw:
        yield from (base64.b64encode(data).decode(), data.hex(), data.hex().upper())
