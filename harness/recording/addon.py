"""A mitmproxy add-on: lets every body stream through, and tells the recorder of each exchange over a socket.

It runs in mitmproxy's own environment and imports nothing of ours. What it sees may hold secrets: it goes
over an inherited socket as JSON lines, and never to a file, a log or standard output. It also does what is to
go wrong (faults), because a proxy that holds back bodies would turn a cut answer into one of its own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
import struct
import time
from collections.abc import Iterable
from http.client import responses
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mitmproxy import connection, ctx, flow, http
from mitmproxy.proxy import server_hooks

CHANNEL = "BLOBPROOF_RECORDER_CHANNEL"  # the number of the inherited socket
_HEAD = 64  # bytes of a body that are always kept
_SMALL = 64 * 1024  # bodies up to this are kept whole
_PROTOCOL = 64 * 1024 * 1024  # so are those that say what to do, up to this
_DATA_COMPS = ("", "block", "page", "appendblock")  # where a body is what is stored, and not what to do
_KILLED = flow.Error.KILLED_MESSAGE


class Body:
    """What is kept of a body that goes by."""

    def __init__(self, limit: int) -> None:
        self.length = 0
        self.head = b""
        self._limit = limit
        self._digest = hashlib.sha256()
        self._kept: bytearray | None = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Look at a piece, and let it go on as it is."""
        self.length += len(data)
        self._digest.update(data)
        if len(self.head) < _HEAD:
            self.head += data[: _HEAD - len(self.head)]
        if self._kept is not None:
            if self.length > self._limit:
                self._kept = None
            else:
                self._kept += data
        return data

    def facts(self) -> dict[str, Any]:
        """As the recorder wants it."""
        kept = None if self._kept is None else base64.b64encode(self._kept).decode()
        head = base64.b64encode(self.head).decode()
        return {"length": self.length, "sha256": self._digest.hexdigest(), "head": head, "data": kept}


class Fault:
    """One thing that is to go wrong, and how many requests it has looked at."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.kind: str = said["kind"]
        self._seen = 0

    def hits(self, method: str, target: str) -> bool:
        """Whether it is this request's turn. Counts it, if the fault is about such requests at all."""
        said = self.said
        if said["method"] not in ("", method) or said["comp"] not in (None, _comp(target)):
            return False
        if said["path"] not in target and said["path"] not in unquote(target):
            return False
        self._seen += 1
        return bool(said["first"] <= self._seen < said["first"] + said["times"])


class Seen:
    """One exchange while it lasts."""

    def __init__(self, one: http.HTTPFlow, number: int, era: int) -> None:
        request = one.request
        self.one = one
        self.number = number
        self.era = era
        self.fault: Fault | None = None
        self.request_done = False
        self.answered = False  # the answer has come to its end
        self.inner = False
        self.method, self.target = request.method, request.data.path.decode("latin-1")
        self.version = request.http_version
        self.headers = _pairs(request.headers)  # now: mitmproxy takes `Expect` away later
        self.host = request.host_header or request.authority or request.pretty_host
        self.agent = request.headers.get("user-agent", "")
        self.scheme = "https" if one.client_conn.tls_established else "http"
        self.source = urlsplit(request.headers.get("x-ms-copy-source", "")).path
        self.limit = _SMALL if _comp(self.target) in _DATA_COMPS else _PROTOCOL
        self.body = Body(self.limit)
        self.answer_body = Body(self.limit)
        self.answer_headers: list[tuple[str, str]] = []
        self.left: int | None = None  # bytes of the answer that the client may still have; None: all
        self.flip = False  # the next byte of the answer is to be another one

    def pass_on(self, data: bytes) -> bytes | tuple[bytes, ...]:
        """A piece of the answer, as far as the client is to have it."""
        self.answer_body.feed(data)
        if self.flip and data:
            data, self.flip = bytes((data[0] ^ 1,)) + data[1:], False
        if self.left is None:
            return data
        data, self.left = data[: self.left], max(0, self.left - len(data))
        return data or ()  # no bytes at all would be the last chunk of a chunked body


class Recorder:
    """The add-on."""

    def __init__(self) -> None:
        self._channel = socket.socket(fileno=int(os.environ.pop(CHANNEL)))
        self._channel.setblocking(True)
        self._unread = b""
        self._open: dict[str, Seen] = {}
        self._numbers: dict[str, int] = {}
        self._faults: list[Fault] = []
        self._upstream: dict[str, Any] = {}
        self._era = 0  # the token of the order that began the recording

    # --- the recorder's side ---

    def running(self) -> None:
        """Say where we listen."""
        addresses = ctx.master.addons.get("proxyserver").listen_addrs()
        if not addresses:
            ctx.master.shutdown()
            return
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._read)
        self._tell({"event": "ready", "port": addresses[0][1]})

    def done(self) -> None:
        """What is still open will not end any more."""
        for name in list(self._open):
            self._finish(name, {"by": "recorder", "text": "the recorder was ended"})

    def _read(self) -> None:
        try:
            data = self._channel.recv(65536)
        except OSError:
            data = b""
        if not data:  # whoever started us is gone
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            ctx.master.shutdown()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, order: dict[str, Any]) -> None:
        if order["do"] == "begin":
            self._upstream, self._era = order["upstream"], order["token"]
            self._faults = [Fault(said) for said in order["faults"]]
            ctx.options.update(ssl_verify_upstream_trusted_ca=order["upstream"]["ca"])
        opened = sum(seen.era == self._era for seen in self._open.values())
        self._tell({"event": order["do"], "token": order["token"], "open": opened})

    def _tell(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        try:
            self._channel.sendall(line)
        except OSError:  # nobody listens any more, so there is nothing left to record
            ctx.master.shutdown()

    # --- connections ---

    def client_connected(self, client: connection.Client) -> None:
        """Number it."""
        self._numbers[client.id] = len(self._numbers) + 1

    def client_disconnected(self, client: connection.Client) -> None:
        """What it left open will not end any more."""
        for name, seen in list(self._open.items()):
            if seen.number == self._numbers.get(client.id):
                self._finish(name, {"by": "client", "text": "closed its connection"})

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Whatever host was asked for, the connection leads to the endpoint."""
        if not self._upstream:
            data.server.error = "nothing is recorded now"
            return
        data.server.address = tuple(self._upstream["address"])
        data.server.sni = self._upstream["name"]

    # --- exchanges ---

    def requestheaders(self, one: http.HTTPFlow) -> None:
        """The beginning of an exchange: nothing of it is changed but where it goes."""
        seen = Seen(one, self._numbers.get(one.client_conn.id, 0), self._era)
        seen.inner = any(
            other.source
            and unquote(other.source) == unquote(urlsplit(seen.target).path)
            and other.agent != seen.agent
            for other in self._open.values()
        )
        if not seen.inner:
            turns = [fault for fault in self._faults if fault.hits(seen.method, seen.target)]
            seen.fault = turns[0] if turns else None
        self._open[one.id] = seen
        if self._upstream:
            # Not by the properties: those would rewrite the Host header.
            one.request.data.host, one.request.data.port = self._upstream["address"]
            one.request.scheme = "https" if self._upstream["tls"] else "http"
        if one.request.headers.get("content-length") == "0":
            # Else mitmproxy would say `100 Continue` to a request without a body, and often in one piece with
            # the answer: the Azure SDK for C++ takes the body of such an answer for broken, and dies of it.
            one.request.headers.pop("expect", None)
        # A request that must not reach the server is taken whole before it is answered or cut.
        if seen.fault is None or seen.fault.kind not in ("status", "reset-before"):
            one.request.stream = seen.body.feed

    def request(self, one: http.HTTPFlow) -> None:
        """The request is whole."""
        seen = self._open.get(one.id)
        if seen is None:
            return
        seen.request_done = True
        if not one.request.stream:
            seen.body.feed(one.request.raw_content or b"")
        if seen.fault is not None and seen.fault.kind == "status":
            one.response = _made_up(seen)
        elif seen.fault is not None and seen.fault.kind == "reset-before":
            self._reset(one)
            one.kill()
        if seen.answered:
            self._finish(one.id, None)

    def responseheaders(self, one: http.HTTPFlow) -> None:
        """The beginning of an answer."""
        seen = self._open.get(one.id)
        if seen is None or one.response is None:
            return
        if one.response.status_code >= 400:
            seen.answer_body = Body(_PROTOCOL)
        seen.answer_headers = _pairs(one.response.headers)  # as the server sent them
        kind = seen.fault.kind if seen.fault is not None else ""
        length = one.response.headers.get("content-length", "")
        if kind in ("cut-body", "short-body"):
            seen.left = int(length) // 2 if length.isdecimal() else 1
        if kind == "short-body" and length.isdecimal():
            one.response.headers["content-length"] = str(seen.left)
        seen.flip = kind == "flipped-byte"
        if kind not in ("status", "reset-response"):
            one.response.stream = seen.pass_on

    def response(self, one: http.HTTPFlow) -> None:
        """The answer is whole."""
        seen = self._open.get(one.id)
        if seen is None or one.response is None:
            return
        if not one.response.stream:
            seen.answer_body.feed(one.response.raw_content or b"")
        kind = seen.fault.kind if seen.fault is not None else ""
        if kind == "reset-response":
            self._reset(one)
        if kind in ("reset-response", "cut-body"):
            one.kill()
        seen.answered = True
        if seen.request_done:
            self._finish(one.id, None)

    def error(self, one: http.HTTPFlow) -> None:
        """No answer, or not all of it. The client gets a cut connection, never a page of mitmproxy's own."""
        seen = self._open.get(one.id)
        if seen is None or one.error is None:
            return
        said = one.error.msg
        reading = one.client_conn.state & connection.ConnectionState.CAN_READ
        by = "recorder" if said == _KILLED else "server" if reading else "client"
        one.error = flow.Error(_KILLED)
        self._finish(one.id, {"by": by, "text": said})

    def _finish(self, name: str, error: dict[str, str] | None) -> None:
        seen = self._open.pop(name)
        answer = seen.one.response
        self._tell(
            {
                "event": "exchange",
                "era": seen.era,
                "connection": seen.number,
                "scheme": seen.scheme,
                "host": seen.host,
                "inner": seen.inner,
                "version": seen.version,
                "method": seen.method,
                "target": seen.target,
                "headers": seen.headers,
                "body": seen.body.facts(),
                "whole": seen.request_done,
                "started": seen.one.request.timestamp_start,
                "first_byte": answer.timestamp_start if answer is not None else None,
                "ended": time.time(),
                "answer": None if answer is None else _answer_facts(answer, seen),
                "error": error,
                "fault": None if seen.fault is None else seen.fault.said,
            }
        )

    def _reset(self, one: http.HTTPFlow) -> None:
        """When the client's connection is closed now, it is reset."""
        handler = ctx.master.addons.get("proxyserver").connections[one.client_conn.id]
        writer = handler.transports[one.client_conn].writer
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _comp(target: str) -> str:
    return parse_qs(urlsplit(target).query).get("comp", [""])[0].lower()


def _pairs(headers: http.Headers) -> list[tuple[str, str]]:
    fields: Iterable[tuple[bytes, bytes]] = headers.fields
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _answer_facts(answer: http.Response, seen: Seen) -> dict[str, Any]:
    return {
        "status": answer.status_code,
        "reason": answer.reason,
        "version": answer.http_version,
        "headers": seen.answer_headers,
        "body": seen.answer_body.facts(),
    }


def _made_up(seen: Seen) -> http.Response:
    """The answer of a fault, in the shape of a Blob service's."""
    assert seen.fault is not None
    said = seen.fault.said
    status, code = said["status"], said["error"]
    asked = next((value for name, value in seen.headers if name.lower() == "x-ms-client-request-id"), None)
    body = b""
    headers: list[tuple[str, str]] = []
    if code is not None:
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{code}</Code><Message>Made up by the recorder.</Message></Error>"
        ).encode()
        headers += [("Content-Type", "application/xml"), ("x-ms-error-code", code)]
    if asked is not None:
        headers.append(("x-ms-client-request-id", asked))
    headers += [(name, value) for name, value in said["headers"]]
    if seen.method == "HEAD":
        body, headers = b"", [(name, value) for name, value in headers if name != "Content-Type"]
    else:
        headers.append(("Content-Length", str(len(body))))
    now = time.time()
    return http.Response(
        b"HTTP/1.1",
        status,
        responses.get(status, "").encode(),
        http.Headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]),
        body,
        None,
        now,
        now,
    )


addons = [Recorder()]
