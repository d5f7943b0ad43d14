"""Wire rules for the answer to Blob Batch: its form, and a part for each request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.exchange import header
from harness.judge.batch import NotBatchError, sub_responses
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_CONTENT_ID = re.compile(rb"^content-id:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Part:
    outer: tuple[tuple[str, str], ...]
    status: int
    inner: tuple[tuple[str, str], ...]

    @property
    def content_id(self) -> str | None:
        return header(self.outer, "Content-ID")


def _parts(view: View) -> Iterator[_Part]:
    """The parts of an answer that is known to be a batch."""
    boundary = _BOUNDARY.search(view.get("Content-Type") or "")
    assert boundary is not None
    pieces = (view.response.body.data or b"").split(b"--" + boundary[1].encode("latin-1"))
    for piece in pieces[1:-1]:
        outer, _, rest = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        line, _, inner = rest.partition(b"\r\n\r\n")[0].partition(b"\r\n")
        yield _Part(_headers(outer), int(line.split(b" ", 2)[1]), _headers(inner))


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    pairs = (line.decode("latin-1").partition(":") for line in head.split(b"\r\n"))
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)


def _is_batch(view: View) -> bool:
    return view.done(("Blob Batch",))


def _is_whole(view: View) -> bool:
    """An answer that is no batch is for the rule about its form."""
    if not _is_batch(view):
        return False
    if view.response.body.data is None:
        return True
    try:
        sub_responses(view.response)
    except NotBatchError:
        return False
    return True


def _no_batch(view: View) -> Broken | None:
    try:
        sub_responses(view.response)
    except NotBatchError as error:
        return Broken("multipart/mixed with a part for each request", str(error))
    return None


def _bad_part(view: View) -> Broken | None:
    for number, part in enumerate(_parts(view)):
        if (header(part.outer, "Content-Type") or "").lower() != "application/http":
            return Broken(
                "each part application/http", f"{header(part.outer, 'Content-Type')} in part {number}"
            )
        for name in ("x-ms-request-id", "x-ms-version"):
            early = name == "x-ms-version" and part.status in (401, 403)  # refused before it was looked at
            if not early and not header(part.inner, name):
                return Broken(f"{name} in each part", f"absent in part {number}")
        if part.status >= 400 and not header(part.inner, "x-ms-error-code"):
            return Broken("x-ms-error-code in each part that failed", f"absent in part {number}")
    return None


def _other_parts(view: View) -> Broken | None:
    sent = [name.decode("latin-1") for name in _CONTENT_ID.findall(view.exchange.request.body.data or b"")]
    parts = list(_parts(view))
    if len(parts) == 1 and parts[0].content_id is None and parts[0].status >= 400:
        return None  # the batch was refused as a whole
    got = [part.content_id or "none" for part in parts]
    if sorted(got) == sorted(sent):
        return None
    return Broken(f"parts with Content-ID {', '.join(sent)}", ", ".join(got) or "no parts")


RULES = (
    Rule(
        "batch-form",
        Level.REQUIRED,
        "The answer to a batch is multipart/mixed, each part has a status line, and the end is marked.",
        ("reference/1.9", "recorded/A24"),
        ("blob-batch.parts",),
        _is_batch,
        _no_batch,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "batch-parts",
        Level.EXPECTED,
        "Each part of a batch has a request id and a version, and a code when it failed.",
        ("reference/1.9", "recorded/A24"),
        ("blob-batch.parts",),
        _is_whole,
        _bad_part,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "batch-answers",
        Level.REQUIRED,
        "A batch has one part for each request, by its Content-ID, or one part that refuses all.",
        ("reference/1.9",),
        ("blob-batch.deletes", "blob-batch.parts"),
        _is_whole,
        _other_parts,
        frozenset({Fact.BODY, Fact.REQUEST_BODY}),
    ),
)
