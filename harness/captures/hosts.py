"""Which hosts of a capture are Blob endpoints, and where the account stands in their URLs. Pure.

Azure itself is host style; emulators and appliances are often path style. The traffic shows which: a
signature names the account, a container's request has so many path segments.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.captures.captured import Captured, CaptureError, url
from harness.endpoint import Style
from harness.exchange import Exchange, header

_NEIGHBOURS = frozenset({"queue", "table", "file", "dfs", "documents"})
"""Second labels of services that speak of versions in the same way, and are no Blob service."""


@dataclass(frozen=True, slots=True)
class Address:
    """A Blob service as clients wrote it."""

    scheme: str
    host: str
    account: str
    style: Style

    @property
    def prefix(self) -> str:
        """What stands in front of the container in a target."""
        return f"/{self.account}" if self.style is Style.PATH and self.account else ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.prefix}"


@dataclass(slots=True)
class _Evidence:
    exchanges: int = 0
    speaks_blob: bool = False
    styles: Counter[Style] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says about the endpoint, where the traffic would be guessed from."""

    url: str | None = None
    account: str | None = None

    @property
    def host(self) -> str | None:
        """The host of the URL."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower() if self.url else None

    @property
    def named(self) -> str | None:
        """The account: as said, else the path of the URL."""
        return self.account or (urlsplit(self.url).path.strip("/") or None if self.url else None)


class Census:
    """Counts the hosts of a capture, and then says what each is."""

    def __init__(self, wanted: Wanted) -> None:
        parts = url(wanted.url or "")
        if wanted.url is not None and (parts is None or parts.scheme not in ("http", "https")):
            raise CaptureError(
                f"{wanted.url} is no http or https URL", "--endpoint-url takes a service's URL."
            )
        self._wanted = wanted
        self._hosts: dict[str, _Evidence] = {}

    def add(self, captured: Captured) -> None:
        """One exchange more."""
        evidence = self._hosts.setdefault(captured.host, _Evidence())
        evidence.exchanges += 1
        evidence.speaks_blob = evidence.speaks_blob or _speaks_blob(captured)
        if (style := _shown_style(captured)) is not None:
            evidence.styles[style] += 1

    @property
    def others(self) -> dict[str, int]:
        """Hosts that are no Blob endpoint, or not the one that is wanted, and their exchanges."""
        return {host: found.exchanges for host, found in self._hosts.items() if not self._is_wanted(host)}

    def address(self, captured: Captured) -> Address | None:
        """The endpoint that an exchange went to; None when it is no Blob endpoint, or not the wanted one."""
        host, scheme = captured.host, captured.exchange.scheme
        if not self._is_wanted(host):
            return None
        style = self._style(host)
        account = _first_segment(captured.exchange) if style is Style.PATH else _first_label(host)
        if self._wanted.named not in (None, account) and style is Style.PATH:
            return None
        return Address(scheme, host, account, style)

    def _is_wanted(self, host: str) -> bool:
        if self._wanted.host is not None:
            return host == self._wanted.host
        return host in self._hosts and self._hosts[host].speaks_blob

    def _style(self, host: str) -> Style:
        named = self._wanted.named
        if named is not None:
            return Style.HOST if _first_label(host) == named else Style.PATH
        shown = self._hosts[host].styles
        if shown[Style.PATH] != shown[Style.HOST]:
            return Style.PATH if shown[Style.PATH] > shown[Style.HOST] else Style.HOST
        return Style.PATH if _is_bare(host) else Style.HOST


def _speaks_blob(captured: Captured) -> bool:
    """Whether a client asked for a storage version, or a server named one, and no other service did."""
    labels = captured.host.partition(":")[0].split(".")
    if len(labels) > 1 and labels[1] in _NEIGHBOURS:
        return False
    exchange = captured.exchange
    said = exchange.response.headers if exchange.response is not None else ()
    server = header(said, "Server") or ""
    if server.startswith("Windows-Azure-") and not server.startswith("Windows-Azure-Blob"):
        return False
    versions = (header(one, "x-ms-version") for one in (exchange.request.headers, said))
    return any(version is not None for version in versions)


def _shown_style(captured: Captured) -> Style | None:
    """What one exchange shows of the addressing style; None when it may be either."""
    path, _, query = captured.exchange.request.target.partition("?")
    segments = [one for one in path.split("/") if one]
    scheme, _, credentials = (header(captured.exchange.request.headers, "Authorization") or "").partition(" ")
    if scheme.startswith("SharedKey"):
        signer = credentials.partition(":")[0]
        if _first_label(captured.host) == signer:
            return Style.HOST
        return Style.PATH if segments and segments[0] in (signer, f"{signer}-secondary") else Style.HOST
    items = query.lower().split("&")
    if "restype=container" in items and segments:
        return Style.PATH if len(segments) > 1 else Style.HOST
    if "comp=list" in items:
        return Style.PATH if segments else Style.HOST
    return None


def _is_bare(host: str) -> bool:
    """Whether it is an address or a single name: no account fits in front of it."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." not in name
    return True


def _first_label(host: str) -> str:
    return host.partition(":")[0].partition(".")[0]


def _first_segment(exchange: Exchange) -> str:
    return exchange.request.target.partition("?")[0].lstrip("/").partition("/")[0]
