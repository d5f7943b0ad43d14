"""The SDK's scenarios: each uses the SDK as documented and tells what came of it. Judged elsewhere."""

from __future__ import annotations

import asyncio
import datetime
from importlib import import_module
from typing import Any

from azure.core import MatchConditions
from azure_storage_blob_kit import KIB, MIB, Kit, content, main, said  # type: ignore[import-not-found]


async def upload(kit: Kit) -> None:
    """One request, empty, many blocks, from a stream of unknown length."""
    container = kit.container(max_single_put_size=256 * KIB, max_block_size=256 * KIB)
    for name, size in (("small", 1000), ("empty", 0), ("blocks", 3 * MIB + 77)):
        blob = container.get_blob_client(f"{kit.flavour}/{name}")
        answer = await kit.call(blob.upload_blob(content(size, 41), max_concurrency=4))
        properties = await kit.call(blob.get_blob_properties())
        kit.tell(f"etag of {name}", answer["etag"] == properties.etag)
        kit.tell(f"size of {name}", properties.size)
    blob = container.get_blob_client(f"{kit.flavour}/stream +%#.bin")
    await kit.call(blob.upload_blob(iter([content(300 * KIB, 42), content(5, 43)])))
    default = kit.container().get_blob_client(f"{kit.flavour}/default")
    await kit.call(default.upload_blob(content(5 * MIB, 44)))


async def download(kit: Kit) -> None:
    """Whole, in chunks, empty, into a stream."""
    container = kit.container(max_single_get_size=256 * KIB, max_chunk_get_size=256 * KIB)
    for name in ("small", "empty", "large"):
        blob = container.get_blob_client(name)
        kit.tell(f"bytes of {name}", said(await kit.read(blob, max_concurrency=4)))
    default = kit.container().get_blob_client("large")
    kit.tell("bytes by default", said(await kit.read(default)))
    stream = await kit.call(default.download_blob())
    kit.tell("size told", stream.size)
    checked = kit.container().get_blob_client("large")
    kit.tell("bytes with validation", said(await kit.read(checked, validate_content=True)))


async def ranges(kit: Kit) -> None:
    """Parts of a blob: from the front, the middle, past the end."""
    container = kit.container(max_single_get_size=64 * KIB, max_chunk_get_size=64 * KIB)
    blob = container.get_blob_client("large")
    for offset, length in ((0, 1), (10, 90), (100_000, 300_000), (900_000, 999_999), (5, None)):
        data = await kit.read(blob, offset=offset, length=length)
        kit.tell(f"bytes from {offset}, {length}", said(data))
    await kit.refused("past the end", lambda: blob.download_blob(offset=10_000_000, length=5))


async def listing(kit: Kit) -> None:
    """Flat, by prefix, in pages, level by level."""
    container = kit.container()
    kit.tell("all", [[item.name, item.size] for item in await kit.items(container.list_blobs())])
    found = await kit.items(container.list_blobs(name_starts_with="a/"))
    kit.tell("prefix", [item.name for item in found])
    pages = await kit.pages(container.list_blobs(results_per_page=4).by_page())
    kit.tell("pages", [[item.name for item in page] for page in pages])
    top = await kit.items(container.walk_blobs())
    kit.tell("top", [item.name for item in top])
    below = await kit.items(container.walk_blobs(name_starts_with="a/", delimiter="/"))
    kit.tell("below", [item.name for item in below])
    kit.tell("nothing", len(await kit.items(container.list_blobs(name_starts_with="none/"))))
    with_metadata = await kit.items(container.list_blobs(name_starts_with="a/", include=["metadata"]))
    kit.tell("metadata", [item.metadata or {} for item in with_metadata])


async def properties(kit: Kit) -> None:
    """Content settings and metadata: at upload, changed, read back."""
    settings = _settings(content_type="text/x-proof", content_language="en", cache_control="no-cache")
    blob = kit.container().get_blob_client(f"{kit.flavour}/p")
    await kit.call(
        blob.upload_blob(b"properties", metadata={"One": "1", "two": "zwei 2"}, content_settings=settings)
    )
    kit.tell("at first", await _properties(kit, blob))
    before = (await kit.call(blob.get_blob_properties())).etag
    await kit.call(blob.set_blob_metadata({"three": "3"}))
    after = await kit.call(blob.get_blob_properties())
    kit.tell("metadata changed", dict(after.metadata))
    kit.tell("etag changed", after.etag != before)
    await kit.call(blob.set_http_headers(_settings(content_type="application/x-other")))
    kit.tell("headers changed", await _properties(kit, blob))
    kit.tell("exists", await kit.call(blob.exists()))


async def _properties(kit: Kit, blob: Any) -> list[Any]:
    found = await kit.call(blob.get_blob_properties())
    settings = found.content_settings
    return [
        found.size,
        settings.content_type,
        settings.content_language,
        settings.cache_control,
        {name.lower(): value for name, value in found.metadata.items()},
    ]


def _settings(**settings: str) -> Any:
    return import_module("azure.storage.blob").ContentSettings(**settings)


async def conditions(kit: Kit) -> None:
    """Writes that must not happen: create only, replace only what was read."""
    blob = kit.container().get_blob_client(f"{kit.flavour}/c")
    first = await kit.call(blob.upload_blob(b"first"))
    await kit.refused("create again", lambda: blob.upload_blob(b"second"))
    many = kit.container(max_single_put_size=8, max_block_size=8).get_blob_client(f"{kit.flavour}/c")
    await kit.refused("create again in blocks", lambda: many.upload_blob(b"second, and longer than eight"))
    kit.tell("still", (await kit.read(blob)).decode())
    fenced = {"etag": first["etag"], "match_condition": MatchConditions.IfNotModified}
    second = await kit.call(blob.upload_blob(b"second", overwrite=True, **fenced))
    kit.tell("etag moved", second["etag"] != first["etag"])
    await kit.refused("stale replace", lambda: blob.upload_blob(b"third", overwrite=True, **fenced))
    await kit.refused("stale delete", lambda: blob.delete_blob(**fenced))
    unchanged = {"etag": second["etag"], "match_condition": MatchConditions.IfModified}
    await kit.refused("read if changed", lambda: blob.download_blob(**unchanged))
    await kit.call(blob.delete_blob(etag=second["etag"], match_condition=MatchConditions.IfNotModified))
    kit.tell("deleted", await kit.call(blob.exists()))


async def errors(kit: Kit) -> None:
    """What the SDK makes of refusals: class, code, status."""
    service = kit.service()
    container = service.get_container_client(kit.container_name)
    blob = container.get_blob_client(f"{kit.flavour}/none")
    nowhere = service.get_container_client(f"{kit.container_name}-none")
    await kit.refused("get what is not there", lambda: blob.download_blob())
    await kit.refused("ask for what is not there", lambda: blob.get_blob_properties())
    await kit.refused("delete what is not there", lambda: blob.delete_blob())
    await kit.refused("container again", lambda: container.create_container())
    await kit.refused("no container", lambda: nowhere.get_container_properties())
    await kit.refused("blob without container", lambda: nowhere.get_blob_client("b").upload_blob(b"x"))
    await kit.refused("delete no container", lambda: nowhere.delete_container())
    await kit.refused("unknown block", lambda: blob.commit_block_list(["bm9uZQ=="]))
    kit.tell("exists", await kit.call(blob.exists()))
    kit.tell("container exists", [await kit.call(container.exists()), await kit.call(nowhere.exists())])


async def blocks(kit: Kit) -> None:
    """Blocks staged by hand: order by the list, not by arrival; what is uncommitted is not visible."""
    blob = kit.container().get_blob_client(f"{kit.flavour}/b")
    for name, data in (("c", b"CCC"), ("a", b"AAA"), ("b", b"BBB")):
        await kit.call(blob.stage_block(name * 8, data))
    _, uncommitted = await kit.call(blob.get_block_list("all"))
    kit.tell("uncommitted", sorted([block.id, block.size] for block in uncommitted))
    kit.tell("exists before", await kit.call(blob.exists()))
    await kit.call(blob.commit_block_list(["a" * 8, "b" * 8, "c" * 8, "a" * 8]))
    kit.tell("bytes", (await kit.read(blob)).decode())
    committed, _ = await kit.call(blob.get_block_list("all"))
    kit.tell("committed", [block.id for block in committed])


async def delete(kit: Kit) -> None:
    """One by one, and many in one batch with one that is not there."""
    container = kit.container()
    names = [f"{kit.flavour}/d{number} +%.bin" for number in range(5)]
    for name in names:
        await kit.call(container.upload_blob(name, b"x"))
    await kit.call(container.delete_blob(names[0]))
    gone = f"{kit.flavour}/never"
    answers = await kit.call(
        container.delete_blobs(*names[1:4], gone, raise_on_any_failure=False, delete_snapshots=None)
    )
    kit.tell("batch", [answer.status_code for answer in await kit.items(answers)])


async def copy(kit: Kit) -> None:
    """Copies inside the account: asked for, and in one synchronous request; from a URL with a SAS."""
    container = kit.container()
    url = kit.request["source_url"]
    target = container.get_blob_client(f"{kit.flavour}/copy")
    answer = await kit.call(target.start_copy_from_url(url))
    kit.tell("copy status", [answer["copy_status"], bool(answer["copy_id"])])
    for _ in range(50):  # 10 s at most
        if (await kit.call(target.get_blob_properties())).copy.status != "pending":
            break
        await asyncio.sleep(0.2)
    kit.tell("copy status at last", (await kit.call(target.get_blob_properties())).copy.status)
    synchronous = container.get_blob_client(f"{kit.flavour}/copy-sync")
    answer = await kit.call(synchronous.start_copy_from_url(url, requires_sync=True))
    kit.tell("synchronous copy status", answer["copy_status"])


async def from_url(kit: Kit) -> None:
    """Put Blob From URL and Put Block From URL."""
    container = kit.container()
    url = kit.request["source_url"]
    whole = container.get_blob_client(f"{kit.flavour}/from-url")
    await kit.call(whole.upload_blob_from_url(url))
    kit.tell("whole", (await kit.call(whole.get_blob_properties())).size)
    parts = container.get_blob_client(f"{kit.flavour}/blocks-from-url")
    await kit.call(parts.stage_block_from_url("a" * 8, url, source_offset=10, source_length=500))
    await kit.call(parts.stage_block_from_url("b" * 8, url, source_offset=0, source_length=10))
    await kit.call(parts.commit_block_list(["b" * 8, "a" * 8]))
    kit.tell("parts", (await kit.call(parts.get_blob_properties())).size)


async def containers(kit: Kit) -> None:
    """Create, find, describe and delete containers; metadata in the listing of the account."""
    service = kit.service()
    name = f"{kit.container_name}-{kit.flavour}"
    container = await kit.call(service.create_container(name, metadata={"made": "by-sdk"}))
    found = await kit.items(service.list_containers(name_starts_with=name, include_metadata=True))
    kit.tell("listed", [[item.name, item.metadata] for item in found])
    described = await kit.call(container.get_container_properties())
    kit.tell("described", [described.name, dict(described.metadata)])
    await kit.call(container.delete_container())
    kit.tell("deleted", await kit.call(container.exists()))
    account = await kit.call(service.get_account_information())
    kit.tell("account", [bool(account.get("sku_name")), bool(account.get("account_kind"))])


async def auth(kit: Kit) -> None:
    """Write, read and list with whatever credential the request names."""
    credential = {
        "shared-key": kit.shared_key,
        "sas": lambda: kit.sas(kit.request["sas"]),
        "bearer": kit.token,
    }[kit.request["credential"]]()
    container = kit.service(credential).get_container_client(kit.container_name)
    name = f"{kit.flavour}/auth ü+%.bin"
    await kit.call(container.upload_blob(name, content(2000, 45)))
    kit.tell("bytes", said(await kit.read(container.get_blob_client(name))))
    found = await kit.items(container.list_blobs(name_starts_with=f"{kit.flavour}/"))
    kit.tell("listed", [item.name for item in found])


async def delegation(kit: Kit) -> None:
    """A user delegation key, and a SAS that the SDK signs with it."""
    sdk = import_module("azure.storage.blob")
    now = datetime.datetime.now(datetime.UTC)
    expiry = now + datetime.timedelta(hours=1)
    service = kit.service(kit.token())
    key = await kit.call(service.get_user_delegation_key(now - datetime.timedelta(minutes=5), expiry))
    kit.tell("key", [bool(key.signed_oid), bool(key.signed_tid), key.signed_service, bool(key.value)])
    token = sdk.generate_container_sas(
        account_name=kit.request["account"],
        container_name=kit.container_name,
        user_delegation_key=key,
        permission=sdk.ContainerSasPermissions(read=True, write=True, list=True, create=True),
        expiry=expiry,
    )
    container = kit.service(kit.sas(token)).get_container_client(kit.container_name)
    name = f"{kit.flavour}/delegated.bin"
    await kit.call(container.upload_blob(name, content(2000, 46)))
    kit.tell("bytes", said(await kit.read(container.get_blob_client(name))))
    await kit.refused("delete is not permitted", lambda: container.get_blob_client(name).delete_blob())


async def wrong_auth(kit: Kit) -> None:
    """Credentials that must be refused, and how the SDK says so."""
    name = "source"

    def blob(credential: Any) -> Any:
        return kit.service(credential).get_container_client(kit.container_name).get_blob_client(name)

    for fact in ("expired", "read-only", "tampered"):
        token = kit.request["wrong"].get(fact)
        if token is None:
            continue
        client = blob(kit.sas(token))
        if fact == "read-only":
            kit.tell("read with read-only", said(await kit.read(client)))
            await kit.refused("write with read-only", lambda c=client: c.upload_blob(b"x", overwrite=True))
        else:
            await kit.refused(fact, lambda c=client: c.download_blob())
    await kit.refused("anonymous", lambda: blob(None).download_blob())
    key = {"account_name": kit.request["account"], "account_key": "d3Jvbmc="}
    await kit.refused("wrong key", lambda: blob(key).download_blob())


SCENARIOS = {
    "upload": upload,
    "download": download,
    "ranges": ranges,
    "listing": listing,
    "properties": properties,
    "conditions": conditions,
    "errors": errors,
    "blocks": blocks,
    "delete": delete,
    "copy": copy,
    "from-url": from_url,
    "containers": containers,
    "auth": auth,
    "delegation": delegation,
    "wrong-auth": wrong_auth,
}

if __name__ == "__main__":
    main(SCENARIOS)
