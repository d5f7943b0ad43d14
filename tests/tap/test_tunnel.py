"""The CONNECT proxy: every tunnel leads to one address, whatever name was asked for."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from harness.tap.tunnel import Tunnel
from tests.tap.wires import RawServer, client, receive, receive_all, receive_head


def _address(tunnel: Tunnel) -> tuple[str, int]:
    parts = urlsplit(tunnel.url)
    return parts.hostname or "", parts.port or 0


def test_every_name_leads_to_one_address() -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(receive(sock, 5)[::-1])

    with RawServer(script) as server, Tunnel(server.address) as tunnel:
        for name in ("acct.blob.example.net:443", "nowhere.invalid:443"):
            with client(_address(tunnel)) as sock:
                sock.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
                assert receive_head(sock).startswith(b"HTTP/1.1 200")
                sock.sendall(b"hello")
                assert receive_all(sock) == b"olleh"
        assert tunnel.names == ["acct.blob.example.net:443", "nowhere.invalid:443"]


def test_anything_but_connect_is_refused() -> None:
    with RawServer(lambda sock: None) as server, Tunnel(server.address) as tunnel:
        with client(_address(tunnel)) as sock:
            sock.sendall(b"GET http://x/ HTTP/1.1\r\n\r\n")
            assert receive_all(sock).startswith(b"HTTP/1.1 405")
        assert tunnel.names == []


def test_bytes_sent_with_the_head_are_not_lost() -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(receive(sock, 5))

    with RawServer(script) as server, Tunnel(server.address) as tunnel, client(_address(tunnel)) as sock:
        sock.sendall(b"CONNECT x:443 HTTP/1.1\r\n\r\nearly")
        receive_head(sock)
        assert receive(sock, 5) == b"early"
