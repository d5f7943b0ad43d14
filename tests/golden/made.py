"""Golden specs made by hand: what a client might have been seen to send."""

from __future__ import annotations

from collections.abc import Sequence

from harness.cases import case as c
from harness.golden.spec import GoldenSpec, GoldenStep, Injected, Place

HEADERS = (
    ("Host", "{host}"),
    ("User-Agent", "Mover/1.0"),
    ("x-ms-version", "2025-07-05"),
    ("X-Ms-Client-Request-Id", "{guid:1}"),
)
KIND = ("X-Ms-Blob-Type", "BlockBlob")
LENGTH = ("Content-Length", "{length}")
PAYLOAD = c.Random(256 * 1024, seed=7)


def expect(
    *statuses: int, error: str | None = None, headers: Sequence[tuple[str, c.Matcher]] = ()
) -> c.Expect:
    """A status, perhaps an error code and headers."""
    return c.Expect(
        status=c.Graded(statuses),
        error=None if error is None else c.Graded((error,)),
        headers=tuple((name, c.Graded(matcher)) for name, matcher in headers),
    )


def step(
    name: str,
    line: str,
    *,
    operation: str = "Get Blob",
    headers: Sequence[tuple[str, str]] = HEADERS,
    body: c.Recipe | None = None,
    wanted: c.Expect | None = None,
    after: Sequence[str] = (),
    save: Sequence[tuple[str, str]] = (),
    auth: object = "default",
    injected: Injected | None = None,
) -> GoldenStep:
    """A step of a client: `line` is its method and target, `save` name and header."""
    method, _, target = line.partition(" ")
    sent = c.Step(
        method,
        target,
        tuple(headers),
        body,
        auth=auth,
        expect=wanted or expect(200),
        save=tuple(c.Save(key, "header", path) for key, path in save),
        exact=True,
    )
    return GoldenStep(name, operation, sent, tuple(after), injected=injected)


def spec(
    *steps: GoldenStep,
    signed: str = "account-sas",
    sas: Place = "last",
    given: Sequence[c.Step] = (),
    then: Sequence[c.Step] = (),
    needs: dict[str, str] | None = None,
    name: str = "traces/mover/1.0/made",
) -> GoldenSpec:
    """A spec of these steps."""
    return GoldenSpec(
        id=name,
        title="Made by hand",
        why="Nobody is hurt.",
        flow="a test",
        client="mover",
        client_version="1.0",
        provenance={"command": "mover", "recorded-on": "paper", "date": "2026-01-01"},
        signed=signed,
        sas=sas,
        given=tuple(given),
        steps=steps,
        then=tuple(then),
        needs=needs or {},
    )


def blocks(count: int = 4, **rest: object) -> GoldenSpec:
    """An upload in blocks that go up at the same time, a commit after all of them, a read of what it says."""
    size = PAYLOAD.size // count
    staged = [
        step(
            f"put-block-{number}",
            f"PUT /{{own-container}}/big.bin?blockid={{block:{number}/36}}&comp=block",
            operation="Put Block",
            headers=(*HEADERS[:2], LENGTH, *HEADERS[2:]),
            body=c.Slice(PAYLOAD, (number - 1) * size, number * size - 1),
            wanted=expect(201),
        )
        for number in range(1, count + 1)
    ]
    listed = tuple(c.ListedBlock("Latest", f"{{block:{number}/36}}") for number in range(1, count + 1))
    commit = step(
        "put-block-list",
        "PUT /{own-container}/big.bin?comp=blocklist",
        operation="Put Block List",
        headers=(*HEADERS, LENGTH, ("Content-Type", "application/xml")),
        body=c.BlockListXml(listed),
        wanted=expect(201, headers=[("ETag", c.Shaped("etag"))]),
        after=[one.name for one in staged],
        save=[("etag-1", "ETag")],
    )
    read = step(
        "get-blob",
        "GET /{own-container}/big.bin",
        headers=(*HEADERS, ("If-Match", "{etag-1}")),
        wanted=c.Expect(
            status=c.Graded((200,)),
            headers=(("ETag", c.Graded(c.Equal("{etag-1}"))),),
            body=c.Graded(PAYLOAD),
        ),
        after=["put-block-list"],
    )
    then = c.Step(
        "HEAD", "/{own-container}/big.bin", expect=expect(200, headers=[("ETag", c.Equal("{etag-1}"))])
    )
    return spec(*staged, commit, read, then=[then], **rest)  # type: ignore[arg-type]
