"""Scenarios of a recording: what the Azure SDK for Python sets on containers and blobs, and removes."""

from __future__ import annotations

from azure.storage.blob import AccessPolicy, ContainerSasPermissions, ContentSettings, StandardBlobTier  # type: ignore[import-untyped]
from record_azure_kit import Client, check  # type: ignore[import-not-found]


async def container_life(client: Client, container: str) -> None:
    """Made, refused because it is there, given metadata and a policy, removed, and gone."""
    contents = client.contents(container)
    await client.call(contents.create_container(metadata={"team": "storage"}))
    await client.raises(
        "ResourceExistsError", 409, "ContainerAlreadyExists", contents.create_container, what="a second one"
    )
    found = await client.call(contents.get_container_properties())
    check("metadata", {"team": "storage"}, found.metadata)
    await client.call(contents.set_container_metadata({"team": "compute"}))
    policy = AccessPolicy(
        permission=ContainerSasPermissions(read=True, list=True),
        start="2026-01-01T00:00:00Z",
        expiry="2036-01-01T00:00:00Z",
    )
    await client.call(contents.set_container_access_policy({"readers": policy}))
    policies = await client.call(contents.get_container_access_policy())
    check("policies", [("readers", "rl")], _told(policies["signed_identifiers"]))
    check("public access", None, policies["public_access"])
    await client.call(contents.delete_container())
    await client.raises(
        "ResourceNotFoundError", 404, "ContainerNotFound", contents.get_container_properties, what="the end"
    )


def _told(policies: list[object]) -> list[tuple[object, str]]:
    return [(policy.id, str(policy.access_policy.permission)) for policy in policies]  # type: ignore[attr-defined]


async def properties(client: Client, container: str) -> None:
    """Metadata and HTTP headers of a blob, each replaced as a whole."""
    blob = client.blob(container, "described.txt")
    before = await client.call(blob.get_blob_properties())
    await client.call(blob.set_blob_metadata({"Colour": "blue", "size": "XL"}))
    await client.call(
        blob.set_http_headers(
            ContentSettings(
                content_type="text/csv",
                content_encoding="gzip",
                content_language="de",
                content_disposition='attachment; filename="a b.csv"',
                cache_control="max-age=60",
            )
        )
    )
    after = await client.call(blob.get_blob_properties())
    check("metadata", {"Colour": "blue", "size": "XL"}, after.metadata)
    shown = after.content_settings
    check("content type", "text/csv", shown.content_type)
    check("content encoding", "gzip", shown.content_encoding)
    check("content language", "de", shown.content_language)
    check("content disposition", 'attachment; filename="a b.csv"', shown.content_disposition)
    check("cache control", "max-age=60", shown.cache_control)
    check("the ETag changes", True, before.etag != after.etag)
    check("the creation time stays", before.creation_time, after.creation_time)


async def tags(client: Client, container: str) -> None:
    """Tags with the upload, read, replaced; a write that wants other tags is refused."""
    blob = client.blob(container, "tagged.txt")
    await client.call(blob.upload_blob(b"tagged", overwrite=True, tags={"stage": "raw", "team": "a b"}))
    check("tags", {"stage": "raw", "team": "a b"}, await client.call(blob.get_blob_tags()))
    await client.call(blob.set_blob_tags({"stage": "done"}))
    check("tags afterwards", {"stage": "done"}, await client.call(blob.get_blob_tags()))
    check("number of tags", 1, (await client.call(blob.get_blob_properties())).tag_count)
    await client.raises(
        "ResourceModifiedError",
        412,
        "ConditionNotMet",
        lambda: blob.upload_blob(b"x", overwrite=True, if_tags_match_condition="\"stage\" = 'raw'"),
        what="a write that wants other tags",
    )


async def tier(client: Client, container: str) -> None:
    """A blob that is written into one tier and moved to another."""
    blob = client.blob(container, "cold.txt")
    await client.call(
        blob.upload_blob(b"seldom read", overwrite=True, standard_blob_tier=StandardBlobTier.COOL)
    )
    check("tier", "Cool", (await client.call(blob.get_blob_properties())).blob_tier)
    await client.call(blob.set_standard_blob_tier(StandardBlobTier.HOT))
    check("tier afterwards", "Hot", (await client.call(blob.get_blob_properties())).blob_tier)


async def lease(client: Client, container: str) -> None:
    """Who holds the lease writes; who does not is refused; after the release everybody writes again."""
    blob = client.blob(container, "locked.txt")
    held = await client.call(blob.acquire_lease(lease_duration=60))
    await client.raises(
        "HttpResponseError",
        412,
        "LeaseIdMissing",
        lambda: blob.upload_blob(b"without", overwrite=True),
        what="a write without the lease",
    )
    await client.raises(
        "ResourceExistsError",
        409,
        "LeaseAlreadyPresent",
        lambda: blob.acquire_lease(lease_duration=60),
        what="a second lease",
    )
    await client.call(blob.upload_blob(b"with", overwrite=True, lease=held))
    await client.call(held.renew())
    check("lease state", "leased", (await client.call(blob.get_blob_properties())).lease.state)
    await client.call(held.release())
    await client.call(blob.upload_blob(b"free again", overwrite=True))
    check("the blob", b"free again", await client.read(blob))


async def container_lease(client: Client, container: str) -> None:
    """A lease keeps a container from being removed; it is handed over, broken, and then it goes."""
    contents = client.contents(container)
    await client.call(contents.create_container())
    held = await client.call(contents.acquire_lease(lease_duration=-1))
    await client.raises(
        "HttpResponseError", 412, "LeaseIdMissing", contents.delete_container, what="a removal without it"
    )
    await client.call(held.change("4f7b9c1e-0d2a-4c36-9a55-1f6f5a3b2c10"))
    check("seconds until it is broken", 0, await client.call(held.break_lease(lease_break_period=0)))
    await client.call(contents.delete_container())


async def snapshots(client: Client, container: str) -> None:
    """A snapshot keeps the old words, is listed, keeps its blob from being removed, and is removed first."""
    blob = client.blob(container, "kept.txt")
    taken = (await client.call(blob.create_snapshot(metadata={"reason": "before"})))["snapshot"]
    await client.call(blob.upload_blob(b"new words", overwrite=True))
    old = client.blob(container, "kept.txt", snapshot=taken)
    check("the snapshot", b"old words", await client.read(old))
    check("its metadata", {"reason": "before"}, (await client.call(old.get_blob_properties())).metadata)
    listed = await client.items(client.contents(container).list_blobs(include=["snapshots"]))
    shown = {(item.name, item.snapshot) for item in listed}
    check("what is listed", {("kept.txt", taken), ("kept.txt", None)}, shown)
    await client.raises(
        "ResourceExistsError", 409, "SnapshotsPresent", blob.delete_blob, what="a removal of the blob alone"
    )
    await client.call(old.delete_blob())
    await client.raises("ResourceNotFoundError", 404, "BlobNotFound", old.download_blob, what="a late read")
    await client.call(blob.delete_blob(delete_snapshots="include"))
    check("what is left", [], await client.items(client.contents(container).list_blobs()))


async def batch_delete(client: Client, container: str) -> None:
    """Three blobs and one that is not there, removed with one request."""
    contents = client.contents(container)
    names = ["a.txt", "b/c d.txt", "gone.txt", "e.txt"]
    answers = await client.items(await client.call(contents.delete_blobs(*names, raise_on_any_failure=False)))
    check("statuses", [202, 202, 404, 202], [answer.status_code for answer in answers])
    check("what is left", ["kept.txt"], [item.name for item in await client.items(contents.list_blobs())])


async def batch_tier(client: Client, container: str) -> None:
    """Two blobs moved to another tier with one request."""
    contents = client.contents(container)
    answers = await client.items(
        await client.call(contents.set_standard_blob_tier_blobs(StandardBlobTier.COOL, "a.txt", "b.txt"))
    )
    check("statuses", [200, 200], [answer.status_code for answer in answers])
    tiers = [(item.name, item.blob_tier) for item in await client.items(contents.list_blobs())]
    check("tiers", [("a.txt", "Cool"), ("b.txt", "Cool")], tiers)


async def session(client: Client, container: str) -> None:
    """What any job does, whoever signed for it: write, look, list, read, remove."""
    blob = client.blob(container, "job/state.json")
    await client.call(blob.upload_blob(b'{"step": 1}', overwrite=True))
    check("size", 11, (await client.call(blob.get_blob_properties())).size)
    listed = await client.items(client.contents(container).list_blobs(name_starts_with="job/"))
    check("names", ["job/state.json"], [item.name for item in listed])
    check("the blob", b'{"step": 1}', await client.read(blob))
    await client.call(blob.delete_blob())


async def read_only(client: Client, container: str) -> None:
    """A token that may read and list, and no more: writes and removals are refused, and nothing changes."""
    blob = client.blob(container, "guarded.txt")
    for what, call in (
        ("a write", lambda: blob.upload_blob(b"never kept", overwrite=True)),
        ("a removal", blob.delete_blob),
        ("a change of metadata", lambda: blob.set_blob_metadata({"a": "b"})),
    ):
        await client.raises("HttpResponseError", 403, "AuthorizationPermissionMismatch", call, what=what)
    check("the blob", b"guarded", await client.read(blob))
