"""The SDK lists, describes, guards and deletes."""

from __future__ import annotations

from harness.clients.azure_storage_blob import FLAVOURS, SdkGate

_NAMES = (
    "a/1",
    "a/2",
    "a/b/3",
    "a/b/4",
    "a b+c%.txt",
    "c",
    "d/5",
    "e&f<g>.txt",
    "z",
    "ä",
    "日本",
)


def test_listing(sdk: SdkGate) -> None:
    """Listings are complete, ordered, paged and folded

    Readers shard work by listing: a name lost at a page's edge is a lost shard.
    """
    stage = sdk.stage
    for number, name in enumerate(_NAMES):
        headers = {"x-ms-meta-n": "one"} if name == "a/1" else None
        stage.truth.put(stage.container, name, b"x" * number, headers)
    names = sorted(_NAMES, key=lambda name: name.encode())
    sdk.run("listing")
    sdk.expect("all", [[name, _NAMES.index(name)] for name in names])
    sdk.expect("prefix", [name for name in names if name.startswith("a/")])
    sdk.expect("pages", [names[at : at + 4] for at in range(0, len(names), 4)])
    top = ["a/", "d/", *[name for name in names if "/" not in name]]
    sdk.expect("top", top)
    sdk.expect("below", ["a/b/", "a/1", "a/2"])
    sdk.expect("nothing", 0)
    sdk.expect("metadata", [{"n": "one"}, {}, {}, {}])


def test_properties(sdk: SdkGate) -> None:
    """Content settings and metadata are kept, replaced and told

    Setting metadata replaces all of it and changes the ETag; setting headers replaces all of them.
    """
    sdk.run("properties")
    sdk.expect("at first", [10, "text/x-proof", "en", "no-cache", {"one": "1", "two": "zwei 2"}])
    sdk.expect("metadata changed", {"three": "3"})
    sdk.expect("etag changed", True)
    sdk.expect("headers changed", [10, "application/x-other", None, None, {"three": "3"}])
    sdk.expect("exists", True)
    for flavour in FLAVOURS:
        sdk.stage.stored(f"{flavour}/p", b"properties")
        sdk.stage.header(f"{flavour}/p", "Content-Type", "application/x-other")
        sdk.stage.header(f"{flavour}/p", "x-ms-meta-three", "3")


def test_conditions(sdk: SdkGate) -> None:
    """Writes happen only under their condition

    Two writers of one manifest rely on overwrite=False and If-Match; a lost update is lost data.
    """
    sdk.run("conditions")
    exists = ["ResourceExistsError", "BlobAlreadyExists", 409]
    moved = ["ResourceModifiedError", "ConditionNotMet", 412]
    sdk.expect("create again", exists, source=("clients/4", "rest/put-blob"))
    sdk.expect("create again in blocks", exists, source=("clients/4", "rest/put-block-list"))
    sdk.expect("still", "first")
    sdk.expect("etag moved", True)
    sdk.expect("stale replace", moved)
    sdk.expect("stale delete", moved)
    sdk.expect("read if changed", ["ResourceModifiedError", "ConditionNotMet", 304])
    sdk.expect("deleted", False)


def test_errors(sdk: SdkGate) -> None:
    """Refusals have the class, code and status that programs test for

    The SDK picks the exception's class by status and code; `except ResourceNotFoundError` depends on both.
    """
    sdk.run("errors")
    no_blob = ["ResourceNotFoundError", "BlobNotFound", 404]
    no_container = ["ResourceNotFoundError", "ContainerNotFound", 404]
    for fact in ("get what is not there", "ask for what is not there", "delete what is not there"):
        sdk.expect(fact, no_blob)
    sdk.expect("container again", ["ResourceExistsError", "ContainerAlreadyExists", 409])
    for fact in ("no container", "blob without container", "delete no container"):
        sdk.expect(fact, no_container)
    sdk.expect("unknown block", ["HttpResponseError", "InvalidBlockList", 400])
    sdk.expect("exists", False)
    sdk.expect("container exists", [True, False])


def test_delete(sdk: SdkGate) -> None:
    """Blobs are deleted one by one and in a batch

    A batch answers for each blob on its own: one that is missing must not hide the others.
    """
    sdk.run("delete")
    sdk.expect("batch", [202, 202, 202, 404], source=("clients/3", "rest/blob-batch"))
    for flavour in FLAVOURS:
        for number in range(4):
            sdk.stage.absent(f"{flavour}/d{number} +%.bin")
        sdk.stage.stored(f"{flavour}/d4 +%.bin", b"x")


def test_containers(sdk: SdkGate) -> None:
    """Containers are made, found, described and deleted

    Tools look up containers by prefix and keep their own marks in metadata.
    """
    sdk.run("containers")
    sdk.expect("listed", lambda flavour: [[f"{sdk.stage.container}-{flavour}", {"made": "by-sdk"}]])
    sdk.expect("described", lambda flavour: [f"{sdk.stage.container}-{flavour}", {"made": "by-sdk"}])
    sdk.expect("deleted", False)
    sdk.expect("account", [True, True])
