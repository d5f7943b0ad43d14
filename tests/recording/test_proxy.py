"""The recorder before a raw server: bytes pass unchanged, ends stay what they are, faults are its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.endpoint import Endpoint, Style
from harness.endpoints.certificates import issue
from harness.exchange import Framing
from harness.recording.errors import CutOffError
from harness.recording.passed import Passed
from harness.recording.proxy import Recorder, RecorderError, RecorderMissingError, Way, recorder
from harness.recording.recorders import Recorders
from harness.recording.scenario import Fault
from tests.command.process import eventually
from tests.tap.wires import RawServer, client, receive, receive_all, receive_head

MIB = 1 << 20
GET = b"GET /acct/c/b HTTP/1.1\r\nHost: here\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"


def _endpoint(address: tuple[str, int], scheme: str = "http") -> Endpoint:
    host, port = address
    return Endpoint("raw", f"{scheme}://{host}:{port}/acct", "acct", Style.PATH)


@contextlib.contextmanager
def _before(
    behind: Recorders, script: Callable[[socket.socket], None], *faults: Fault, way: Way = "reverse"
) -> Iterator[tuple[Recorder, tuple[str, int]]]:
    with RawServer(script) as server:
        running = behind.of(way)
        endpoint = _endpoint(server.address)
        running.begin(endpoint, endpoint.face(), faults)
        yield running, ("127.0.0.1", running.port)


def _answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """A server that reads a head for each answer; bodies are for others."""

    def script(sock: socket.socket) -> None:
        for answer in answers:
            if not receive_head(sock):
                return
            sock.sendall(answer)
        sock.recv(1)

    return script


def _asked(address: tuple[str, int], request: bytes) -> bytes:
    """All that comes back until the connection ends; with a mark where it was reset."""
    with client(address) as sock:
        sock.sendall(request)
        data = b""
        try:
            while piece := sock.recv(1 << 16):
                data += piece
        except ConnectionResetError:
            return data + b"<reset>"
        return data


def _one(running: Recorder) -> Passed:
    (only,) = running.take()
    return only


def test_bytes_pass_unchanged_and_are_told_as_they_were(behind: Recorders) -> None:
    head = (
        b"PUT /acct/c/b%2Fc?comp=x&A=%20 HTTP/1.1\r\nhOsT: Some.Where:81\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\n"
        b"X-Empty:\r\ncontent-LENGTH: 5\r\nx-caf\xe9: \xfc\r\n\r\n"
    )
    answer = b"HTTP/1.1 201 Made Up\r\nx-ONE: a\r\nX-Two: b\r\nx-one: c\r\nContent-Length: 3\r\n\r\nyes"
    got: list[bytes] = []

    def script(sock: socket.socket) -> None:
        got.append(receive_head(sock) + receive(sock, 5))
        sock.sendall(answer)
        sock.recv(1)

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(head + b"12345")
            assert receive(sock, len(answer)) == answer
        told = _one(running).flow
    assert got == [(head + b"12345").replace(b"X-Empty:", b"X-Empty: ")]
    request, response = told.exchange.request, told.exchange.response
    assert (request.method, request.target) == ("PUT", "/acct/c/b%2Fc?comp=x&A=%20")
    assert [name for name, _ in request.headers] == [
        *("hOsT", "X-B", "x-a", "X-B", "X-Empty", "content-LENGTH", "x-café")
    ]
    assert request.headers[-1] == ("x-café", "ü")
    assert request.body.data == told.head == b"12345"
    assert told.host == "Some.Where:81"
    assert response is not None
    assert (response.status, response.reason) == (201, "Made Up")
    assert response.headers[:3] == (("x-ONE", "a"), ("X-Two", "b"), ("x-one", "c"))
    assert (response.body.data, response.framing) == (b"yes", Framing.LENGTH)
    assert told.exchange.failure is None
    assert told.injected is None


def test_chunks_a_head_and_what_ends_with_the_connection(behind: Recorders) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    bare = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        assert receive(sock, 15) == b"5\r\nhello\r\n0\r\n\r\n"
        sock.sendall(chunked)
        receive_head(sock)
        sock.sendall(bare)
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-No: length\r\n\r\nuntil the end")

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            sock.sendall(b"5\r\nhello\r\n0\r\n\r\n")
            assert receive(sock, len(chunked)) == chunked
            sock.sendall(GET.replace(b"GET", b"HEAD"))
            assert receive(sock, len(bare)) == bare
            sock.sendall(GET)
            assert receive_all(sock).endswith(b"until the end")
        flows = [one.flow.exchange for one in running.take()]
    assert [flow.response.framing for flow in flows if flow.response] == [
        *(Framing.CHUNKED, Framing.NONE, Framing.CLOSE)
    ]
    assert flows[0].request.body.data == b"hello"
    assert {flow.connection for flow in flows} == {flows[0].connection}
    assert [flow.failure for flow in flows] == [None, None, None]


def test_expect_is_answered_and_told(behind: Recorders) -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        receive(sock, 2)
        sock.sendall(OK)
        sock.recv(1)

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(
                b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert receive_head(sock).startswith(b"HTTP/1.1 100 ")
            sock.sendall(b"ab")
            assert receive(sock, len(OK)) == OK
        told = _one(running).flow.exchange
    assert told.request.headers[1] == ("Expect", "100-continue")


def test_expect_without_a_body_is_told_and_not_answered(behind: Recorders) -> None:
    """pyarrow dies of a 100 that comes in one piece with an answer that has a body."""
    request = b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"
    with _before(behind, _answering(OK)) as (running, address):
        with client(address) as sock:
            sock.sendall(request)
            assert receive(sock, len(OK)) == OK
        told = _one(running).flow.exchange
    assert told.request.headers[1] == ("Expect", "100-continue")


def test_large_bodies_are_digests_and_protocol_bodies_are_kept(behind: Recorders) -> None:
    data = os.urandom(200_000)
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + data

    def script(sock: socket.socket) -> None:
        for _ in range(2):
            receive_head(sock)
            receive(sock, len(data))
            sock.sendall(big)
        sock.recv(1)

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            for target in (b"/acct/c/b?comp=block", b"/acct/c/b?comp=blocklist"):
                sock.sendall(
                    b"PUT " + target + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + data
                )
                assert receive(sock, len(big)) == big
        block, block_list = (one.flow for one in running.take())
    for flow in (block, block_list):
        assert flow.exchange.request.body.sha256 == hashlib.sha256(data).hexdigest()
        assert flow.head == data[:64]
    assert block.exchange.request.body.data is None
    assert block_list.exchange.request.body.data == data


# --- what goes wrong by itself ---


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silent(sock: socket.socket) -> None:
    receive_head(sock)


def _silent_reset(sock: socket.socket) -> None:
    receive_head(sock)
    _reset(sock)


def _half(sock: socket.socket) -> None:
    receive_head(sock)
    sock.sendall(OK[:-2])


def _nonsense(sock: socket.socket) -> None:
    receive_head(sock)
    sock.sendall(b"what?\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "seen", "failure"),
    [
        (_silent, b"", "closed-early"),
        (_silent_reset, b"", "closed-early"),
        (_half, OK[:-2], "closed-early"),
        (_nonsense, b"", "protocol"),
    ],
)
def test_a_server_that_fails_is_a_cut_connection(
    behind: Recorders, script: Callable[[socket.socket], None], seen: bytes, failure: str
) -> None:
    with _before(behind, script) as (running, address):
        assert _asked(address, GET).removesuffix(b"<reset>") == seen
        told = _one(running)
    assert told.cut == told.flow.exchange.failure == failure


def test_a_server_that_is_not_there_is_a_cut_connection(behind: Recorders) -> None:
    with RawServer(_silent) as server:
        gone = _endpoint(server.address)
    running = behind.of("reverse")
    running.begin(gone, gone.face())
    upload = b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    for request in (GET, upload):
        assert _asked(("127.0.0.1", running.port), request).removesuffix(b"<reset>") == b""
    assert [one.cut for one in running.take()] == ["refused", "refused"]


def test_a_server_that_never_answers_is_waited_for_so_long(behind: Recorders) -> None:
    over = threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        over.wait(10)

    with _before(behind, script) as (running, address), client(address) as sock:
        sock.sendall(GET)
        eventually(lambda: running.open > 0)
        with pytest.raises(CutOffError, match="1 exchanges had not ended"):
            running.take(0.1)
        over.set()
    # The next recording knows nothing of it.
    with _before(behind, _answering(OK)) as (running, address):
        with client(address) as sock:
            sock.sendall(GET)
            assert receive(sock, len(OK)) == OK
        assert _one(running).flow.exchange.failure is None


def test_a_client_that_hangs_up_is_not_the_servers_fault(behind: Recorders) -> None:
    arrived = threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        receive(sock, 3)
        arrived.set()
        sock.recv(1)

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            assert arrived.wait(10)
        told = _one(running)
    assert told.cut is None
    assert (told.flow.exchange.failure or "").startswith("stopped")
    assert told.flow.exchange.unsent == 7


def test_an_answer_that_comes_before_the_request_is_whole(behind: Recorders) -> None:
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with _before(behind, _answering(refusal)) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            assert receive(sock, len(refusal)) == refusal
        told = _one(running)
    assert told.flow.exchange.response is not None
    assert told.flow.exchange.response.status == 403
    assert told.flow.exchange.unsent == 7


# --- faults ---

PUT = (
    b"PUT /acct/c/b?comp=block HTTP/1.1\r\nHost: h\r\n"
    b"Content-Length: 2\r\nx-ms-client-request-id: 7\r\n\r\nab"
)


def _putting(sock: socket.socket) -> None:
    while receive_head(sock):
        receive(sock, 2)
        sock.sendall(OK)


def test_a_made_up_status_and_whom_it_hits(behind: Recorders) -> None:
    fault = Fault("status", "PUT", "block", first=2, headers=(("Retry-After", "1"),))
    with _before(behind, _putting, fault) as (running, address):
        with client(address) as sock:
            answers = []
            for _ in range(3):
                sock.sendall(PUT)
                head = receive_head(sock)
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                answers.append((head, receive(sock, length)))
        flows = [one.flow for one in running.take()]
    assert [head.split(b" ")[1] for head, _ in answers] == [b"200", b"503", b"200"]
    head, body = answers[1]
    assert b"x-ms-error-code: ServerBusy\r\n" in head
    assert b"Retry-After: 1\r\n" in head
    assert b"x-ms-client-request-id: 7\r\n" in head
    assert b"<Code>ServerBusy</Code>" in body
    assert [flow.injected and flow.injected.status for flow in flows] == [None, 503, None]
    assert all(flow.exchange.request.body.data == b"ab" for flow in flows)


@pytest.mark.parametrize(
    ("fault", "seen", "reached"),
    [
        (Fault("reset-before"), b"<reset>", False),
        (Fault("reset-response"), b"<reset>", True),
        (Fault("cut-body"), OK[:-2], True),
        (Fault("short-body"), OK[:-4].replace(b": 4", b": 2") + b"bo", True),
        (Fault("flipped-byte"), OK[:-4] + b"cody", True),
        (Fault("status", status=307, error=None), b"HTTP/1.1 307 Temporary Redirect\r\n", False),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_faults_reach_the_client_as_they_are(
    behind: Recorders, fault: Fault, seen: bytes, reached: bool
) -> None:
    asked: list[bytes] = []

    def script(sock: socket.socket) -> None:
        while head := receive_head(sock):
            asked.append(head + receive(sock, 2))
            sock.sendall(OK)

    with _before(behind, script, fault) as (running, address):
        request = PUT.replace(b"Host: h", b"Host: h\r\nConnection: close")
        got = _asked(address, request)
        told = _one(running)
    assert got.startswith(seen)
    if fault.kind != "status":
        assert got == seen
    assert bool(asked) is reached
    assert told.flow.injected is not None
    assert told.flow.injected.fault == fault.name
    assert told.cut is None
    if reached:
        assert told.flow.exchange.response is not None
        assert told.flow.exchange.response.body.data == b"body"  # what the server said
        assert ("Content-Length", "4") in told.flow.exchange.response.headers


def test_no_last_chunk_is_made_up_when_a_chunked_body_is_cut(behind: Recorders) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with _before(behind, _answering(chunked), Fault("cut-body")) as (running, address):
        got = _asked(address, GET)
        running.take()
    assert got.endswith(b"1\r\nh\r\n")


# --- whose request it is ---


def test_what_the_endpoint_reads_for_itself_is_told_apart(behind: Recorders) -> None:
    running = behind.of("reverse")

    def script(sock: socket.socket) -> None:
        head = receive_head(sock)
        if head.startswith(b"PUT"):  # the copy: read its source through the recorder
            _asked(("127.0.0.1", running.port), GET.replace(b"Host", b"Connection: close\r\nHost"))
        sock.sendall(OK)

    copy = (
        b"PUT /acct/c/copy HTTP/1.1\r\nHost: h\r\nUser-Agent: client\r\nConnection: close\r\n"
        b"x-ms-copy-source: http://127.0.0.1:1/acct/c/b?sig=x\r\nContent-Length: 0\r\n\r\n"
    )
    own = GET.replace(b"Host", b"User-Agent: client\r\nConnection: close\r\nHost")
    # The fault is for the client's first GET, and the server's own is none of them.
    with _before(behind, script, Fault("status", "GET", status=500)) as (_, address):
        assert b"200 OK" in _asked(address, copy)
        assert b" 500 " in _asked(address, own)
        told = running.take()
    assert [(one.flow.exchange.request.method, one.inner) for one in told] == [
        *(("PUT", False), ("GET", True), ("GET", False))
    ]


# --- TLS, names, and the recorder's own life ---


def test_any_name_leads_to_the_endpoint_over_tls(behind: Recorders, tmp_path: Path) -> None:
    certificates = issue(tmp_path / "server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.certificate, certificates.key)
    running = behind.of("forward")
    with RawServer(_answering(OK), tls) as server:
        endpoint = replace(_endpoint(server.address, "https"), ca_file=certificates.ca)
        running.begin(endpoint, endpoint.face())
        trusting = ssl.create_default_context(cafile=running.ca_file)
        trusting.set_alpn_protocols(["h2", "http/1.1"])
        with client(("127.0.0.1", running.port)) as sock:
            sock.sendall(b"CONNECT acct.blob.core.windows.net:443 HTTP/1.1\r\n\r\n")
            assert b" 200 " in receive_head(sock)
            with trusting.wrap_socket(sock, server_hostname="acct.blob.core.windows.net") as secure:
                assert secure.selected_alpn_protocol() in (None, "http/1.1")
                secure.sendall(GET.replace(b"here", b"acct.blob.core.windows.net"))
                assert receive(secure, len(OK)) == OK
        told = _one(running)
        assert (told.flow.host, told.flow.exchange.scheme) == ("acct.blob.core.windows.net", "https")
        # An authority that nobody trusts is a cut connection too.
        running.begin(replace(endpoint, ca_file=None), endpoint.face())
        with client(("127.0.0.1", running.port)) as sock:
            sock.sendall(b"CONNECT acct.test:443 HTTP/1.1\r\n\r\n")
            receive_head(sock)
            with trusting.wrap_socket(sock, server_hostname="acct.test") as secure:
                secure.sendall(GET)
                assert receive_all(secure) == b""
        assert _one(running).cut == "tls"


def test_one_port_speaks_http_and_https(behind: Recorders) -> None:
    with _before(behind, _answering(OK)) as (running, address):
        trusting = ssl.create_default_context(cafile=running.ca_file)
        for wrap in (False, True):
            with contextlib.ExitStack() as stack:
                end = stack.enter_context(client(address))
                if wrap:
                    end = stack.enter_context(trusting.wrap_socket(end, server_hostname="127.0.0.1"))
                end.sendall(GET)
                assert receive(end, len(OK)) == OK
        assert [one.flow.exchange.scheme for one in running.take()] == ["http", "https"]


def test_a_recorder_that_dies_says_so_and_one_that_is_missing_says_how(
    tmp_path: Path, behind: Recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorder("reverse", tmp_path) as running:
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(RecorderError, match=r"mitmproxy has ended \(exit code -9\)"):
            running.take()
    monkeypatch.setenv("BLOBPROOF_TOOLS", str(tmp_path))
    with pytest.raises(RecorderMissingError) as raised, recorder("reverse", tmp_path):
        pass
    assert raised.value.hint == "Run: blobproof tools mitmproxy"


def test_a_recorder_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "addon.py"
    broken.write_text("raise ValueError('no luck')\n")
    monkeypatch.setattr("harness.recording.proxy._ADDON", broken)
    with pytest.raises(RecorderError, match=r"mitmproxy has ended .*: .*\w"), recorder("reverse", tmp_path):
        pass


# --- memory ---


def test_a_large_upload_and_download_stay_small(behind: Recorders) -> None:
    size, piece = 128 * MIB, os.urandom(MIB)

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        buffer, left = bytearray(MIB), size
        while left and (count := sock.recv_into(buffer)):
            left -= count
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // MIB):
            sock.sendall(piece)

    with _before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // MIB):
                sock.sendall(piece)
            receive_head(sock)
            buffer, left = bytearray(MIB), size
            while left and (count := sock.recv_into(buffer)):
                left -= count
        told = _one(running).flow.exchange
        peak = _peak(running.pid)
    digest = hashlib.sha256(piece * (size // MIB)).hexdigest()
    assert told.request.body.sha256 == digest
    assert told.response is not None
    assert told.response.body.sha256 == digest
    assert peak < 160 * MIB  # it begins at some 75


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_many_connections_at_once_keep_their_exchanges_apart(behind: Recorders) -> None:
    def script(sock: socket.socket) -> None:
        while head := receive_head(sock):
            target = head.split(b" ")[1]
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    with _before(behind, script) as (running, address):
        wrong: list[bytes] = []

        def talk(number: int) -> None:
            with client(address) as sock:
                for turn in range(10):
                    target = b"/acct/%d/%d" % (number, turn)
                    sock.sendall(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target)
                    receive_head(sock)
                    if (got := receive(sock, len(target))) != target:
                        wrong.append(got)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [one.flow.exchange for one in running.take()]
    assert not wrong
    assert len(told) == 80
    assert all(one.response and one.response.body.data == one.request.target.encode() for one in told)
    by_connection = {(one.connection, one.request.target.rpartition("/")[0]) for one in told}
    assert len(by_connection) == 8
