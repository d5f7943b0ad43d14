"""A library of three specs."""

from __future__ import annotations

from dataclasses import replace

from harness.cases import case as c
from tests.golden import made
from tests.golden.made import HEADERS, expect, spec, step

RANGE = ("x-ms-range", "bytes=0-99")
SINCE = ("If-Unmodified-Since", "{modified-1}")

DOWNLOAD = replace(
    spec(
        step(
            "get-blob-properties",
            "HEAD /{own-container}/a.bin",
            operation="Get Blob Properties",
            save=[("modified-1", "Last-Modified")],
        ),
        step(
            "get-blob",
            "GET /{own-container}/a.bin",
            headers=(*HEADERS, RANGE, SINCE),
            wanted=expect(206),
            after=["get-blob-properties"],
        ),
        given=[
            c.Step(
                "PUT",
                "/{own-container}/a.bin",
                (("x-ms-blob-type", "BlockBlob"),),
                c.Random(1000, 1),
                expect=expect(201),
            )
        ],
        name="traces/azcopy/10.32.2/download",
    ),
    client="azcopy",
    flow="download of a small file",
)
UPLOAD = replace(
    made.blocks(), id="traces/azcopy/10.32.2/upload-blocks", client="azcopy", flow="upload of a large file"
)
LISTING = replace(
    spec(
        step(
            "list-blobs",
            "GET /{own-container}?comp=list&prefix=&restype=container",
            operation="List Blobs",
        ),
        name="traces/rclone/1.75.2/list",
    ),
    client="rclone",
    flow="listing",
)
PROVENANCE = dict.fromkeys(("command", "recorded-on", "recorder", "recordings", "date", "validated"), "made")
LIBRARY = (DOWNLOAD, UPLOAD, LISTING)
