"""Wire rules for every response: status, identity, time, version, framing."""

from __future__ import annotations

from collections import Counter

from harness.judge.matching import is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import EMPTY, LEASE_SUCCESS, LEASES, SUCCESS
from harness.vocabulary import Level

_YES_OR_NO = (
    "x-ms-server-encrypted",
    "x-ms-request-server-encrypted",
    "x-ms-access-tier-inferred",
    "x-ms-is-current-version",
    "x-ms-has-immutability-policy",
    "x-ms-has-legal-hold",
    "x-ms-legal-hold",
    "x-ms-deny-encryption-scope-override",
    "x-ms-immutable-storage-with-versioning-enabled",
    "x-ms-delete-type-permanent",
    "x-ms-is-hns-enabled",
    "x-ms-blob-sealed",
    "x-ms-incremental-copy",
)
_DATES = (
    "x-ms-creation-time",
    "x-ms-copy-completion-time",
    "x-ms-access-tier-change-time",
    "x-ms-last-access-time",
    "x-ms-expiry-time",
    "x-ms-immutability-policy-until-date",
)
_ONCE_ONLY = frozenset({"etag", "last-modified", "date", "server", "accept-ranges"})


def _wrong_success(view: View) -> Broken | None:
    wanted = SUCCESS[view.who.operation]
    return None if view.status in wanted else Broken(" or ".join(map(str, wanted)), str(view.status))


def _wrong_lease(view: View) -> Broken | None:
    wanted = LEASE_SUCCESS.get(_action(view), 400)  # without an action there is nothing to do
    return None if view.status == wanted else Broken(f"{wanted} for {_action(view)}", str(view.status))


def _action(view: View) -> str:
    return (view.asked("x-ms-lease-action") or "").lower()


def _no_request_id(view: View) -> Broken | None:
    return None if view.get("x-ms-request-id") else Broken("present", "absent")


def _wrong_version(view: View) -> Broken | None:
    asked, said = view.asked("x-ms-version"), view.get("x-ms-version")
    if said == asked or (said is None and view.status in (400, 401, 403, 411)):
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


def _body_of_empty(view: View) -> Broken | None:
    count = view.response.body.length
    return Broken("no body", f"{count} bytes") if count else None


def _empty_headers(view: View) -> Broken | None:
    empty = [name for name, value in view.response.headers if not value and _is_property(name)]
    return Broken("absent", f"{', '.join(empty)} without a value") if empty else None


def _is_property(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(("content-", "x-ms-")) or lowered == "cache-control"


def _twice(view: View) -> Broken | None:
    counts = Counter(name.lower() for name, _ in view.response.headers)
    found = [name for name, count in counts.items() if count > 1 and _is_single(name)]
    return Broken("each header once", f"{', '.join(found)} more than once") if found else None


def _is_single(name: str) -> bool:
    return name.startswith(("x-ms-", "content-")) or name in _ONCE_ONLY


def _bad_truth(view: View) -> Broken | None:
    for name in _YES_OR_NO:
        if (said := view.get(name)) is not None and said not in ("true", "false"):
            return Broken(f"{name}: true or false", said or "empty")
    return None


def _bad_dates(view: View) -> Broken | None:
    for name in _DATES:
        if (said := view.get(name)) is not None and not is_date(said):
            return Broken(f"{name}: an RFC 1123 date", said or "empty")
    return None


def _code_of_success(view: View) -> Broken | None:
    said = view.get("x-ms-error-code")
    return None if said is None else Broken("no x-ms-error-code", said)


RULES = (
    Rule(
        "success-status",
        Level.REQUIRED,
        "An operation that was done says so with its own status.",
        ("reference/1.1",),
        ("wire.success-status",),
        lambda view: view.done(SUCCESS),
        _wrong_success,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "lease-status",
        Level.REQUIRED,
        "A lease operation that was done says so with the status of its action.",
        ("reference/1.8",),
        ("wire.success-status", "lease-blob.acquire", "lease-blob.renew", "lease-blob.release"),
        lambda view: view.done(LEASES) and _action(view) in (*LEASE_SUCCESS, ""),
        _wrong_lease,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "request-id",
        Level.EXPECTED,
        "Every response carries x-ms-request-id.",
        ("reference/1.0",),
        ("errors.request-id",),
        lambda view: not view.before_the_service,
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
        ("errors.client-request-id", "versions.client-request-id"),
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
        ("wire.no-body", "errors.not-modified", "get-blob-properties.no-body"),
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
        lambda view: view.done(EMPTY) and not view.bodyless,
        _no_length,
        frozenset({Fact.FRAMING}),
    ),
    Rule(
        "empty-body",
        Level.EXPECTED,
        "The success of an operation that gives no content has no body.",
        ("reference/1.1",),
        ("wire.empty-length",),
        lambda view: view.done(EMPTY) and not view.bodyless,
        _body_of_empty,
        frozenset({Fact.OPERATION, Fact.BODY}),
    ),
    Rule(
        "no-empty-property",
        Level.EXPECTED,
        "A property that is not set is an absent header, never an empty one.",
        ("reference/1.5",),
        ("wire.no-empty-property", "get-blob.absent-properties"),
        lambda view: view.done(("Get Blob", "Get Blob Properties", "Get Container Properties")),
        _empty_headers,
    ),
    Rule(
        "no-header-twice",
        Level.EXPECTED,
        "ETag, Last-Modified and every Content- and x-ms- header stand once in a response.",
        ("reference/1.0",),
        ("wire.no-header-twice",),
        lambda view: True,
        _twice,
    ),
    Rule(
        "true-or-false",
        Level.EXPECTED,
        "Headers that say yes or no say true or false, in small letters.",
        ("reference/1.0", "reference/1.5"),
        ("wire.true-or-false",),
        lambda view: any(view.get(name) is not None for name in _YES_OR_NO),
        _bad_truth,
    ),
    Rule(
        "date-headers",
        Level.EXPECTED,
        "Times of creation, copying, access, tier and expiry are RFC 1123 dates.",
        ("reference/1.5",),
        ("wire.date-headers",),
        lambda view: any(view.get(name) is not None for name in _DATES),
        _bad_dates,
    ),
    Rule(
        "no-code-of-success",
        Level.EXPECTED,
        "A success names no error code.",
        ("reference/4.1",),
        ("wire.no-code-of-success",),
        lambda view: view.succeeded,
        _code_of_success,
    ),
)
