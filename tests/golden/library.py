"""A library of three specs, runs that replayed them, and what was found of their clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import catalogue
from harness.cases import case as c
from harness.data import folder
from harness.golden.impact import Flow, Impact, impact
from harness.golden.phrases import sentence
from harness.golden.reliance import Reliance
from harness.golden.spec import GoldenSpec
from harness.results.read import read
from harness.vocabulary import Verdict
from tests.golden import made
from tests.golden.made import HEADERS, expect, spec, step
from tests.reports import factory

LENGTH = ("Content-Length", "{length}")


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


def of_run(path: Path, table: Reliance, specs: Sequence[GoldenSpec] = LIBRARY) -> Impact:
    return impact(read(path), specs, table, catalogue.load(folder("suites")))


def flow(found: Impact, name: str) -> Flow:
    (one,) = [one for one in found.flows if one.name == name]
    return one


def said(one: Flow) -> str:
    return sentence(one.client.name, one.name, one.harms[0])


def replayed(of: GoldenSpec, verdict: Verdict = Verdict.DIFFERS, **more: Any) -> dict[str, Any]:
    """The record of a spec that was replayed."""
    return factory.case(of.id, verdict, operation=of.steps[0].operation, **more)
