"""The SDKs resume, walk, page, guard and are refused, as programs around training have them do."""

from __future__ import annotations

from harness.clients.azure_storage_blob import SdkGate
from harness.clients.data import MIB, content
from harness.clients.truth import said
from harness.matrix.cell import Cell

_HALF = MIB
_TREE = (
    *("top.txt", "a b+c%.txt", "z/"),
    *("data/1", "data/2", "data/3", "data/4", "data/deep/er/5", "data/deep/6", "日本/語/7"),
    *("run-1-a", "run-1-b", "run-2-a", "run-x"),
)
_FOLDERS = ("data/", "data/deep/", "data/deep/er/", "z/", "日本/", "日本/語/")
_MANY = 40
_RIVALS = 8
_RIVAL_SIZES = (10_000, 200_000)
_UNMET = ("ResourceModifiedError", "ConditionNotMet", 412)


def test_resume(use: SdkGate, cell: Cell) -> None:
    """A download is gone on with, and only of the same blob

    A restore that broke off asks for the rest under If-Match; bytes of a newer checkpoint behind those of an
    older one would be no checkpoint at all.
    """
    contents = use.contents((2 * _HALF, 62), (2 * _HALF, 63))
    use.run("resume", half=_HALF, contents=str(contents))
    use.expect("bytes", said(content(2 * _HALF, 62)))
    use.refused("the rest of what was replaced", *_UNMET, source=("clients/4", "rest/get-blob"))
    use.expect("bytes of the new one", said(content(2 * _HALF, 63)))


def test_walk(use: SdkGate, cell: Cell) -> None:
    """A tree is walked level by level, and every blob is found once

    Data loaders walk prefixes as if they were folders; what a level leaves out is never trained on.
    """
    for name in _TREE:
        use.stage.truth.put(use.stage.container, name, name.encode())
    use.run("walk")
    use.expect("folders", sorted(_FOLDERS))
    use.expect("blobs", sorted(_TREE))
    use.expect("by another delimiter", ["run-1-", "run-2-", "run-x"])


def test_pages(use: SdkGate, cell: Cell) -> None:
    """A listing is gone on with from its token alone, and no name is lost or told twice

    Workers share a listing by handing on its continuation token.
    """
    names = [f"n/{number * 7 % _MANY:02d} +ü" for number in range(_MANY)]
    for name in names:
        use.stage.truth.put(use.stage.container, name, b"x")
    page = int(cell["page"])
    use.run("pages", page=page)
    use.expect("a full page has", page)
    use.expect("all of them", sorted(names))
    use.expect("the same page again", True)
    use.expect("all in one page", [1, _MANY, None])


def test_create_only(use: SdkGate, cell: Cell) -> None:
    """Of many writers that must not overwrite, one wins

    overwrite=False is how a job claims a name: two winners are two owners, and no winner a lost run.
    """
    rivals = [(size, 300 + rival) for size in _RIVAL_SIZES for rival in range(_RIVALS)]
    use.run("create-only", contents=str(use.contents(*rivals)))
    exists = ("ResourceExistsError", "BlobAlreadyExists", 409)
    for how in ("at once", "in blocks"):
        use.expect(f"winners {how}", 1)
        use.expect(f"the winner's bytes {how}", True)
        use.refused(f"one more {how}", *exists, source=("clients/4", "rest/put-blob"))
        use.expect(f"replaced {how}", "replaced")


def test_lease(use: SdkGate, cell: Cell) -> None:
    """A leased blob is written by its holder alone

    Schedulers and mounted drives lock with leases; reads go on meanwhile.
    """
    use.run("lease")
    missing = ("HttpResponseError", "LeaseIdMissing", 412)
    mismatch = ("HttpResponseError", "LeaseIdMismatchWithBlobOperation", 412)
    use.expect("id", 36)
    use.expect("state", ["leased", "locked", "fixed"])
    use.refused("a second lease", "ResourceExistsError", "LeaseAlreadyPresent", 409)
    for what in ("write", "delete", "metadata"):
        use.refused(f"{what} without it", *missing)
    use.refused("write with another", *mismatch)
    use.expect("read without it", "first")
    use.expect("written with it", "second")
    use.expect("changed", [True, True])
    use.refused("write with the old one", *mismatch)
    use.expect("broken", [0, ["broken", "unlocked", None]])
    use.expect("for ever", ["leased", "locked", "infinite"])
    use.expect("released", ["available", "unlocked", None])
    use.expect("deleted", False)


def test_refusals(use: SdkGate, cell: Cell) -> None:
    """Refusals have the class, code and status that programs test for, and change nothing

    `except ResourceModifiedError` depends on status and code alike.
    """
    use.run("refusals")
    for what in ("a stale read", "a stale write", "stale metadata", "a stale commit"):
        use.refused(what, *_UNMET)
    use.refused("blocks that nobody staged", "HttpResponseError", "InvalidBlockList", 400)
    use.refused("a range behind the end", "HttpResponseError", "InvalidRange", 416)
    use.refused("an append to a block blob", "ResourceExistsError", "InvalidBlobType", 409)
    use.refused("a snapshot that is none", "ResourceNotFoundError", "BlobNotFound", 404)
    use.refused("a read of nothing", "ResourceNotFoundError", "BlobNotFound", 404)
    use.refused("a list of nothing", "ResourceNotFoundError", "ContainerNotFound", 404)
    use.expect("bytes", "there")
    use.expect("metadata", {"kept": "yes"})
