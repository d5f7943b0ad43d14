"""Scenarios of a recording: how the Azure SDK for Python copies blobs within a server."""

from __future__ import annotations

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock  # type: ignore[import-untyped]
from record_azure_kit import Client, check, content  # type: ignore[import-not-found]


async def copy_polled(client: Client, container: str, path: str) -> None:
    """Copy Blob with the source's bare address, polled until it is done; then there is none to abort."""
    source = client.blob(container, "source.bin")
    target = client.blob(container, "copies/target.bin")
    address = source.url if client.request.get("key") else client.readable(source)
    begun = await client.call(target.start_copy_from_url(address, metadata={"copied": "yes"}))
    check("a copy id is told", True, bool(begun["copy_id"]))
    state = await client.call(target.get_blob_properties())
    while state.copy.status == "pending":
        state = await client.call(target.get_blob_properties())
    check("the copy's end", "success", state.copy.status)
    check("the copy's id", begun["copy_id"], state.copy.id)
    check("metadata", {"copied": "yes"}, state.metadata)
    check("the copy", content(path), await client.read(target))
    await client.raises(
        "ResourceExistsError",
        409,
        "NoPendingCopyOperation",
        lambda: target.abort_copy(begun["copy_id"]),
        what="an end to a copy that has ended",
    )


async def copy_sync(client: Client, container: str, path: str) -> None:
    """Copy Blob From URL: done when it is answered; the source only if it is still the same."""
    source = client.blob(container, "source.bin")
    target = client.blob(container, "target.bin")
    etag = (await client.call(source.get_blob_properties())).etag
    done = await client.call(
        target.start_copy_from_url(
            client.readable(source),
            requires_sync=True,
            source_etag=etag,
            source_match_condition=MatchConditions.IfNotModified,
        )
    )
    check("the copy's end", "success", done["copy_status"])
    check("the copy", content(path), await client.read(target))
    await client.raises(
        "ResourceNotFoundError",
        412,
        "CannotVerifyCopySource",
        lambda: target.start_copy_from_url(
            client.readable(source),
            requires_sync=True,
            source_etag='"0x1"',
            source_match_condition=MatchConditions.IfNotModified,
        ),
        what="a copy of a source that has changed",
    )


async def put_from_url(client: Client, container: str, path: str) -> None:
    """Put Blob From URL: a new blob out of another one, then refused because it is there."""
    source = client.blob(container, "source.bin")
    target = client.blob(container, "target.bin")
    await client.call(target.upload_blob_from_url(client.readable(source)))
    check("the copy", content(path), await client.read(target))
    await client.raises(
        "ResourceExistsError",
        409,
        "BlobAlreadyExists",
        lambda: target.upload_blob_from_url(client.readable(source), overwrite=False),
        what="a second creation",
    )
    missing = client.blob(container, "no-source.bin")
    await client.raises(
        "ResourceNotFoundError",
        404,
        "CannotVerifyCopySource",
        lambda: target.upload_blob_from_url(client.readable(missing), overwrite=True),
        what="a source that is not there",
    )


async def blocks_from_url(client: Client, container: str, path: str) -> None:
    """Put Block From URL: two parts of another blob in the other order, then their list."""
    data = content(path)
    half = len(data) // 2
    source = client.readable(client.blob(container, "source.bin"))
    target = client.blob(container, "target.bin")
    await client.call(target.stage_block_from_url("part-0", source, 0, half))
    await client.call(target.stage_block_from_url("part-1", source, half, len(data) - half))
    _, staged = await client.call(target.get_block_list("uncommitted"))
    check("staged blocks", [("part-0", half), ("part-1", len(data) - half)], [(b.id, b.size) for b in staged])
    await client.call(target.commit_block_list([BlobBlock("part-1"), BlobBlock("part-0")]))
    check("the copy", data[half:] + data[:half], await client.read(target))


async def append_from_url(client: Client, container: str, path: str) -> None:
    """Append Block From URL: the whole of another blob behind what is there."""
    source = client.readable(client.blob(container, "source.bin"))
    target = client.blob(container, "log.bin")
    await client.call(target.create_append_blob())
    await client.call(target.append_block(b"head "))
    await client.call(target.append_block_from_url(source, 0, len(content(path)), appendpos_condition=5))
    check("the blob", b"head " + content(path), await client.read(target))
