"""The SDK moves bytes up and down."""

from __future__ import annotations

from harness.clients.azure_storage_blob import FLAVOURS, SdkGate
from harness.clients.data import KIB, MIB, content
from harness.clients.truth import said


def test_upload(sdk: SdkGate) -> None:
    """Uploads of every shape arrive whole

    Small, empty, in blocks, from a stream of unknown length, and at the SDK's own defaults.
    """
    sdk.run("upload")
    stage = sdk.stage
    for name, size in (("small", 1000), ("empty", 0), ("blocks", 3 * MIB + 77)):
        sdk.expect(f"size of {name}", size)
        sdk.expect(f"etag of {name}", True, why="The ETag of the write is the ETag that a read tells.")
        for flavour in FLAVOURS:
            stage.stored(f"{flavour}/{name}", content(size, 41))
    for flavour in FLAVOURS:
        stage.stored(f"{flavour}/stream +%#.bin", content(300 * KIB, 42) + content(5, 43))
        stage.stored(f"{flavour}/default", content(5 * MIB, 44))


def test_download(sdk: SdkGate) -> None:
    """Downloads of every shape are whole

    The SDK reads the total from Content-Range of the first answer, then fences the rest with If-Match; an
    empty blob must answer 416 to a range.
    """
    data = {"small": content(1000, 51), "empty": b"", "large": content(3 * MIB + 77, 52)}
    for name, value in data.items():
        sdk.stage.truth.put(sdk.stage.container, name, value)
    sdk.run("download")
    for name, value in data.items():
        sdk.expect(f"bytes of {name}", said(value))
    sdk.expect("bytes by default", said(data["large"]))
    sdk.expect("size told", len(data["large"]))
    sdk.expect("bytes with validation", said(data["large"]), why="MD5 of each range must be right.")


def test_ranges(sdk: SdkGate) -> None:
    """Parts of a blob are exactly those parts

    Checkpoint readers fetch tensors by offset; one byte too many or too few is a wrong tensor.
    """
    data = content(1_000_000, 53)
    sdk.stage.truth.put(sdk.stage.container, "large", data)
    sdk.run("ranges")
    for offset, length in ((0, 1), (10, 90), (100_000, 300_000), (900_000, 999_999), (5, None)):
        end = len(data) if length is None else offset + length
        sdk.expect(f"bytes from {offset}, {length}", said(data[offset:end]))
    sdk.expect(
        "past the end", ["HttpResponseError", "InvalidRange", 416], source=("clients/4", "rest/get-blob")
    )


def test_blocks(sdk: SdkGate) -> None:
    """Blocks staged by hand are put in the order of the list

    Staged blocks are invisible until they are committed, may arrive in any order and may be used twice.
    """
    sdk.run("blocks")
    sdk.expect("uncommitted", [[name * 8, 3] for name in "abc"])
    sdk.expect("exists before", False)
    sdk.expect("bytes", "AAABBBCCCAAA")
    sdk.expect("committed", [name * 8 for name in "abca"])
    for flavour in FLAVOURS:
        sdk.stage.stored(f"{flavour}/b", b"AAABBBCCCAAA")


def test_copy(sdk: SdkGate) -> None:
    """A blob is copied inside the account

    Copy Blob answers with a copy id and a status; the synchronous form is done when it answers.
    """
    data = content(5000, 54)
    sdk.stage.truth.put(sdk.stage.container, "source", data)
    sdk.run("copy", source_url=sdk.stage.source_url("source"))
    sdk.expect("copy status", [["success", True], ["pending", True]], one_of=True)
    sdk.expect("copy status at last", "success")
    sdk.expect("synchronous copy status", "success")
    for flavour in FLAVOURS:
        sdk.stage.stored(f"{flavour}/copy", data)
        sdk.stage.stored(f"{flavour}/copy-sync", data)


def test_from_url(sdk: SdkGate) -> None:
    """Blobs and blocks are made from a URL

    Put Blob From URL and Put Block From URL: the endpoint fetches, the SDK only says where from.
    """
    data = content(5000, 55)
    sdk.stage.truth.put(sdk.stage.container, "source", data)
    sdk.run("from-url", source_url=sdk.stage.source_url("source"))
    sdk.expect("whole", 5000)
    sdk.expect("parts", 510)
    for flavour in FLAVOURS:
        sdk.stage.stored(f"{flavour}/from-url", data)
        sdk.stage.stored(f"{flavour}/blocks-from-url", data[:10] + data[10:510])
