"""The containers that runs leave behind: found by their prefix, removed with List and Delete only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from harness.endpoint import Endpoint
from harness.exchange import Exchange
from harness.judge.xml import NotXmlError, root
from harness.signing import authorise
from harness.signing.canonical import http_date
from harness.signing.spec import Default
from harness.vocabulary import ExitCode
from harness.wire.connection import Connection
from harness.wire.dial import dial
from harness.wire.message import WireRequest

RUN_PREFIX = "bp-"
"""What the names of all containers of all runs start with."""

_TIMEOUT = 15.0
_PAGES = 1000  # of a listing; an endpoint whose markers never end must not hold us for ever


class ContainerListError(Exception):
    """The containers cannot be listed, so none can be removed."""

    exit_code = ExitCode.INDETERMINATE

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.hint = "Removing them by hand is safe: nobody else's containers start with this prefix."


@dataclass(frozen=True, slots=True)
class Container:
    """A container of some run."""

    name: str
    modified: datetime  # aware

    @property
    def age_hours(self) -> float:
        """Hours since its last change."""
        return (datetime.now(UTC) - self.modified).total_seconds() / 3600


def containers(endpoint: Endpoint, prefix: str) -> tuple[Container, ...]:
    """The containers whose names start with this prefix. Raises ContainerListError."""
    with dial(endpoint, timeout=_TIMEOUT) as connection:
        return tuple(_listed(endpoint, connection, prefix))


def remove(endpoint: Endpoint, names: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Delete these containers; the names of those that stayed, each with what the endpoint said."""
    stayed = []
    with dial(endpoint, timeout=_TIMEOUT) as connection:
        for name in names:
            said = _send(endpoint, connection, "DELETE", f"/{quote(name)}?restype=container")
            status = said.response.status if said.response else 0
            if status not in (202, 404):
                stayed.append(f"{name}: {status or said.failure}")
    return tuple(stayed)


def _listed(endpoint: Endpoint, connection: Connection, prefix: str) -> Iterator[Container]:
    marker = ""
    for _ in range(_PAGES):
        query = f"comp=list&prefix={quote(prefix, safe='')}" + (
            f"&marker={quote(marker, safe='')}" if marker else ""
        )
        said = _send(endpoint, connection, "GET", f"/?{query}")
        if said.response is None or said.response.status != 200:
            answer = said.response.status if said.response else said.failure
            raise ContainerListError(f"List Containers on {endpoint.name} answered {answer}")
        try:
            top = root(said.response.body.data)
        except NotXmlError as error:
            raise ContainerListError(
                f"List Containers on {endpoint.name} answered no XML: {error}"
            ) from error
        for element in top.iterfind("Containers/Container"):
            name = element.findtext("Name") or ""
            modified = element.findtext("Properties/Last-Modified")
            # The prefix is ours to check: an endpoint that overlooks it lists what is not ours to delete.
            if name.startswith(prefix) and modified:
                yield Container(name, parsedate_to_datetime(modified))
        marker = top.findtext("NextMarker") or ""
        if not marker:
            return


def _send(endpoint: Endpoint, connection: Connection, method: str, target: str) -> Exchange:
    now = datetime.now(UTC)
    face = endpoint.face()
    target = face.prefix + (target.removeprefix("/") if target.startswith("/?") and face.prefix else target)
    headers = (("Host", face.authority), ("x-ms-date", http_date(now)), ("x-ms-version", endpoint.version))
    signed = authorise(method, target, headers, endpoint, Default(), now)
    return connection.exchange(WireRequest(method, signed.target, signed.headers))
