"""Which addresses a copy source may have: public ones, and what the operator allows by network."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from reference_impl.config import Network

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_PLATFORM = IPv4Address("168.63.129.16")
"""Public by number, yet the host of every Azure machine: it hands out that machine's secrets."""


def refusal_of(address: str, allowed: Sequence[Network]) -> str | None:
    """Why `address` (numeric, as the resolver gave it) may not be connected to; None: it may.

    An IPv6 address that carries an IPv4 one is judged by what it carries as well; an IPv4-mapped one, and one
    of 6to4, is refused even when that is public. Either address in an allowed network is enough.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"{address} is no address"
    faces = [parsed, *_carried(parsed)]
    if any(_within(face, network) for face in faces for network in allowed):
        return None
    for face in faces:
        kind = _kind(face)
        if kind is not None:
            return f"{address} is {kind}"
    return None


def _within(address: IPv4Address | IPv6Address, network: Network) -> bool:
    if isinstance(address, IPv4Address):
        return isinstance(network, IPv4Network) and address in network
    return isinstance(network, IPv6Network) and address in network


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 address that an IPv6 one leads to, if any."""
    if isinstance(address, IPv4Address):
        return []
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return [address.teredo[1]]
    if any(address in network for network in _NAT64):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _kind(address: IPv4Address | IPv6Address) -> str | None:
    """What is wrong with an address, in words."""
    if isinstance(address, IPv6Address):
        # Interpreters do not agree on whether 6to4 is public; nobody needs it any more.
        if address.ipv4_mapped is not None or address.sixtofour is not None:
            return "an IPv4 address in the clothes of an IPv6 one"
        if address.is_site_local:
            return "private"
    if address == _PLATFORM:
        return "the machine's own platform"
    for kind, holds in (
        ("unspecified", address.is_unspecified),
        ("loopback", address.is_loopback),
        ("link-local", address.is_link_local),
        ("multicast", address.is_multicast),
        ("private", not address.is_global),
        ("reserved", address.is_reserved),
    ):
        if holds:
            return kind
    return None
