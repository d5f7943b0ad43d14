"""The containers that runs leave behind: found by their prefix, removed with List and Delete only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from harness.endpoint import Endpoint
from harness.exchange import Exchange
from harness.judge.xml import NotXmlError, root
from harness.signing import face_for
from harness.signing.request import own_request
from harness.signing.spec import Default
from harness.vocabulary import ExitCode
from harness.wire.connection import Connection
from harness.wire.dial import dial

RUN_PREFIX = "bp-"
"""What the names of all containers of all runs start with."""

_TIMEOUT = 15.0
_PAGES = 1000  # of a listing; an endpoint whose markers never end must not hold us for ever


class ContainerListError(Exception):
    """The containers cannot be listed, so none can be removed."""

    exit_code = ExitCode.INDETERMINATE

    def __init__(self, endpoint: Endpoint, what: str) -> None:
        super().__init__(f"List Containers on {endpoint.name} answered {what}")
        self.hint = "blobproof doctor says whose fault it is."


@dataclass(frozen=True, slots=True)
class Container:
    """A container of some run."""

    name: str
    modified: datetime | None  # aware; None when the endpoint says nothing that is a time

    @property
    def age_hours(self) -> float | None:
        """Hours since its last change, where they are known."""
        if self.modified is None:
            return None
        return (datetime.now(UTC) - self.modified).total_seconds() / 3600


def containers(endpoint: Endpoint, prefix: str) -> tuple[Container, ...]:
    """The containers whose names start with this prefix. Raises ContainerListError."""
    with _dial(endpoint) as connection:
        return tuple(_listed(endpoint, connection, prefix))


def older(found: Iterable[Container], hours: float) -> tuple[str, ...]:
    """The names of those that have not changed for so long; those of unknown age are not among them."""
    return tuple(one.name for one in found if one.age_hours is not None and one.age_hours >= hours)


def remove(endpoint: Endpoint, names: Iterable[str]) -> Mapping[str, str]:
    """Delete these containers; those that stayed, each with what the endpoint said.

    An endpoint that no longer answers is asked once, not once for each.
    """
    stayed: dict[str, str] = {}
    gone = ""
    with _dial(endpoint) as connection:
        for name in names:
            if gone:
                stayed[name] = gone
                continue
            said = _send(endpoint, connection, "DELETE", f"/{quote(name)}?restype=container")
            if said.response is None:
                gone = stayed[name] = said.failure or "no answer"
            elif said.response.status not in (202, 404):
                stayed[name] = str(said.response.status)
    return stayed


def _listed(endpoint: Endpoint, connection: Connection, prefix: str) -> Iterator[Container]:
    marker = ""
    for _ in range(_PAGES):
        query = f"comp=list&prefix={quote(prefix, safe='')}" + (
            f"&marker={quote(marker, safe='')}" if marker else ""
        )
        said = _send(endpoint, connection, "GET", f"/?{query}")
        if said.response is None or said.response.status != 200:
            answer = said.response.status if said.response else said.failure
            raise ContainerListError(endpoint, str(answer))
        try:
            top = root(said.response.body.data)
        except NotXmlError as error:
            raise ContainerListError(endpoint, f"no XML: {error}") from error
        for element in top.iterfind("Containers/Container"):
            name = element.findtext("Name") or ""
            modified = element.findtext("Properties/Last-Modified")
            # The prefix is ours to check: an endpoint that overlooks it lists what is not ours to delete.
            if name.startswith(prefix):
                yield Container(name, _time(modified or ""))
        marker = top.findtext("NextMarker") or ""
        if not marker:
            return


def _dial(endpoint: Endpoint) -> Connection:
    # A token goes over TLS where there is TLS, as everywhere.
    return dial(endpoint, face_for(Default(), endpoint), timeout=_TIMEOUT)


def _time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _send(endpoint: Endpoint, connection: Connection, method: str, target: str) -> Exchange:
    face = endpoint.face(face_for(Default(), endpoint))
    relative = target.removeprefix("/") if target.startswith("/?") and face.prefix else target
    return connection.exchange(own_request(endpoint, face, method, relative))
