"""Structured bodies, both ways: taken apart, put together, and refused when they are damaged."""

from __future__ import annotations

import struct

import pytest
from awscrt.checksums import crc64nvme

from reference_impl.protocol import structured
from reference_impl.protocol.errors import BlobError
from tests.facade.client import Answer, Client

KIND = "XSM/1.0; properties=crc64"


def encode(data: bytes, size: int = 5) -> bytes:
    """A message in segments of `size` bytes, written without our own encoder."""
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    body = b"".join(
        struct.pack("<HQ", number, len(part)) + part + struct.pack("<Q", crc64nvme(part))
        for number, part in enumerate(parts, 1)
    )
    body += struct.pack("<Q", crc64nvme(data))
    return struct.pack("<BQHH", 1, 13 + len(body), 1, len(parts)) + body


def decode(message: bytes) -> bytes:
    """The data of a message, checked without our own decoder."""
    version, total, flags, count = struct.unpack_from("<BQHH", message)
    assert (version, total, flags) == (1, len(message), 1)
    at, data = 13, b""
    for number in range(1, count + 1):
        found, length = struct.unpack_from("<HQ", message, at)
        assert found == number
        part = message[at + 10 : at + 10 + length]
        at += 10 + length
        assert struct.unpack_from("<Q", message, at)[0] == crc64nvme(part)
        at += 8
        data += part
    assert struct.unpack_from("<Q", message, at)[0] == crc64nvme(data)
    assert at + 8 == len(message)
    return data


def send(client: Client, target: str, message: bytes, length: int | None, **more: str) -> Answer:
    headers = {"x-ms-structured-body": KIND, **more}
    if length is not None:
        headers["x-ms-structured-content-length"] = str(length)
    return client.send("PUT", target, headers, message)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size(piece: int) -> None:
    data = bytes(range(40))
    message = encode(data, 7)
    decoder = structured.Decoder(len(message), len(data))
    found = b""
    for at in range(0, len(message), piece):
        found += b"".join(decoder.feed(message[at : at + piece]))
    decoder.finish()
    assert found == data


def test_every_damaged_byte_is_found() -> None:
    data = b"0123456789"
    message = encode(data)
    for at in range(len(message)):
        damaged = bytearray(message)
        damaged[at] ^= 0x01
        decoder = structured.Decoder(len(message), len(data))
        with pytest.raises(BlobError):
            b"".join(decoder.feed(bytes(damaged)))
            decoder.finish()
    for cut in range(len(message)):
        decoder = structured.Decoder(len(message), len(data))
        with pytest.raises(BlobError):
            b"".join(decoder.feed(message[:cut]))
            decoder.finish()


@pytest.mark.parametrize("length", [0, 1, 4 << 20, (4 << 20) + 1, 10 << 20])
def test_lengths(length: int) -> None:
    assert sum(structured.segments(length)) == length
    assert structured.encoded_length(length) <= structured.encoded_limit(length)
    assert len(structured.segments(1 << 40)) <= 65535


@pytest.mark.parametrize("data", [b"", b"hello world", bytes(9_000_000)])
def test_both_ways(client: Client, container: str, data: bytes) -> None:
    target = f"/{container}/b"
    put = send(client, target, encode(data, 1 << 20), len(data), **{"x-ms-blob-type": "BlockBlob"})
    assert (put.status, put["x-ms-structured-body"]) == (201, KIND)
    plain = client.get(target)
    assert plain.body == data
    assert plain.get("x-ms-structured-body") is None
    read = client.get(target, {"x-ms-structured-body": KIND})
    assert (read.status, read["x-ms-structured-body"]) == (200, KIND)
    assert (read["x-ms-structured-content-length"], int(read["Content-Length"])) == (
        str(len(data)),
        len(read.body),
    )
    assert decode(read.body) == data
    assert read["Content-MD5"] == put["Content-MD5"]


def test_a_range(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"0123456789")
    read = client.get(target, {"x-ms-structured-body": KIND, "x-ms-range": "bytes=2-5"})
    assert (read.status, read["Content-Range"]) == (206, "bytes 2-5/10")
    assert decode(read.body) == b"2345"


def test_blocks(client: Client, container: str) -> None:
    target = f"/{container}/b"
    staged = send(client, f"{target}?comp=block&blockid=AAAA", encode(b"block"), 5)
    assert (staged.status, staged["x-ms-structured-body"]) == (201, KIND)
    client.commit(target, ["AAAA"])
    assert client.get(target).body == b"block"
    client.send("PUT", f"/{container}/log", {"x-ms-blob-type": "AppendBlob"}, b"")
    assert send(client, f"/{container}/log?comp=appendblock", encode(b"entry"), 5).status == 201
    assert client.get(f"/{container}/log").body == b"entry"


def test_refusals(client: Client, container: str) -> None:
    target, block = f"/{container}/b", {"x-ms-blob-type": "BlockBlob"}
    damaged = bytearray(encode(b"hello"))
    damaged[25] ^= 0xFF
    answers = {
        "Crc64Mismatch": send(client, target, bytes(damaged), 5, **block),
        "MissingRequiredHeader": send(client, target, encode(b"hello"), None, **block),
        "InvalidInput": send(client, target, b"no message at all", 5, **block),
        "InvalidHeaderValue": send(client, target, encode(b"hello"), 6, **block),
        "UnsupportedHeader": send(
            client, target, encode(b"hello"), 5, **block, **{"x-ms-version": "2024-11-04"}
        ),
    }
    assert {code: (answer.status, answer.code) for code, answer in answers.items()} == {
        code: (400, code) for code in answers
    }
    other = client.get(target, {"x-ms-structured-body": "XSM/2.0; properties=crc64"})
    assert (other.status, other.code) == (400, "InvalidHeaderValue")
    assert client.commit(target, [], headers={"x-ms-structured-body": KIND}).code == "UnsupportedHeader"
    assert client.head(target).status == 404
