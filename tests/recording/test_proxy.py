"""The recorder before a raw server: bytes pass unchanged, ends stay what they are, memory stays small."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.endpoints.certificates import issue
from harness.exchange import Framing
from harness.recording.proxy import RecorderError, RecorderMissingError, recorder
from harness.recording.recorders import Recorders
from tests.recording.before import GET, OK, answering, before, only, raw
from tests.tap.wires import RawServer, client, receive, receive_all, receive_head

MIB = 1 << 20


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

    with before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(head + b"12345")
            assert receive(sock, len(answer)) == answer
        told = only(running).flow
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

    with before(behind, script) as (running, address):
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

    with before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(
                b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert receive_head(sock).startswith(b"HTTP/1.1 100 ")
            sock.sendall(b"ab")
            assert receive(sock, len(OK)) == OK
        told = only(running).flow.exchange
    assert told.request.headers[1] == ("Expect", "100-continue")


def test_expect_without_a_body_is_told_and_not_answered(behind: Recorders) -> None:
    """pyarrow dies of a 100 that comes in one piece with an answer that has a body."""
    request = b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"
    with before(behind, answering(OK)) as (running, address):
        with client(address) as sock:
            sock.sendall(request)
            assert receive(sock, len(OK)) == OK
        told = only(running).flow.exchange
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

    with before(behind, script) as (running, address):
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


# --- TLS, names, and the recorder's own life ---


def test_any_name_leads_to_the_endpoint_over_tls(behind: Recorders, tmp_path: Path) -> None:
    certificates = issue(tmp_path / "server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.certificate, certificates.key)
    running = behind.of("forward")
    with RawServer(answering(OK), tls) as server:
        endpoint = replace(raw(server.address, "https"), ca_file=certificates.ca)
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
        told = only(running)
        assert (told.flow.host, told.flow.exchange.scheme) == ("acct.blob.core.windows.net", "https")
        # An authority that nobody trusts is a cut connection too.
        running.begin(replace(endpoint, ca_file=None), endpoint.face())
        with client(("127.0.0.1", running.port)) as sock:
            sock.sendall(b"CONNECT acct.test:443 HTTP/1.1\r\n\r\n")
            receive_head(sock)
            with trusting.wrap_socket(sock, server_hostname="acct.test") as secure:
                secure.sendall(GET)
                assert receive_all(secure) == b""
        assert only(running).cut == "tls"


def test_one_port_speaks_http_and_https(behind: Recorders) -> None:
    with before(behind, answering(OK)) as (running, address):
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

    with before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // MIB):
                sock.sendall(piece)
            receive_head(sock)
            buffer, left = bytearray(MIB), size
            while left and (count := sock.recv_into(buffer)):
                left -= count
        told = only(running).flow.exchange
        most = peak(running.pid)
    digest = hashlib.sha256(piece * (size // MIB)).hexdigest()
    assert told.request.body.sha256 == digest
    assert told.response is not None
    assert told.response.body.sha256 == digest
    assert most < 160 * MIB  # it begins at some 75


def peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_many_connections_at_once_keep_their_exchanges_apart(behind: Recorders) -> None:
    def script(sock: socket.socket) -> None:
        while head := receive_head(sock):
            target = head.split(b" ")[1]
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    with before(behind, script) as (running, address):
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
