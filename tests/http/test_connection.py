"""One connection to a real façade process: pipelining, Expect, framing, refusals and time-outs."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest

from tests.http.test_head import BAD
from tests.http.wire import Process, eventually, get


def put(path: str, body: bytes, *fields: str) -> bytes:
    return get(path, f"Content-Length: {len(body)}", *fields, method="PUT") + body


def test_a_request_reaches_the_handler_as_it_was_sent(facade: Process) -> None:
    seen = facade.ask(put("/echo/a%20B?x=%41&y", b"hello", "X-MS-Meta-Cafe: no")).json()
    assert seen["target"] == "/echo/a%20B?x=%41&y"
    assert (seen["path"], seen["query"], seen["method"]) == ("/echo/a%20B", "x=%41&y", "PUT")
    assert ["X-MS-Meta-Cafe", "no"] in seen["headers"]
    assert (seen["body"], seen["length"], seen["scheme"]) == ("hello", 5, "http")


def test_pipelined_requests_are_answered_in_order(facade: Process) -> None:
    requests = b"".join(put(f"/echo/{i}", b"b" * i) for i in range(50))
    with facade.raw() as raw:
        raw.send(requests + get("/slow?seconds=0.05") + get("/echo/last", "Connection: close"))
        for i in range(50):
            seen = raw.answer().json()
            assert (seen["path"], len(seen["body"])) == (f"/echo/{i}", i)
        assert raw.answer().body == b"done"
        assert raw.answer().json()["path"] == "/echo/last"
        assert raw.rest() == b""


def test_a_pipeline_survives_any_split(facade: Process) -> None:
    chunked = get("/echo/c", "Transfer-Encoding: chunked", method="PUT") + b"3;x\r\nabc\r\n0\r\nT: t\r\n\r\n"
    with facade.raw() as raw:
        for byte in put("/echo/a", b"first") + chunked + get("/echo/z"):
            raw.send(bytes([byte]))
        assert [raw.answer().json()["body"] for _ in range(3)] == ["first", "abc", ""]


def test_reading_ahead_is_bounded(facade: Process) -> None:
    """A client that sends on and on while a request runs is stopped by back-pressure, not by memory."""
    with facade.raw() as raw:
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        raw.send(get("/slow?seconds=0.4"))
        raw.socket.settimeout(0.2)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 50_000_000:
                sent += raw.socket.send(b"x" * 65536)
        assert sent < 10_000_000
        raw.socket.settimeout(10)
        assert raw.answer().body == b"done"
        assert raw.answer().status == 431


def test_half_closed_clients_get_all_their_answers(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/slow?seconds=0.05") + get("/echo/b"))
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.answer().body == b"done"
        assert raw.answer().json()["path"] == "/echo/b"
        assert raw.rest() == b""


def test_a_half_closed_pipeline_ends_at_its_last_whole_request(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/slow?seconds=0.05") + get("/echo", "Content-Length: 9", method="PUT") + b"half")
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.answer().body == b"done"
        assert raw.rest() == b""


def test_continue_is_sent_when_the_handler_reads(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/echo", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
        assert raw.answer().status == 100
        assert raw.send(b"abc").answer().json()["body"] == "abc"
        assert raw.send(get("/echo/next")).answer().json()["path"] == "/echo/next"


def test_continue_is_not_sent_after_the_body_began(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(put("/echo", b"abc", "Expect: 100-continue"))
        assert raw.answer().json()["body"] == "abc"


def test_a_refused_expectation_closes_without_continue(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/ignore", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
        answer = raw.answer()
        assert (answer.status, answer.body, answer.get("connection")) == (403, b"early", "close")
        assert raw.ended()


@pytest.mark.parametrize("length", [100, 900_000])
def test_a_small_unread_body_keeps_the_connection(facade: Process, length: int) -> None:
    with facade.raw() as raw:
        raw.send(put("/ignore", b"x" * length)).send(get("/echo/next"))
        assert raw.answer().body == b"early"
        assert raw.answer().json()["path"] == "/echo/next"


def test_a_small_unread_chunked_body_keeps_the_connection(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/ignore", "Transfer-Encoding: chunked", method="PUT"))
        assert raw.answer().body == b"early"
        raw.send(b"5\r\nhello\r\n0\r\n\r\n" + get("/echo/next"))
        assert raw.answer().json()["path"] == "/echo/next"


def test_a_large_unread_body_ends_the_connection_after_the_answer(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/ignore", "Content-Length: 50000000", method="PUT") + b"x" * 100_000)
        answer = raw.answer()
        assert (answer.body, answer.get("connection")) == (b"early", "close")
        raw.send(b"x" * 100_000)  # a client that has not looked yet must not lose the answer to a reset
        assert raw.ended()


def test_an_endless_unread_body_is_cut_off(hasty: Process) -> None:
    with hasty.raw() as raw:
        raw.send(get("/ignore", "Transfer-Encoding: chunked", method="PUT"))
        assert raw.answer().body == b"early"
        end = time.monotonic() + 8
        with pytest.raises(OSError):
            while time.monotonic() < end:
                raw.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def test_connection_options(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/echo", "Connection: close"))
        assert raw.answer().get("connection") == "close"
        assert raw.rest() == b""
    with facade.raw() as raw:
        raw.send(b"GET /stream HTTP/1.0\r\n\r\n")
        answer = raw.answer()
        assert (answer.body, answer.get("transfer-encoding")) == (b"piece0,piece1,piece2,", None)
    with facade.raw() as raw:
        raw.send(b"GET /pid HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert raw.answer().get("connection") == "keep-alive"
        raw.send(b"GET /pid HTTP/1.0\r\n\r\n")
        assert raw.answer().get("connection") == "close"
        assert raw.rest() == b""


def test_bodiless_answers(facade: Process) -> None:
    with facade.raw() as raw:
        for path, status, length, coding in [
            ("/head", 200, "123456", None),
            ("/chunky", 200, None, "chunked"),
            ("/stream", 200, None, "chunked"),
            ("/big?size=5", 200, "5", None),
            ("/status?code=404", 404, "0", None),
        ]:
            answer = raw.send(get(path, method="HEAD")).answer("HEAD")
            assert (answer.status, answer.get("content-length"), answer.get("transfer-encoding")) == (
                status,
                length,
                coding,
            )
        for code in (204, 304):
            assert raw.send(get(f"/status?code={code}&body")).answer().get("content-length") is None
        assert raw.send(get("/status?code=201")).answer().get("content-length") == "0"
        assert raw.send(get("/echo/still")).answer().json()["path"] == "/echo/still"


def test_chunked_answers(facade: Process) -> None:
    with facade.raw() as raw:
        assert raw.send(get("/chunky")).answer().body == b"<List/>"
        assert raw.send(get("/stream")).answer().body == b"piece0,piece1,piece2,"
        assert len(raw.send(get("/big?size=3000000")).answer().body) == 3_000_000


@pytest.mark.parametrize("path", ["/fail", "/none", "/split", "/stream?fail=0"])
def test_a_fault_of_the_application_is_one_clean_500(facade: Process, path: str) -> None:
    with facade.raw() as raw:
        answer = raw.send(get(path)).answer()
        assert (answer.status, answer.get("x-ms-error-code")) == (500, "InternalError")
        assert answer.get("connection") == "close"
        assert b"<Code>InternalError</Code>" in answer.body
        assert answer.get("set-cookie") is None
        assert raw.ended()
    assert "Traceback" in facade.log.read_text()


def test_a_stream_may_tell_its_length(facade: Process) -> None:
    with facade.raw() as raw:
        answer = raw.send(get("/stream?length=21")).answer()
        assert (answer.body, answer.get("transfer-encoding")) == (b"piece0,piece1,piece2,", None)
        assert raw.send(get("/pid")).answer().status == 200
    for wrong in (20, 22):
        with facade.raw() as raw:
            raw.send(get(f"/stream?length={wrong}"))
            with pytest.raises((EOFError, ConnectionError)):
                raw.answer()
                raw.send(get("/pid")).answer()


def test_a_stream_that_breaks_is_never_finished(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/stream?fail=2"))
        with pytest.raises((EOFError, ConnectionError)):
            raw.answer()


@pytest.mark.parametrize(("status", "request_"), [(s, r) for s, r, _ in BAD], ids=[name for *_, name in BAD])
def test_bad_heads_get_one_answer_and_the_end(facade: Process, status: int, request_: bytes) -> None:
    """The smuggling table over the wire: whatever follows a bad head is never taken for a request."""
    with facade.raw() as raw:
        raw.send(request_ + b"0\r\n\r\nGET /echo/smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = raw.answer()
        assert (answer.status, answer.get("connection")) == (status, "close")
        assert answer.get("x-ms-error-code") and answer.get("x-ms-request-id")
        assert answer.body.startswith(b"\xef\xbb\xbf<?xml")
        assert raw.ended()


def test_a_bad_request_after_a_good_one_waits_its_turn(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/slow?seconds=0.05") + b"nonsense\r\n\r\n")
        assert raw.answer().body == b"done"
        assert raw.answer().status == 400


def test_a_cancelled_handler_does_not_leave_its_client_hanging(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/cancel"))
        with pytest.raises((EOFError, ConnectionError)):
            raw.answer()


def test_a_malformed_chunk_is_a_400(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(get("/echo", "Transfer-Encoding: chunked", method="PUT") + b"5\r\nhelloX\r\n")
        answer = raw.answer()
        assert (answer.status, answer.get("connection")) == (400, "close")
        assert raw.ended()


def test_tls_on_the_plain_port_is_answered(facade: Process) -> None:
    with facade.raw() as raw:
        raw.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100)
        answer = raw.answer()
        assert answer.status == 400
        assert b"HTTPS" in answer.body


def test_plain_http_on_the_tls_port_ends(facade: Process) -> None:
    with socket.create_connection(facade.secure, timeout=10) as plain:
        plain.sendall(get("/echo"))
        with suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(100)
    assert facade.ask(get("/pid")).status == 200


def test_silence_is_ended(hasty: Process) -> None:
    with hasty.raw() as idle, hasty.raw() as head, hasty.raw() as body, hasty.raw() as used:
        head.send(b"GET / HTTP/1.1\r\nHo")
        body.send(get("/echo", "Content-Length: 10", method="PUT") + b"abc")
        assert used.send(get("/pid")).answer().status == 200
        assert head.answer().status == 408
        assert body.answer().status == 408
        assert idle.rest() == b""
        assert used.rest() == b""


def test_a_trickling_head_is_ended(hasty: Process) -> None:
    with hasty.raw() as raw:
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < began + 8:
                raw.send(b"a")
                time.sleep(0.05)


def test_a_slow_handler_is_not_silence(hasty: Process) -> None:
    with hasty.raw() as raw:
        assert raw.send(get("/slow?seconds=0.7")).answer().body == b"done"
    with hasty.raw() as raw:  # the body waits for the handler, not the handler for the body
        assert raw.send(put("/upload?pause=0.5", b"x" * 200_000)).answer().json()["size"] == 200_000


def test_a_client_that_never_reads_is_cut_off(hasty: Process) -> None:
    (hasty.root / "stalled").write_bytes(bytes(20_000_000))
    before = len(closed.read_text()) if (closed := hasty.root / "closed").exists() else 0
    with hasty.raw() as file, hasty.raw() as memory:
        file.send(get("/file?name=stalled"))
        memory.send(get("/big?size=20000000"))
        eventually(lambda: closed.exists() and len(closed.read_text()) > before)
        with pytest.raises((EOFError, ConnectionError)):
            file.answer()
        with pytest.raises((EOFError, ConnectionError)):
            memory.answer()


def test_the_access_log_keeps_signatures_out(facade: Process) -> None:
    facade.ask(get("/echo/logged?sv=1&sig=SECRET1&%73ig=SECRET2&SIG=SECRET3&se=2"))
    eventually(lambda: "/echo/logged" in facade.log.read_text())
    log = facade.log.read_text()
    assert "GET /echo/logged?sv=1&sig=REDACTED&%73ig=REDACTED&SIG=REDACTED&se=2 200" in log
    assert "SECRET" not in log
