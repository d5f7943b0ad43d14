"""Copy sources: addresses that are refused, answers that are malformed, bodies that break off."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from reference_impl.config import Account, Config, MachineError
from reference_impl.copysource import CopySourceError, CopySourceRefused, CopySources
from reference_impl.http.addresses import refusal_of

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def config(*allowed: str, ca: Path | None = None) -> Config:
    networks = tuple(ipaddress.ip_network(each) for each in allowed)
    return Config(Path(), (Account("a", b"k"),), allow_copy_sources=networks, copy_source_ca=ca)


def ask(
    answer: bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    url: str = "http://127.0.0.1:{port}/c/b?sig=SECRET",
    sources: CopySources | None = None,
    tls: ssl.SSLContext | None = None,
    headers: list[tuple[str, str]] | None = None,
) -> tuple[int, list[tuple[str, str]], bytes, bytes]:
    """One source that gives `answer`, read to its end: (status, headers, body, the request it saw)."""
    seen = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            seen.extend(await reader.readuntil(b"\r\n\r\n"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        writer.close()

    async def scene() -> tuple[int, list[tuple[str, str]], bytes]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
            port = server.sockets[0].getsockname()[1]
            opened = await (sources or CopySources(config("127.0.0.0/8"))).open(
                url.format(port=port), headers=headers or []
            )
            try:
                body = b"".join([piece async for piece in opened.chunks()])
            finally:
                await opened.close()
            return opened.status, list(opened.headers), body

    return (*asyncio.run(scene()), bytes(seen))


def test_the_request_that_a_source_sees() -> None:
    *_, seen = ask(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        url="http://127.0.0.1:{port}/c/a%20b?sv=1&sig=x%2F#fragment",
        headers=[("x-ms-version", "2021-12-02")],
    )
    lines = seen.decode().split("\r\n")
    assert lines[0] == "GET /c/a%20b?sv=1&sig=x%2F HTTP/1.1"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert lines[2:] == ["x-ms-version: 2021-12-02", "Accept-Encoding: identity", "Connection: close", "", ""]


BODY = os.urandom(400_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\nETag: e\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nETag: e\r\n\r\n" + BODY,
        b"HTTP/1.0 200\r\nETag: e\r\n\r\n" + BODY,
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nETag: e\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1;x=y\r\n" + BODY[:1] + b"\r\n%x\r\n" % (len(BODY) - 1) + BODY[1:] + b"\r\n0\r\nT: t\r\n\r\n",
    ],
    ids=["length", "to the end", "HTTP/1.0", "chunked"],
)
def test_every_framing_comes_whole(answer: bytes) -> None:
    status, headers, body, _ = ask(answer)
    assert (status, dict(headers)["ETag"], body == BODY) == (200, "e", True)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 412])
def test_redirects_and_errors_are_answers(status: int) -> None:
    got, headers, body, _ = ask(
        f"HTTP/1.1 {status} Why\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno".encode()
    )
    assert (got, headers[0][0], body) == (status, "Location", b"no")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:45]),
)
def test_what_is_not_whole_or_not_http_raises(answer: bytes) -> None:
    with pytest.raises(CopySourceError) as caught:
        ask(answer)
    assert "SECRET" not in str(caught.value)


def test_silence_ends() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await reader.read()  # until the client gives up

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    sources = CopySources(config("127.0.0.0/8"), idle_timeout=0.1)
    with pytest.raises(CopySourceError, match="sent nothing"):
        ask(half, sources=sources)
    with pytest.raises(CopySourceError, match="did not answer"):
        ask(mute, sources=sources)


def test_tls_is_verified(certificate: tuple[Path, Path, Path], authority: trustme.CA) -> None:
    cert, key, ca = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    url = "https://127.0.0.1:{port}/c/b"
    trusting = CopySources(config("127.0.0.0/8", ca=ca))
    assert ask(whole, url=url, tls=context, sources=trusting)[2] == b"ok"
    named = "https://localhost:{port}/c/b"
    assert ask(whole, url=named, tls=context, sources=trusting)[2] == b"ok"
    with pytest.raises(CopySourceError, match="not trusted"):
        ask(whole, url=url, tls=context)
    with pytest.raises(CopySourceError, match="not trusted"):
        ask(whole, url="https://other.localhost:{port}/c/b", tls=context, sources=trusting)


def test_an_authority_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    with pytest.raises(MachineError, match="--copy-source-ca"):
        CopySources(config(ca=tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://user@127.0.0.1/",
        "http://user:pass@127.0.0.1/",
        "http:///x",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a\r\nHost: b",
        "127.0.0.1/x",
        "",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    sources = CopySources(config("0.0.0.0/0", "::/0"))
    with pytest.raises(CopySourceRefused):
        asyncio.run(sources.open(url))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "a.blob.localhost",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
    ],
)
def test_private_sources_are_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(CopySourceRefused):
        ask(b"never asked", url="http://" + host + ":{port}/", sources=CopySources(config()))


def test_headers_cannot_be_smuggled() -> None:
    with pytest.raises(CopySourceRefused):
        ask(b"never asked", headers=[("a", "b\r\nc: d")])


def test_nobody_listens() -> None:
    with pytest.raises(CopySourceError, match="could not be reached"):
        asyncio.run(CopySources(config("127.0.0.0/8")).open("http://127.0.0.1:1/x"))


def test_unknown_hosts() -> None:
    with pytest.raises(CopySourceError, match="unknown"):
        asyncio.run(CopySources(config()).open("http://no..host/x"))


def test_the_address_connected_to_is_the_one_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that turns private after the check (DNS rebinding) is not resolved a second time."""
    connected: list[str] = []

    async def connect(host: str, port: int, **_: object) -> None:
        connected.append(host)
        raise ConnectionRefusedError(111, "Connection refused")

    async def scene() -> None:
        async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            answers = ["10.0.0.1", "93.184.216.34"]
            return [(2, 1, 6, "", (address, port)) for address in answers]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
        await CopySources(config()).open("http://rebound.example/x")

    monkeypatch.setattr(asyncio, "open_connection", connect)
    with pytest.raises(CopySourceError):
        asyncio.run(scene())
    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1"),
        *("192.168.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *(
            "168.63.129.16",
            "::",
            "::1",
            "fe80::1",
            "fe80::1%eth0",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "fec0::1",
        ),
        *(
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:808:808::",
            "64:ff9b::7f00:1",
        ),
        *("64:ff9b:1::808:808", "2001:db8::1", "nonsense"),
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    assert refusal_of(address, []) is not None


@pytest.mark.parametrize("address", ["8.8.8.8", "20.60.1.1", "2603:1030::1"])
def test_addresses_that_are_public(address: str) -> None:
    assert refusal_of(address, []) is None


def test_addresses_that_are_allowed() -> None:
    assert refusal_of("127.0.0.1", [LOOPBACK]) is None
    assert refusal_of("::ffff:127.0.0.1", [LOOPBACK]) is None
    assert refusal_of("::1", [LOOPBACK]) is not None
    assert refusal_of("10.0.0.1", [LOOPBACK]) is not None
    assert refusal_of("::1", [ipaddress.ip_network("::1/128")]) is None
