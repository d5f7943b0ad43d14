"""From a URL to an account and an addressing style, with an error for each that names no Blob service."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.endpoint import Style
from harness.endpoints.errors import BadUrlError

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_EXAMPLES = "Examples: http://127.0.0.1:10000/ACCOUNT, https://ACCOUNT.blob.example.net"


@dataclass(frozen=True, slots=True)
class Address:
    """A service root: where, how addressed, whose. `sas` is the query of the URL, when it had one."""

    url: str
    account: str
    style: Style
    sas: str | None = None


def parse_url(
    text: str, *, style: Style | None = None, account: str | None = None, fallback: str | None = None
) -> Address:
    """What a service URL says; `style` and `account` override what would be inferred.

    `fallback` is the account of a URL that names none.

    An IP address or `localhost` means path style, as does a path; any other host means host style, with the
    account as its first label. Raises `BadUrlError`.
    """
    parts = _split(text)
    segments = [segment for segment in parts.path.split("/") if segment]
    chosen = style or _infer_style(parts, segments)
    if chosen is Style.HOST:
        named = _host_account(parts, segments)
    else:
        named = _path_account(parts, segments, account or fallback)
    owner = account or named
    if not _ACCOUNT.fullmatch(owner):
        raise BadUrlError(
            f"{owner!r} in {_shown(parts)} is no account name",
            "Account names have 3 to 24 lower-case letters and digits. " + _EXAMPLES,
        )
    root = f"{parts.scheme}://{parts.netloc}" + (f"/{named}" if chosen is Style.PATH else "")
    return Address(root, owner, chosen, parts.query or None)


def is_literal(host: str) -> bool:
    """Whether this host means path style by itself: an IP address, or `localhost`."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise BadUrlError(f"not a URL: {text.partition('?')[0]!r} ({error})", _EXAMPLES) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadUrlError(f"not an http or https URL: {text.partition('?')[0]!r}", _EXAMPLES)
    if port == 0 or parts.username is not None or parts.fragment:
        raise BadUrlError(
            f"{_shown(parts)} has port 0, user information or a fragment",
            "Give scheme, host, port and account only. " + _EXAMPLES,
        )
    return parts


def _infer_style(parts: SplitResult, segments: list[str]) -> Style:
    host = parts.hostname or ""
    if is_literal(host):
        return Style.PATH
    if ".blob." in f"{host}." or not segments:
        return Style.HOST if "." in host else Style.PATH
    return Style.PATH


def _host_account(parts: SplitResult, segments: list[str]) -> str:
    if segments:
        raise BadUrlError(
            f"{_shown(parts)} goes past the service root: the account is in the host name",
            f"Give {parts.scheme}://{parts.netloc}, without a container.",
        )
    return (parts.hostname or "").partition(".")[0]


def _path_account(parts: SplitResult, segments: list[str], account: str | None) -> str:
    if len(segments) == 1:
        return segments[0]
    if not segments and account:
        return account
    where = f"{parts.scheme}://{parts.netloc}"
    if not segments:
        raise BadUrlError(
            f"{_shown(parts)} names no account",
            f"Give {where}/ACCOUNT, or set AZURE_STORAGE_ACCOUNT.",
        )
    raise BadUrlError(
        f"{_shown(parts)} goes past the account", f"Give {where}/{segments[0]}, without a container."
    )


def _shown(parts: SplitResult) -> str:
    """The URL for a message: a SAS in its query stays out."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
