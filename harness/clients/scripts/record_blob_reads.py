"""Scenarios of a recording: how the Azure SDK for Python reads and lists, also what is missing."""

from __future__ import annotations

from typing import Any

from azure.core import MatchConditions
from record_azure_kit import KIB, Client, UnexpectedError, check, content  # type: ignore[import-not-found]

CHUNKS = {"max_single_get_size": 256 * KIB, "max_chunk_get_size": 256 * KIB}
"""What makes the SDK read a blob of a few MiB in ranges, as it reads one of 32 MiB and more by itself."""


async def download_chunks(client: Client, container: str, path: str) -> None:
    """One range to begin with, then the others side by side, each only if the blob is still the same."""
    blob = client.blob(container, "large.bin", **CHUNKS)
    check("the blob", content(path), await client.read(blob, max_concurrency=4))


async def download_parts(client: Client, container: str, path: str) -> None:
    """A small blob, an empty one, a part from the middle, the end of a blob, and nothing past it."""
    data = content(path)
    small = client.blob(container, "small.bin")
    check("the small blob", data, await client.read(small))
    check("the empty blob", b"", await client.read(client.blob(container, "empty.bin")))
    check("a part", data[100:300], await client.read(small, offset=100, length=200))
    check("the end", data[1000:], await client.read(small, offset=1000))
    await client.raises(
        "HttpResponseError",
        416,
        "InvalidRange",
        lambda: small.download_blob(offset=50_000, length=10),
        what="a part past the end",
    )


async def download_overwritten(client: Client, container: str) -> None:
    """Somebody overwrites the blob between two chunks: the reader must not get a mixture of both."""
    blob = client.blob(container, "moving.bin", **CHUNKS)
    stream = await client.call(blob.download_blob())
    chunks: Any = stream.chunks()
    first = await anext(chunks) if client.flavour == "aio" else next(chunks)
    check("the first chunk", 256 * KIB, len(first))
    await client.call(blob.upload_blob(b"other words", overwrite=True))
    await client.raises(
        "ResourceModifiedError",
        412,
        "ConditionNotMet",
        lambda: anext(chunks) if client.flavour == "aio" else next(chunks),
        what="the next chunk",
    )
    check("the blob afterwards", b"other words", await client.read(blob))


async def download_unchanged(client: Client, container: str) -> None:
    """A reader that has the blob already asks for it only if it has changed."""
    blob = client.blob(container, "cached.txt")
    etag = (await client.call(blob.get_blob_properties())).etag
    changed = MatchConditions.IfModified
    await client.raises(
        "ResourceModifiedError",
        304,
        "ConditionNotMet",
        lambda: blob.download_blob(etag=etag, match_condition=changed),
        what="a blob that has not changed",
    )
    await client.call(blob.upload_blob(b"news", overwrite=True))
    check("a blob that has changed", b"news", await client.read(blob, etag=etag, match_condition=changed))


async def list_pages(client: Client, container: str) -> None:
    """Seven blobs by three: each page is asked for with the marker of the one before."""
    contents = client.contents(container)
    pages = await client.pages(contents.list_blobs(results_per_page=3).by_page())
    names = [[item.name for item in page] for page in pages]
    wanted = [["a/1.txt", "a/2.txt", "b/1.txt"], ["b/c/1.txt", "b/c/2.txt", "d.txt"], ["e f.txt"]]
    check("pages", wanted, names)
    few = await client.items(contents.list_blobs(name_starts_with="b/", include=["metadata", "tags"]))
    check("what begins with b/", ["b/1.txt", "b/c/1.txt", "b/c/2.txt"], [item.name for item in few])
    names_only = await client.items(contents.list_blob_names(name_starts_with="a/"))
    check("names that begin with a/", ["a/1.txt", "a/2.txt"], names_only)


async def walk_folders(client: Client, container: str) -> None:
    """Folder by folder with a delimiter, two names a page, down to the last one."""
    contents = client.contents(container)
    found = await _walk(client, contents.walk_blobs(results_per_page=2))
    wanted = ["a/", "a/1.txt", "a/2.txt", "b/", "b/c/", "b/c/1.txt", "b/c/2.txt", "b/1.txt", "d.txt"]
    check("the tree", [*wanted, "e f.txt"], found)


async def _walk(client: Client, level: Any) -> list[str]:
    names = []
    for item in await client.items(level):
        names.append(item.name)
        if item.name.endswith("/"):
            names += await _walk(client, item)
    return names


async def odd_names(client: Client, container: str) -> None:
    """A name with blanks, percent signs, plus and umlauts: written, listed, read and removed as it is."""
    name = "Größe 100%/a+b & c=d?#'~.txt"
    blob = client.blob(container, name)
    await client.call(blob.upload_blob(b"odd", overwrite=True))
    listed = await client.items(client.contents(container).list_blobs(name_starts_with="Größe 100%/"))
    check("names", [name], [item.name for item in listed])
    check("the blob", b"odd", await client.read(blob))
    await client.call(blob.delete_blob())


async def missing(client: Client, container: str, no_container: str) -> None:
    """Whatever is asked of a blob or a container that is not there is answered with 404 and its own code."""
    blob = client.blob(container, "nowhere.txt")
    gone = client.blob(no_container, "nowhere.txt")
    for what, call in (
        ("a read", blob.download_blob),
        ("its properties", blob.get_blob_properties),
        ("its deletion", blob.delete_blob),
        ("its block list", blob.get_block_list),
    ):
        await client.raises("ResourceNotFoundError", 404, "BlobNotFound", call, what=what)
    check("the blob exists", False, await client.call(blob.exists()))
    for what, call in (
        ("a read in no container", gone.download_blob),
        ("a write in no container", lambda: gone.upload_blob(b"x", overwrite=True)),
        ("a list of no container", lambda: client.items(client.contents(no_container).list_blobs())),
    ):
        await client.raises("ResourceNotFoundError", 404, "ContainerNotFound", call, what=what)
    check("the container exists", False, await client.call(client.contents(no_container).exists()))


async def account(client: Client, container: str) -> None:
    """What a client asks of the account before it begins: its kind, its settings, its containers."""
    service = client.service()
    about = await client.call(service.get_account_information())
    check("what is told of the account", True, bool(about["sku_name"]) and bool(about["account_kind"]))
    settings = await client.call(service.get_service_properties())
    if "cors" not in settings:
        raise UnexpectedError("the service properties hold no CORS rules, not even none")
    found = await client.items(service.list_containers(name_starts_with=container, include_metadata=True))
    check("containers", [container], [item.name for item in found])
