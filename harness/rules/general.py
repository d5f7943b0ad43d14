"""Wire rules for every response: identity, time, version, framing."""

from __future__ import annotations

from harness.judge.matching import is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

SUCCESS: dict[str, tuple[int, ...]] = {
    "List Containers": (200,),
    "Get Account Information": (200,),
    "Get User Delegation Key": (200,),
    "Blob Batch": (202, 200),
    "Create Container": (201,),
    "Get Container Properties": (200,),
    "Get Container Metadata": (200,),
    "Set Container Metadata": (200,),
    "Delete Container": (202,),
    "List Blobs": (200,),
    "Put Blob": (201,),
    "Put Blob From URL": (201,),
    "Get Blob": (200, 206),
    "Get Blob Properties": (200,),
    "Set Blob Properties": (200,),
    "Get Blob Metadata": (200,),
    "Set Blob Metadata": (200,),
    "Copy Blob": (202,),
    "Copy Blob From URL": (202,),
    "Delete Blob": (202,),
    "Put Block": (201,),
    "Put Block From URL": (201,),
    "Put Block List": (201,),
    "Get Block List": (200,),
}
"""How each operation says that it was done. SDKs compare these numbers."""


def _wrong_success(view: View) -> Broken | None:
    wanted = SUCCESS[view.who.operation]
    return None if view.status in wanted else Broken(" or ".join(map(str, wanted)), str(view.status))


def _no_request_id(view: View) -> Broken | None:
    return None if view.get("x-ms-request-id") else Broken("present", "absent")


def _wrong_version(view: View) -> Broken | None:
    asked, said = view.asked("x-ms-version"), view.get("x-ms-version")
    if said == asked or (said is None and view.status in (400, 401, 403)):
        return None
    return Broken(str(asked), said or "absent")


def _no_echo(view: View) -> Broken | None:
    asked, said = view.asked("x-ms-client-request-id"), view.get("x-ms-client-request-id")
    return None if asked == said else Broken(str(asked), said or "absent")


def _wants_echo(view: View) -> bool:
    asked = view.asked("x-ms-client-request-id")
    if not asked or len(asked) > 1024 or not all("!" <= character <= "~" for character in asked):
        return False
    return view.version >= "2019-02-02"


def _bad_date(view: View) -> Broken | None:
    said = view.all("Date")
    if len(said) == 1 and is_date(said[0]):
        return None
    return Broken("one RFC 1123 date", ", ".join(said) or "absent")


def _bad_http(view: View) -> Broken | None:
    found = view.exchange.anomalies
    return Broken("HTTP/1.1 as RFC 9112 has it", "; ".join(found)) if found else None


def _body_where_none(view: View) -> Broken | None:
    count = view.exchange.extra + view.response.body.length
    return Broken("no body", f"{count} bytes") if count else None


def _no_length(view: View) -> Broken | None:
    said = view.get("Content-Length")
    return None if said == "0" else Broken("Content-Length: 0", said or "no Content-Length")


def _empty_headers(view: View) -> Broken | None:
    empty = [name for name, value in view.response.headers if not value and _is_property(name)]
    return Broken("absent", f"{', '.join(empty)} without a value") if empty else None


def _is_property(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith("content-") or lowered == "cache-control"


_EMPTY = frozenset(
    {
        "Create Container",
        "Delete Container",
        "Set Container Metadata",
        "Put Blob",
        "Put Blob From URL",
        "Put Block",
        "Put Block From URL",
        "Put Block List",
        "Set Blob Metadata",
        "Set Blob Properties",
        "Delete Blob",
        "Copy Blob",
        "Copy Blob From URL",
    }
)

RULES = (
    Rule(
        "success-status",
        Level.REQUIRED,
        "An operation that was done says so with its own status.",
        ("reference/1.1",),
        ("wire.success-status",),
        lambda view: view.succeeded and view.who.operation in SUCCESS,
        _wrong_success,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "request-id",
        Level.EXPECTED,
        "Every response carries x-ms-request-id.",
        ("reference/1.0",),
        ("errors.request-id",),
        lambda view: True,
        _no_request_id,
    ),
    Rule(
        "version-echo",
        Level.EXPECTED,
        "x-ms-version of the response is the request's; some refusals before the operation carry none.",
        ("reference/1.0", "reference/2.3"),
        ("wire.version-echo",),
        lambda view: view.asked("x-ms-version") is not None,
        _wrong_version,
    ),
    Rule(
        "client-request-id-echo",
        Level.EXPECTED,
        "x-ms-client-request-id comes back from version 2019-02-02 on.",
        ("reference/1.0",),
        ("errors.client-request-id",),
        _wants_echo,
        _no_echo,
    ),
    Rule(
        "date",
        Level.EXPECTED,
        "Every response carries one Date.",
        ("reference/1.0",),
        ("wire.date",),
        lambda view: True,
        _bad_date,
    ),
    Rule(
        "http",
        Level.REQUIRED,
        "The response is HTTP/1.1 without a violation.",
        ("reference/1.0",),
        ("wire.http",),
        lambda view: True,
        _bad_http,
        frozenset({Fact.FRAMING}),
    ),
    Rule(
        "no-body",
        Level.REQUIRED,
        "Answers to HEAD, 204 and 304 have no body.",
        ("reference/1.0",),
        ("wire.no-body",),
        lambda view: view.bodyless,
        _body_where_none,
        frozenset({Fact.FRAMING}),
    ),
    Rule(
        "empty-length",
        Level.EXPECTED,
        "A success without a body says Content-Length: 0.",
        ("reference/1.0",),
        ("wire.empty-length",),
        lambda view: view.succeeded and view.status != 204 and view.who.operation in _EMPTY,
        _no_length,
        frozenset({Fact.FRAMING}),
    ),
    Rule(
        "no-empty-property",
        Level.EXPECTED,
        "A property that is not set is an absent header, never an empty one.",
        ("reference/1.5",),
        ("wire.no-empty-property",),
        lambda view: view.succeeded and view.who.operation in ("Get Blob", "Get Blob Properties"),
        _empty_headers,
    ),
)
