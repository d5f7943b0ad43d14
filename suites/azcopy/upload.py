"""AzCopy moves local data up to the endpoint."""

from __future__ import annotations

import base64
import hashlib

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, digests, tree, write_tree


def test_small_file(gate: AzcopyGate) -> None:
    """A small file goes up in one request

    Most files of a data set are small: AzCopy sends each with one Put Blob and asks for its length.
    """
    stage = gate.stage
    path, data = stage.file("small.bin", 1000)
    outcome = gate.copy(str(path), stage.url("small.bin", sas=stage.sas()), "LocalBlob")
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Blob", 1, method="PUT")
    stage.stored("small.bin", data)


def test_multi_block(gate: AzcopyGate) -> None:
    """A large file goes up in blocks and is committed whole

    Everything above 8 MiB is staged with parallel Put Blocks, whose IDs hold `/` and `+`, and one list.
    """
    stage = gate.stage
    path, data = stage.file("large.bin", 20 * MIB + 12345)
    outcome = gate.copy(str(path), stage.url("large.bin", sas=stage.sas()), "LocalBlob", "--block-size-mb=4")
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Block", 6, method="PUT", comp="block")
    gate.asked("Put Block List", 1, method="PUT", comp="blocklist")
    stage.stored("large.bin", data)


def test_empty_file(gate: AzcopyGate) -> None:
    """An empty file becomes an empty blob

    Markers and lock files are empty; an endpoint that refuses a body of no bytes loses them.
    """
    stage = gate.stage
    path, data = stage.file("empty.bin", 0)
    outcome = gate.copy(str(path), stage.url("empty.bin", sas=stage.sas()), "LocalBlob")
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Blob", 1, method="PUT")
    stage.stored("empty.bin", data)


def test_tree(gate: AzcopyGate) -> None:
    """A tree of many files with awkward names goes up whole

    AzCopy sends `/` as `%2F` and encodes everything unusual; a server that decodes once too often, or not at
    all, stores other names.
    """
    stage = gate.stage
    files = tree(60)
    folder = write_tree(stage.work / "tree", files)
    outcome = gate.copy(str(folder), stage.url("up", sas=stage.sas()), "LocalBlob", "--recursive")
    gate.succeeded(outcome, completed=len(files))
    gate.asked("Put Blob", len(files), method="PUT")
    stage.stored_tree("up/tree/", digests(files))


def test_headers_and_metadata(gate: AzcopyGate) -> None:
    """Content headers and metadata given at upload are kept

    Readers act on Content-Encoding and Content-Type; pipelines keep their own facts in metadata.
    """
    stage = gate.stage
    path, data = stage.file("meta.txt", 100)
    outcome = gate.copy(
        str(path),
        stage.url("meta.txt", sas=stage.sas()),
        "LocalBlob",
        "--metadata=Key1=value one;k2=v2",
        "--content-type=text/x-proof",
        "--content-encoding=identity",
        "--content-language=en",
        "--content-disposition=attachment; filename=a.txt",
        "--cache-control=no-cache, max-age=0",
    )
    gate.succeeded(outcome, completed=1)
    stage.stored("meta.txt", data)
    for name, value in {
        "Content-Type": "text/x-proof",
        "Content-Encoding": "identity",
        "Content-Language": "en",
        "Content-Disposition": "attachment; filename=a.txt",
        "Cache-Control": "no-cache, max-age=0",
        "x-ms-meta-Key1": "value one",
        "x-ms-meta-k2": "v2",
    }.items():
        stage.header("meta.txt", name, value)


def test_put_md5(gate: AzcopyGate) -> None:
    """A digest stored at upload guards the download

    With --put-md5 the digest travels in x-ms-blob-content-md5; --check-md5 FailIfDifferentOrMissing refuses
    a download whose digest is gone or other.
    """
    stage = gate.stage
    sas = stage.sas()
    path, data = stage.file("md5.bin", 9 * MIB)
    outcome = gate.copy(str(path), stage.url("md5.bin", sas=sas), "LocalBlob", "--put-md5")
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Block List with a digest", 1, method="PUT", comp="blocklist", has="x-ms-blob-content-md5")
    stage.stored("md5.bin", data)
    md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    stage.header("md5.bin", "Content-MD5", md5)
    back = stage.work / "back.bin"
    outcome = gate.copy(
        stage.url("md5.bin", sas=sas), str(back), "BlobLocal", "--check-md5=FailIfDifferentOrMissing"
    )
    gate.succeeded(outcome, completed=1)
    stage.same_file(back, data)


def test_overwrite(gate: AzcopyGate) -> None:
    """An existing blob is replaced or left alone, as asked

    --overwrite=true must replace bytes and properties; --overwrite=false asks with HEAD and must skip.
    """
    stage = gate.stage
    sas = stage.sas()
    stage.truth.put(stage.container, "there.bin", b"what was there before")
    path, data = stage.file("new.bin", 2000)
    outcome = gate.copy(str(path), stage.url("there.bin", sas=sas), "LocalBlob", "--overwrite=false")
    gate.succeeded(outcome, completed=0, skipped=1)
    stage.stored("there.bin", b"what was there before")
    outcome = gate.copy(str(path), stage.url("there.bin", sas=sas), "LocalBlob", "--overwrite=true")
    gate.succeeded(outcome, completed=1)
    stage.stored("there.bin", data)
