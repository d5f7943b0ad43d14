"""One request on its way through the façade: what it means, who sent it, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from reference_impl.auth.permissions import Needs
from reference_impl.auth.principal import ANONYMOUS, Principal
from reference_impl.http.message import FileSlice, Request, Response, ResponseBody
from reference_impl.operations.service import Service
from reference_impl.protocol import cors, headers_out, metadata, since, times, xml_out
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.names import Resource
from reference_impl.protocol.query import Query


@dataclass(frozen=True, slots=True)
class Operation:
    """A row of the operation table: its name, the permission it needs, and the function that does it."""

    name: str
    needs: Needs
    run: Callable[[Call], Awaitable[Response]]
    newer: bool = False  # its errors have the body of the service's newer code path
    framed: bool = False  # its body, or that of its answer, may be a structured message


class Call:
    """A request with everything that is known about it. `operation` and `principal` are set on the way."""

    __slots__ = (
        "client_request_id",
        "cors",
        "host_style",
        "operation",
        "principal",
        "query",
        "request",
        "request_id",
        "resource",
        "service",
        "version",
    )

    def __init__(self, service: Service, request: Request) -> None:
        self.service = service
        self.request = request
        self.query = Query(request.query)
        self.request_id = headers_out.new_request_id()
        self.client_request_id = request.headers.get("x-ms-client-request-id")
        self.version = ""
        self.cors: tuple[cors.Rule, ...] = ()
        self.host_style = False
        self.resource = Resource("", None, None)
        self.principal: Principal = ANONYMOUS
        self.operation: Operation | None = None

    @property
    def account(self) -> str:
        """The account the request addresses."""
        return self.resource.account

    @property
    def container(self) -> str:
        """The container; only for operations below the account."""
        if self.resource.container is None:
            raise BlobError("InvalidUri")
        return self.resource.container

    @property
    def blob(self) -> str:
        """The blob; only for operations on blobs."""
        if self.resource.blob is None:
            raise BlobError("InvalidUri")
        return self.resource.blob

    @property
    def turn(self) -> tuple[str, str | None, str | None]:
        """What this request changes: requests that change the same wait for each other."""
        return self.resource.account, self.resource.container, self.resource.blob

    @property
    def endpoint(self) -> str:
        """The ServiceEndpoint of listings: scheme, host, and the account when it is in the path."""
        base = f"{self.request.scheme}://{self.request.headers.get('host') or ''}/"
        return base if self.host_style else f"{base}{self.account}/"

    def header(self, name: str) -> str | None:
        """First value of a request header, by lower-case name."""
        return self.request.headers.get(name)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata in the request's headers."""
        return metadata.collect(self.request.headers.items())

    def respond(
        self,
        status: int,
        reason: str,
        fields: Iterable[tuple[str, str]] = (),
        body: ResponseBody = None,
        *,
        chunked: bool = False,
        version: bool = True,
        edge: bool = False,
    ) -> Response:
        """A response with the common headers, its framing header in the service's place.

        A body of None is empty; a HEAD that states a length passes Content-Length among `fields`.
        """
        listed = since.headers(list(fields), self.version)
        if self.cors and self.request.method in ("GET", "HEAD"):
            listed.append(("Vary", "Origin"))
        # HTTP/1.0 knows no chunks; there, a length says the same.
        chunked = chunked and self.request.version >= (1, 1)
        if chunked:
            listed.append(("Transfer-Encoding", "chunked"))
        elif isinstance(body, bytes):
            listed.append(("Content-Length", str(len(body))))
        elif isinstance(body, FileSlice):
            listed.append(("Content-Length", str(body.length)))
        elif status != 204 and not any(name == "Content-Length" for name, _ in listed):
            listed.append(("Content-Length", "0"))
        composed = headers_out.compose(
            listed,
            request_id=self.request_id,
            client_request_id=headers_out.echoable(self.client_request_id, self.version or None),
            version=(self.version or None) if version else None,
            date=times.http_date(times.unix_seconds(times.now_ticks())),
            edge=edge,
        )
        if self.cors:
            composed = cors.dressed(self.cors, self.request.method, self.header("origin"), composed)
        return Response(status, reason, composed, body, chunked)

    def xml(self, root: str, fields: Iterable[tuple[str, str]] = ()) -> Response:
        """200 with an XML body, chunked as the service frames its lists."""
        listed = [("Content-Type", "application/xml"), *fields]
        return self.respond(200, "OK", listed, xml_out.document(root), chunked=True)

    def refuse(self, error: BlobError) -> Response:
        """The answer to an error: XML body, or headers alone for HEAD and 304."""
        fields = list(error.headers)
        if (self.version or "9999") >= "2017-11-09" or not error.versioned:
            fields.insert(0, ("x-ms-error-code", error.code))
        reason = error.message.split("\n", 1)[0]
        if error.status == 304:
            return self.respond(304, reason, fields)
        if self.request.method == "HEAD":
            return self.respond(
                error.status, reason, fields, chunked=True, version=error.versioned, edge=error.edge
            )
        body = xml_out.error(
            error.code,
            error.message,
            request_id=self.request_id,
            time=times.iso_ticks(times.now_ticks()),
            elements=error.elements,
            newer=error.newer,
        )
        fields.append(("Content-Type", "application/xml"))
        return self.respond(error.status, reason, fields, body, version=error.versioned, edge=error.edge)


def stamp(etag: str, ticks: int) -> list[tuple[str, str]]:
    """Last-Modified and ETag of a record."""
    return [("Last-Modified", times.ticks_date(ticks)), ("ETag", f'"{etag}"')]
