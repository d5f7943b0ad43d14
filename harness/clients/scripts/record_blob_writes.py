"""Scenarios of a recording: how the Azure SDK for Python writes blobs, and how it is refused."""

from __future__ import annotations

from typing import Any

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, BlobType, BlockState, ContentSettings  # type: ignore[import-untyped]
from record_azure_kit import KIB, Client, check, content  # type: ignore[import-not-found]

SPLIT = {"max_single_put_size": 64 * KIB, "max_block_size": 256 * KIB}
"""What makes the SDK split a file of a few MiB into blocks, as it splits one of 64 MiB and more by itself."""


async def put_small(client: Client, container: str) -> None:
    """One request each: create only, refused because it is there, and overwrite."""
    blob = client.blob(container, "small.txt")
    made = await client.call(blob.upload_blob(b"the first words", overwrite=False))
    await client.raises(
        "ResourceExistsError",
        409,
        "BlobAlreadyExists",
        lambda: blob.upload_blob(b"never kept", overwrite=False),
        what="a second creation",
    )
    check("the blob after the refusal", b"the first words", await client.read(blob))
    again = await client.call(blob.upload_blob(b"the second, longer words", overwrite=True))
    check("the ETag changes", True, made["etag"] != again["etag"])
    check("the blob after the overwrite", b"the second, longer words", await client.read(blob))


async def upload_blocks(client: Client, container: str, path: str) -> None:
    """Blocks side by side, then their list with properties, metadata and tags on it."""
    blob = client.blob(container, "folder/large.bin", **SPLIT)
    done = await client.call(
        blob.upload_blob(
            content(path),
            overwrite=True,
            max_concurrency=4,
            metadata={"origin": "blobproof"},
            content_settings=ContentSettings(content_type="application/x-tar", cache_control="no-cache"),
        )
    )
    found = await client.call(blob.get_blob_properties())
    check("ETag", done["etag"], found.etag)
    check("size", len(content(path)), found.size)
    check("metadata", {"origin": "blobproof"}, found.metadata)
    check("content type", "application/x-tar", found.content_settings.content_type)
    check("cache control", "no-cache", found.content_settings.cache_control)


async def upload_blocks_once(client: Client, container: str, path: str) -> None:
    """A large creation that must not overwrite: refused with its last request, when all blocks are there."""
    blob = client.blob(container, "taken.bin", **SPLIT)
    await client.raises(
        "ResourceExistsError",
        409,
        "BlobAlreadyExists",
        lambda: blob.upload_blob(content(path), overwrite=False, max_concurrency=2),
        what="a creation in blocks",
    )
    check("the blob that was there", b"taken", await client.read(blob))


async def upload_stream(client: Client, container: str, path: str) -> None:
    """Chunks from a generator, whose length nobody knows: blocks of odd sizes, one after the other."""
    data = content(path)
    pieces = [data[:100], data[100:150_000], data[150_000:]]
    blob = client.blob(container, "stream.bin", max_single_put_size=16 * KIB, max_block_size=64 * KIB)
    source: Any = _each(pieces) if client.flavour == "aio" else iter(pieces)
    await client.call(blob.upload_blob(source, overwrite=True))
    check("the blob", data, await client.read(blob))


async def _each(pieces: list[bytes]) -> Any:
    for piece in pieces:
        yield piece


async def staged_blocks(client: Client, container: str, path: str) -> None:
    """Blocks by hand: staged, listed, committed, one of them replaced under the ETag, and an unknown one."""
    data = content(path)
    third = len(data) // 3
    parts = [data[:third], data[third : 2 * third], data[2 * third :]]
    blob = client.blob(container, "assembled.bin")
    for number, part in enumerate(parts):
        await client.call(blob.stage_block(f"part-{number}", part))
    committed, staged = await client.call(blob.get_block_list("all"))
    check("committed blocks", 0, len(committed))
    check("staged blocks", [third, third, len(parts[2])], [block.size for block in staged])
    first = await client.call(blob.commit_block_list([BlobBlock(f"part-{n}") for n in range(3)]))
    check("the blob", data, await client.read(blob))

    await client.call(blob.stage_block("part-9", parts[0]))
    kept = BlobBlock("part-0", state=BlockState.COMMITTED)
    new = BlobBlock("part-9", state=BlockState.UNCOMMITTED)
    await client.call(
        blob.commit_block_list([kept, new], etag=first["etag"], match_condition=MatchConditions.IfNotModified)
    )
    committed, staged = await client.call(blob.get_block_list("all"))
    check("blocks of the second list", ["part-0", "part-9"], [block.id for block in committed])
    check("staged blocks after it", [], [block.id for block in staged])
    await client.raises(
        "HttpResponseError",
        400,
        "InvalidBlockList",
        lambda: blob.commit_block_list([BlobBlock("part-7")]),
        what="a list with an unknown block",
    )
    check("the blob at the end", parts[0] * 2, await client.read(blob))


async def conditional_writes(client: Client, container: str) -> None:
    """A writer with a stale ETag is refused: overwrite, delete, and creation of what is there."""
    blob = client.blob(container, "shared.txt")
    stale = (await client.call(blob.get_blob_properties())).etag
    fresh = (await client.call(blob.upload_blob(b"somebody else's words", overwrite=True)))["etag"]
    unchanged = MatchConditions.IfNotModified
    await client.raises(
        "ResourceModifiedError",
        412,
        "ConditionNotMet",
        lambda: blob.upload_blob(b"lost update", overwrite=True, etag=stale, match_condition=unchanged),
        what="an overwrite with a stale ETag",
    )
    await client.raises(
        "ResourceModifiedError",
        412,
        "ConditionNotMet",
        lambda: blob.delete_blob(etag=stale, match_condition=unchanged),
        what="a deletion with a stale ETag",
    )
    await client.raises(
        "ResourceExistsError",
        409,
        "BlobAlreadyExists",
        lambda: blob.upload_blob(b"x", overwrite=True, match_condition=MatchConditions.IfMissing),
        what="a creation of what is there",
    )
    await client.call(
        blob.upload_blob(b"the winner's words", overwrite=True, etag=fresh, match_condition=unchanged)
    )
    check("the blob", b"the winner's words", await client.read(blob))


async def append(client: Client, container: str) -> None:
    """Blocks appended at a stated position; one at a position that is past is refused."""
    blob = client.blob(container, "log.txt")
    await client.call(blob.create_append_blob(metadata={"kind": "log"}))
    first = await client.call(blob.append_block(b"first line\n", appendpos_condition=0))
    check("offset of the first block", "0", first["blob_append_offset"])
    second = await client.call(blob.append_block(b"second line\n", appendpos_condition=11))
    check("offset of the second block", "11", second["blob_append_offset"])
    check("blocks", 2, second["blob_committed_block_count"])
    await client.raises(
        "HttpResponseError",
        412,
        "AppendPositionConditionNotMet",
        lambda: blob.append_block(b"second line\n", appendpos_condition=11),
        what="a block at a position that is past",
    )
    await client.raises(
        "HttpResponseError",
        412,
        "MaxBlobSizeConditionNotMet",
        lambda: blob.append_block(b"third line\n", maxsize_condition=24),
        what="a block past the largest size",
    )
    check("the blob", b"first line\nsecond line\n", await client.read(blob))
    await client.call(blob.seal_append_blob())
    check("sealed", True, bool((await client.call(blob.get_blob_properties())).is_append_blob_sealed))


async def append_upload(client: Client, container: str, path: str) -> None:
    """A file that goes up as an append blob: created, then appended block by block; then more of it."""
    blob = client.blob(container, "journal.bin", max_block_size=64 * KIB)
    data = content(path)
    await client.call(blob.upload_blob(data, blob_type=BlobType.APPENDBLOB, overwrite=True))
    await client.call(blob.upload_blob(b"and more", blob_type=BlobType.APPENDBLOB, overwrite=False))
    check("the blob", data + b"and more", await client.read(blob))


async def checked_md5(client: Client, container: str, path: str) -> None:
    """MD5 both ways: on a small blob, on every block, on every range that is read."""
    sizes = {"max_single_get_size": 128 * KIB, "max_chunk_get_size": 128 * KIB}
    small = client.blob(container, "small.txt")
    await client.call(small.upload_blob(b"checked words", overwrite=True, validate_content=True))
    large = client.blob(container, "large.bin", **SPLIT, **sizes)
    await client.call(
        large.upload_blob(content(path), overwrite=True, validate_content=True, max_concurrency=2)
    )
    check("the small blob", b"checked words", await client.read(small, validate_content=True))
    check("the large blob", content(path), await client.read(large, validate_content=True))


async def checked_crc64(client: Client, container: str, path: str) -> None:
    """CRC-64 both ways: on a small blob, on every block, in the structured body of what is read."""
    sizes = {"max_single_get_size": 256 * KIB, "max_chunk_get_size": 256 * KIB}
    small = client.blob(container, "small.txt")
    await client.call(small.upload_blob(b"checked words", overwrite=True, validate_content="crc64"))
    large = client.blob(container, "large.bin", **SPLIT, **sizes)
    await client.call(
        large.upload_blob(content(path), overwrite=True, validate_content="crc64", max_concurrency=2)
    )
    check("the small blob", b"checked words", await client.read(small, validate_content="crc64"))
    check("the large blob", content(path), await client.read(large, validate_content="crc64"))
