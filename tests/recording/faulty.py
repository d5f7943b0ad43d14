"""A raw server in front of an endpoint: it does what is to go wrong itself, and counts what it is asked."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs

from harness.recording.scenario import Fault
from harness.tap.requests import body_length, parse_head
from tests.tap.wires import RawServer, receive, receive_head, reset_at_close

Asked = tuple[str, str, str]
"""Method, path without the account, and `comp` of a request."""

_SECONDS = 20.0


@dataclass(slots=True)
class _Place:
    """A container, what is to go wrong in it, and what has been asked of it."""

    faults: Sequence[Fault]
    asked: Counter[Asked] = field(default_factory=Counter)
    seen: Counter[Fault] = field(default_factory=Counter)


class FaultyServer:
    """Passes requests on to the endpoint, except where a fault is due.

    Kinds of faults beyond those of scenarios: "reset-inside" resets the connection in the middle of the
    answer, "no-body" ends it after the head. "cut-body" ends it in the middle of the body.
    """

    def __init__(self, endpoint: tuple[str, int]) -> None:
        self._endpoint = endpoint
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._server = RawServer(self._serve)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.address

    def arm(self, container: str, faults: Sequence[Fault]) -> None:
        """From now on these faults are due in this container, and requests to it are counted."""
        with self._lock:
            self._places[container] = _Place(faults)

    def asked(self, container: str) -> Mapping[Asked, int]:
        """How often each request was made."""
        with self._lock:
            return dict(self._places[container].asked)

    def _serve(self, client: socket.socket) -> None:
        upstream = http.client.HTTPConnection(*self._endpoint, timeout=_SECONDS)
        client.settimeout(_SECONDS)
        try:
            while head := receive_head(client):
                method, target, headers = parse_head(head.decode("latin-1").removesuffix("\r\n\r\n"))
                body = receive(client, body_length(headers) or 0)
                fault = self._due(method, target)
                if fault is not None and fault.kind == "reset-before":
                    return reset_at_close(client)
                if fault is not None and fault.kind == "status":
                    client.sendall(_refusal(method, fault))
                    continue
                upstream.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in headers:
                    upstream.putheader(name, value)
                upstream.endheaders(body or None)
                answer = upstream.getresponse()
                first, rest = _answer_head(method, answer), answer.read()
                if fault is None:
                    client.sendall(first + rest)
                    continue
                kept = {"cut-body": len(rest) // 2, "reset-inside": len(rest) // 2, "no-body": 0}
                if fault.kind != "reset-response":
                    client.sendall(first + rest[: kept[fault.kind]])
                return None if fault.kind in ("cut-body", "no-body") else reset_at_close(client)
        finally:
            upstream.close()

    def _due(self, method: str, target: str) -> Fault | None:
        """Count a request, and say what goes wrong with it."""
        path, _, query = target.partition("?")
        comp = parse_qs(query).get("comp", [""])[0]
        parts = path.strip("/").split("/", 2)
        with self._lock:
            place = self._places[parts[1]]
            place.asked[method, "/".join(parts[2:]), comp] += 1
            for fault in place.faults:
                if method != fault.method or fault.comp not in (None, comp):
                    continue
                place.seen[fault] += 1
                if fault.first <= place.seen[fault] < fault.first + fault.times:
                    return fault
        return None


def _refusal(method: str, fault: Fault) -> bytes:
    code = fault.error
    body = b"" if code is None else f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
    headers = [f"HTTP/1.1 {fault.status} {http.client.responses[fault.status]}"]
    headers += [f"Content-Length: {len(body)}"]
    if code is not None:
        headers += [f"x-ms-error-code: {code}", "Content-Type: application/xml"]
    headers += [f"{name}: {value}" for name, value in fault.headers]
    return "\r\n".join([*headers, "", ""]).encode() + (b"" if method == "HEAD" else body)


def _answer_head(method: str, answer: http.client.HTTPResponse) -> bytes:
    headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "transfer-encoding"]
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
