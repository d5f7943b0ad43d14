"""Symptoms of what goes wrong only when requests overlap in time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.facade.client import Answer, Client, block_id
from tests.facade.symptoms.registry import symptom
from tests.facade.symptoms.sequences import public, source

_AT_ONCE = 6
_LARGE = 1024 * 1024


def at_once(work: Callable[[int], Answer]) -> list[Answer]:
    """Several requests at once, each over a connection of its own."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, range(_AT_ONCE)))


@symptom("reads-at-once-are-one")
def _(client: Client) -> object:
    client.put("/cont/b", b"012345")
    return [one.body for one in at_once(lambda n: client.get("/cont/b", {"x-ms-range": f"bytes={n}-{n}"}))]


@symptom("heads-at-once-are-one")
def _(client: Client) -> object:
    for number in range(_AT_ONCE):
        client.put(f"/cont/{number}", b"x" * number)
    return [one["Content-Length"] for one in at_once(lambda n: client.head(f"/cont/{n}"))]


@symptom("listings-at-once-are-one")
def _(client: Client) -> object:
    for number in range(_AT_ONCE):
        client.put(f"/cont/{number}/b", b"x")
    pages = at_once(lambda n: client.get(f"/cont?restype=container&comp=list&prefix={n}/"))
    return [page.xml.findtext("Blobs/Blob/Name") for page in pages]


@symptom("sources-at-once-are-one")
def _(client: Client) -> object:
    public(client, "from")
    client.put("/from/b", b"012345")
    copy = {"x-ms-copy-source": source(client, "/from/b")}
    at_once(
        lambda n: client.send(
            "PUT",
            f"/cont/b?comp=block&blockid={block_id(n).replace('=', '%3D')}",
            {**copy, "x-ms-source-range": f"bytes={n}-{n}"},
        )
    )
    client.commit("/cont/b", [block_id(number) for number in range(_AT_ONCE)])
    return client.get("/cont/b").body


@symptom("large-blocks-share-a-file")
def _(client: Client) -> object:
    at_once(lambda n: client.block("/cont/b", n, b"%d" % n * _LARGE))
    client.commit("/cont/b", [block_id(number) for number in range(_AT_ONCE)])
    return [client.get("/cont/b").body[number * _LARGE] for number in range(_AT_ONCE)]


@symptom("staged-list-is-read-and-written")
def _(client: Client) -> object:
    at_once(lambda n: client.block("/cont/b", n, b"x"))
    return client.commit("/cont/b", [block_id(number) for number in range(_AT_ONCE)]).code


@symptom("names-are-read-and-written")
def _(client: Client) -> object:
    at_once(lambda n: client.put(f"/cont/{n}", b"x"))
    return [client.head(f"/cont/{number}").status for number in range(_AT_ONCE)]


@symptom("deletes-at-once-are-one")
def _(client: Client) -> object:
    for number in range(_AT_ONCE):
        client.put(f"/cont/{number}", b"x")
    at_once(lambda n: client.send("DELETE", f"/cont/{n}"))
    return [client.head(f"/cont/{number}").status for number in range(_AT_ONCE)]
