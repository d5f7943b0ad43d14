"""Which address of an endpoint a replay goes to: another style, HTTPS, or a recorder in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from harness.endpoint import Endpoint, Face, Style
from harness.endpoints.errors import EndpointError


class AddressError(EndpointError):
    """The endpoint has no address of that name or style."""


def at_address(endpoint: Endpoint, face: str | None, style: Style | None) -> Endpoint:
    """The same service at the address that a user names, by its name or by its style. Raises AddressError."""
    try:
        if style is not None:
            face = styled(endpoint, style)
        return turned(endpoint, face)
    except LookupError as error:
        raise AddressError(str(error), "A TOML file can name more addresses: see docs/replay.md.") from None


def turned(endpoint: Endpoint, face: str | None) -> Endpoint:
    """The same service with another of its addresses as the main one.

    Raises LookupError, with a sentence for the user, when there is no such address.
    """
    wanted = endpoint.face(face)
    if wanted.name == "main":
        return endpoint
    others = {name: url for name, url in endpoint.also.items() if name != wanted.name}
    if wanted.style is Style.HOST and "host-https" in others:
        others.pop("https", None)  # bearer tokens stay in the style as well
    return replace(
        endpoint,
        url=wanted.url,
        style=wanted.style,
        connect=None if endpoint.connect is None else wanted.address,
        also=MappingProxyType(others),
    )


def toward(endpoint: Endpoint, via: Face | str) -> Endpoint:
    """The same service by way of something in front of it: a recorder's address, or its URL."""
    if isinstance(via, str):
        return replace(endpoint, url=via, connect=None, also=MappingProxyType({}))
    return replace(endpoint, url=via.url, style=via.style, connect=via.address, also=MappingProxyType({}))


def styled(endpoint: Endpoint, style: Style) -> str | None:
    """The name of the address with this style and the endpoint's scheme. Raises LookupError."""
    if endpoint.style is style:
        return None
    secure = endpoint.url.startswith("https:")
    name = {
        (Style.PATH, True): "https",
        (Style.HOST, False): "host",
        (Style.HOST, True): "host-https",
    }.get((style, secure))
    if name is None or name not in endpoint.also:
        raise LookupError(f"endpoint {endpoint.name} has no address of style {style.value}")
    return name


def fitting(endpoint: Endpoint, needs: Mapping[str, Any]) -> Endpoint:
    """The endpoint at the first of its addresses that is as a spec needs it: scheme, style.

    Raises LookupError, with a sentence for the user, when none is.
    """
    for name in (None, *endpoint.also):
        face = endpoint.face(name)
        are = {"scheme": face.scheme, "style": face.style.value}
        if all(are[key] == wanted for key, wanted in needs.items()):
            return turned(endpoint, name)
    said = " and ".join(f"{key} {wanted}" for key, wanted in needs.items())
    raise LookupError(f"it is about {said}, and endpoint {endpoint.name} has no such address")
