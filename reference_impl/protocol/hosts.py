"""Names of this server: whether the URL of a copy source means the façade itself, and which account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult

from reference_impl.protocol.names import host_account

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PUBLIC = re.compile(rf"(\*\.)?({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PublicHost:
    """A name under which clients know this server, as its operator says."""

    name: str
    port: int | None = None  # None: the usual one of http and of https
    below: bool = False  # it is the names one label below that are meant, a label for each account

    def covers(self, host: str, port: int, scheme: str) -> bool:
        """Whether this is such a name."""
        if port != (self.port or _DEFAULT_PORTS[scheme]):
            return False
        return host.partition(".")[2] == self.name if self.below else host == self.name


def parse_public_host(text: str) -> PublicHost | None:
    """`name`, `name:port`, `*.name` or `*.name:port`; None for anything else."""
    match = _PUBLIC.fullmatch(text.lower())
    if match is None or (match[3] and not 1 <= int(match[3]) <= 65535):
        return None
    return PublicHost(match[2], int(match[3]) if match[3] else None, match[1] is not None)


@dataclass(frozen=True, slots=True)
class Known:
    """What this server is known by: to its operator, and to the client whose request is being answered."""

    accounts: frozenset[str]
    domain: str  # host style is ACCOUNT.domain
    public: tuple[PublicHost, ...]
    local: tuple[str, int]  # the address that took the request
    host: str  # the request's own Host header


@dataclass(frozen=True, slots=True)
class Own:
    """A URL of this server. `account` is the one that its host names; None for path style."""

    account: str | None


def own(parts: SplitResult, known: Known) -> Own | None:
    """Whether a URL (http or https, with a host) means this server; None when it does not, or may not.

    A name that only looks like Azure's is another server: the account that is being moved away from may
    well be called as its copy here is.
    """
    host = (parts.hostname or "").lower()
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    account = host_account(host, known.accounts)
    first = parts.path.removeprefix("/").partition("/")[0]
    if account is None and first not in known.accounts:
        return None
    told = any(public.covers(host, port, parts.scheme) for public in known.public)
    if account is not None:
        domain = host.partition(".")[2]
        served = domain == known.domain.lower() and (parts.port is None or port == known.local[1])
        mine = told or served or _same_place(parts, known, below=True)
    else:
        mine = told or (host, port) == known.local or _same_place(parts, known, below=False)
    return Own(account) if mine else None


def _same_place(parts: SplitResult, known: Known, *, below: bool) -> bool:
    """Whether the source is where the request itself was sent; with `below`, in the same domain."""
    asked = _without_default_port(known.host.lower())
    named = _without_default_port(parts.netloc.lower())
    if not below:
        return named == asked
    same_domain = named.partition(".")[2] == asked.partition(".")[2]
    return same_domain and host_account(asked, known.accounts) is not None


def _without_default_port(authority: str) -> str:
    """Which of the two it is cannot be told of a Host header behind a proxy that speaks TLS."""
    return authority.removesuffix(":443").removesuffix(":80")
