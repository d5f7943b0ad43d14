"""Copy sources: which blob of ours a URL names, and with which credentials it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.golden.contract.request import Asked
from harness.golden.contract.text import canonical

_ROOTS = ("{url}/", "{https-url}/")
_BAD = re.compile(r"\{source-sas:[^}]*\}")
_SAS = re.compile(r"\{source-sas\}|(?:^|[?&])sig=")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copy takes its bytes from."""

    place: tuple[str, str] | None  # container and blob; None: not of this service
    snapshot: str | None = None  # a canonical text
    other: bool = False  # a version, or something else that the model does not hold
    authorised: bool = False  # by a SAS or a token of its own
    forged: bool = False  # by a SAS that must not open it


def source_of(asked: Asked) -> Source | None:
    """The source that a request names; None where it names none."""
    url = asked.said("x-ms-copy-source")
    if url is None:
        return None
    root = next((root for root in _ROOTS if url.startswith(root)), None)
    path, _, query = url.removeprefix(root or "").partition("?")
    bearer = asked.said("x-ms-copy-source-authorization")
    forged = _BAD.search(query) is not None
    authorised = not forged and (_SAS.search(query) is not None or bearer == "{source-bearer}")
    if root is None:
        return Source(None, authorised=authorised, forged=forged)
    container, slash, blob = path.partition("/")
    if not slash:
        return Source(None, other=True)
    snapshot, other = None, bearer is not None and bearer != "{source-bearer}"
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name.lower() == "snapshot":
            snapshot = canonical(value, encoded=True)
        elif name.lower() == "versionid":
            other = True
    place = (canonical(container, encoded=True), canonical(blob, encoded=True))
    return Source(place, snapshot, other, authorised, forged)
