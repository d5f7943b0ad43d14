"""The SDK as somebody uses it who trains on the data: tuned, resumed, walked, guarded. Judged elsewhere."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Callable
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError
from azure_storage_blob_kit import KIB, Kit, content, main, said  # type: ignore[import-not-found]

_RIVALS = 8


async def tuned(kit: Kit) -> None:
    """Up and down with what the request says about sizes and concurrency."""
    size, sizes = kit.request["size"], kit.request["client"]
    blob = kit.container(**sizes).get_blob_client(f"{kit.flavour}/data +%.bin")
    wide = {"max_concurrency": kit.request["concurrency"]}
    data = content(size, 61)
    answer = await kit.call(blob.upload_blob(data, length=size, overwrite=True, **wide))
    kit.tell("etag", answer["etag"] == (await kit.call(blob.get_blob_properties())).etag)
    kit.tell("bytes", said(await kit.read(blob, **wide)))
    laid = kit.container(**sizes).get_blob_client("laid")
    kit.tell("bytes that were laid", said(await kit.read(laid, **wide)))


async def resume(kit: Kit) -> None:
    """Half a download, the rest later and only of the same blob; refused when it has been replaced."""
    sizes = {"max_single_get_size": 256 * KIB, "max_chunk_get_size": 256 * KIB}
    blob = kit.container(**sizes).get_blob_client(f"{kit.flavour}/resumed")
    half = kit.request["half"]
    await kit.call(blob.upload_blob(content(2 * half, 62)))
    stream = await kit.call(blob.download_blob(offset=0, length=half, max_concurrency=2))
    begun = await kit.call(stream.readall())
    fenced = {"etag": stream.properties.etag, "match_condition": MatchConditions.IfNotModified}
    rest = await kit.read(blob, offset=half, max_concurrency=2, **fenced)
    kit.tell("bytes", said(begun + rest))
    await kit.call(blob.upload_blob(content(2 * half, 63), overwrite=True))
    await kit.refused("the rest of what was replaced", lambda: kit.read(blob, offset=half, **fenced))
    kit.tell("bytes of the new one", said(await kit.read(blob)))


async def walk(kit: Kit) -> None:
    """Level by level, as a folder would be walked."""
    container = kit.container()
    found: list[str] = []
    folders: list[str] = [""]
    seen: list[str] = []
    while folders:
        here = folders.pop(0)
        level = container.walk_blobs(name_starts_with=here or None, delimiter="/", results_per_page=3)
        for item in await kit.items(level):
            if type(item).__name__ == "BlobPrefix":
                seen.append(item.name)
                folders.append(item.name)
            else:
                found.append(item.name)
    kit.tell("folders", sorted(seen))
    kit.tell("blobs", sorted(found))
    dashes = await kit.items(container.walk_blobs(name_starts_with="run-", delimiter="-"))
    kit.tell("by another delimiter", sorted(item.name for item in dashes))


async def pages(kit: Kit) -> None:
    """Pages of a chosen size; gone on with by another client that has only the token."""
    size = kit.request["page"]
    pager = kit.container().list_blobs(results_per_page=size).by_page()
    begun = [item.name for _ in range(2) for item in await _next_page(pager)]
    kit.tell("a full page has", len(begun) / 2)
    token = pager.continuation_token
    rest = kit.container().list_blobs(results_per_page=size).by_page(continuation_token=token)
    following = [item.name for page in await kit.pages(rest) for item in page]
    kit.tell("all of them", begun + following)
    again = kit.container().list_blobs(results_per_page=size).by_page(continuation_token=token)
    kit.tell("the same page again", [item.name for item in await _next_page(again)] == following[:size])
    last = kit.container().list_blobs(results_per_page=5000).by_page()
    one = await kit.pages(last)
    kit.tell("all in one page", [len(one), len(one[0]), last.continuation_token or None])


async def _next_page(pager: Any) -> list[Any]:
    if hasattr(pager, "__anext__"):
        return [item async for item in await pager.__anext__()]
    return list(next(pager))


async def create_only(kit: Kit) -> None:
    """Several writers, one name, overwrite=False: one of them wins, whole, and the others are told."""
    sizes = {"max_single_put_size": 64 * KIB, "max_block_size": 64 * KIB}
    for how, size in (("at once", 10_000), ("in blocks", 200_000)):
        name = f"{kit.flavour}/{how}"

        async def write(rival: int, size: int = size, name: str = name) -> bool:
            blob = kit.container(**sizes).get_blob_client(name)
            try:
                await _apart(lambda: blob.upload_blob(content(size, 300 + rival), overwrite=False))
            except ResourceExistsError:
                return False
            return True

        won = await asyncio.gather(*(write(rival) for rival in range(_RIVALS)))
        kit.tell(f"winners {how}", sum(won))
        blob = kit.container().get_blob_client(name)
        winner = won.index(True) if any(won) else 0
        kit.tell(f"the winner's bytes {how}", said(await kit.read(blob)) == said(content(size, 300 + winner)))
        await kit.refused(f"one more {how}", lambda b=blob: b.upload_blob(b"late", overwrite=False))
        await kit.call(blob.upload_blob(b"replaced", overwrite=True))
        kit.tell(f"replaced {how}", (await kit.read(blob)).decode())


async def _apart(call: Callable[[], Any]) -> Any:
    """A call that does not keep the others waiting, of either flavour."""
    made = await asyncio.to_thread(call)
    return await made if inspect.isawaitable(made) else made


async def lease(kit: Kit) -> None:
    """A blob that one writer holds: what it may do, what the others may not."""
    blob = kit.container().get_blob_client(f"{kit.flavour}/leased")
    await kit.call(blob.upload_blob(b"first"))
    held = await kit.call(blob.acquire_lease(lease_duration=60))
    kit.tell("id", len(held.id))
    kit.tell("state", await _lease(kit, blob))
    await kit.refused("a second lease", lambda: blob.acquire_lease(lease_duration=60))
    await kit.refused("write without it", lambda: blob.upload_blob(b"no", overwrite=True))
    await kit.refused("delete without it", lambda: blob.delete_blob())
    await kit.refused("metadata without it", lambda: blob.set_blob_metadata({"a": "b"}))
    other = str(uuid.uuid4())
    await kit.refused("write with another", lambda: blob.upload_blob(b"no", overwrite=True, lease=other))
    kit.tell("read without it", (await kit.read(blob)).decode())
    await kit.call(blob.upload_blob(b"second", overwrite=True, lease=held))
    kit.tell("written with it", (await kit.read(blob)).decode())
    await kit.call(held.renew())
    before = held.id
    await kit.call(held.change(proposed_lease_id=other))
    kit.tell("changed", [held.id == other, before != other])
    await kit.refused("write with the old one", lambda: blob.upload_blob(b"no", overwrite=True, lease=before))
    await kit.call(blob.upload_blob(b"third", overwrite=True, lease=other))
    left = await kit.call(held.break_lease(lease_break_period=0))
    kit.tell("broken", [left, await _lease(kit, blob)])
    await kit.call(blob.upload_blob(b"fourth", overwrite=True))
    again = await kit.call(blob.acquire_lease())
    kit.tell("for ever", await _lease(kit, blob))
    await kit.call(again.release())
    kit.tell("released", await _lease(kit, blob))
    await kit.call(blob.delete_blob())
    kit.tell("deleted", await kit.call(blob.exists()))


async def _lease(kit: Kit, blob: Any) -> list[str | None]:
    told = (await kit.call(blob.get_blob_properties())).lease
    return [told.state, told.status, told.duration]


async def refusals(kit: Kit) -> None:
    """What the SDK makes of refusals that programs test for, and that leave everything as it was."""
    container = kit.container()
    blob = container.get_blob_client(f"{kit.flavour}/there")
    await kit.call(blob.upload_blob(b"there", metadata={"kept": "yes"}))
    fenced = {"etag": '"0x8D0000000000000"', "match_condition": MatchConditions.IfNotModified}
    await kit.refused("a stale read", lambda: kit.read(blob, **fenced))
    await kit.refused("a stale write", lambda: blob.upload_blob(b"no", overwrite=True, **fenced))
    await kit.refused("stale metadata", lambda: blob.set_blob_metadata({"a": "b"}, **fenced))
    await kit.refused("a stale commit", lambda: blob.commit_block_list([], **fenced))
    await kit.refused("blocks that nobody staged", lambda: blob.commit_block_list(["bm9uZQ=="]))
    await kit.refused("a range behind the end", lambda: blob.download_blob(offset=100, length=1))
    await kit.refused("an append to a block blob", lambda: blob.append_block(b"x"))
    await kit.refused("a snapshot that is none", lambda: _of_snapshot(kit, blob).get_blob_properties())
    await kit.refused("a read of nothing", lambda: container.get_blob_client("none").download_blob())
    await kit.refused("a list of nothing", lambda: _nowhere(kit))
    kit.tell("bytes", (await kit.read(blob)).decode())
    kit.tell("metadata", (await kit.call(blob.get_blob_properties())).metadata)


def _of_snapshot(kit: Kit, blob: Any) -> Any:
    return kit.container().get_blob_client(blob.blob_name, snapshot="2020-01-01T00:00:00.0000000Z")


async def _nowhere(kit: Kit) -> list[Any]:
    gone = kit.service().get_container_client(f"{kit.container_name}-none")
    found: list[Any] = await kit.items(gone.list_blobs())
    return found


async def under_fault(kit: Kit) -> None:
    """One request of a kind meets a fault; the SDK's own retries are all there is."""
    sizes = {"max_single_put_size": 64 * KIB, "max_block_size": 64 * KIB, "max_chunk_get_size": 64 * KIB}
    container = kit.container(**sizes, max_single_get_size=64 * KIB)
    try:
        await _ACTIONS[kit.request["action"]](kit, container)
    except AzureError as error:
        kit.tell("refusal", [type(error).__name__, getattr(error, "status_code", None)])
    else:
        kit.tell("refusal", None)


async def _write(kit: Kit, container: Any) -> None:
    await kit.call(container.upload_blob(kit.request["blob"], content(20_000, 64), overwrite=True))


async def _commit(kit: Kit, container: Any) -> None:
    await kit.call(container.upload_blob(kit.request["blob"], content(200_000, 64), overwrite=True))


async def _read(kit: Kit, container: Any) -> None:
    kit.tell("told", said(await kit.read(container.get_blob_client(kit.request["blob"]))))


async def _list(kit: Kit, container: Any) -> None:
    kit.tell("told", [item.name for item in await kit.items(container.list_blobs(name_starts_with="l/"))])


_ACTIONS = {"write": _write, "commit": _commit, "read": _read, "list": _list}
SCENARIOS = {
    "tuned": tuned,
    "resume": resume,
    "walk": walk,
    "pages": pages,
    "create-only": create_only,
    "lease": lease,
    "refusals": refusals,
    "under-fault": under_fault,
}

if __name__ == "__main__":
    main(SCENARIOS)
