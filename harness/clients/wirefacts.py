"""What AzCopy takes for granted about answers and mostly does not check: asserted on what the tap saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs
from xml.etree import ElementTree

from harness.exchange import Exchange, Response, header
from harness.scenario import Scenario
from harness.vocabulary import Level

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

_SENDER_GONE = ("the client closed the connection", "the client broke the connection off")  # the tap's words


def query_of(exchange: Exchange) -> dict[str, str]:
    """The query of a request, decoded; the first value of each name, names in lower case."""
    query = exchange.request.target.partition("?")[2]
    return {name.lower(): values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def is_anonymous(exchange: Exchange) -> bool:
    """Whether the request carried no credentials at all."""
    return header(exchange.request.headers, "Authorization") is None and "sig" not in query_of(exchange)


def judge_reliance(scenario: Scenario, exchanges: Sequence[Exchange]) -> None:
    """Add one finding for each thing that AzCopy relies on and that these exchanges show.

    What was answered to half a request, whose sender had gone, was for nobody.
    """
    exchanges = [one for one in exchanges if not (one.failure or "").endswith(_SENDER_GONE)]
    _fold(
        scenario,
        "every failed answer names its error code in x-ms-error-code",
        [_error_code(e) for e in exchanges if _status(e) >= 400],
        why="AzCopy retries 408, 429 and 5xx only when this header is there.",
        source=("azcopy/4.1",),
    )
    _fold(
        scenario,
        "a ranged read is answered with exactly that range",
        [_range(e) for e in exchanges if _asked_range(e) and _status(e) in (200, 206)],
        why="AzCopy writes whatever comes at the place of the range it asked for: silent corruption.",
        source=("azcopy/0.11", "azcopy/3.4"),
    )
    _fold(
        scenario,
        "a read tells ETag and Last-Modified",
        [_validators(e) for e in exchanges if e.request.method in ("GET", "HEAD") and _is_blob_read(e)],
        why="Chunks are fenced with If-Unmodified-Since, and a broken download resumes with If-Match.",
        source=("azcopy/3.7", "azcopy/4.3"),
    )
    _fold(
        scenario,
        "account information names the SKU and the account kind",
        [_account(e) for e in exchanges if query_of(e).get("restype") == "account"],
        why="A failure ends the transfer; a 200 without either header makes AzCopy crash.",
        source=("azcopy/0.4", "azcopy/3.7"),
    )
    _fold(
        scenario,
        "every listed blob has a name, a length and a date",
        [_listing(e) for e in exchanges if _is_listing(e) and _status(e) == 200],
        why="A missing Name or Content-Length makes AzCopy crash, a missing Last-Modified fails downloads.",
        source=("azcopy/3.7",),
    )


def judge_probe(scenario: Scenario, exchanges: Sequence[Exchange]) -> None:
    """The probes that AzCopy sends without credentials must be refused, or it never uses its token."""
    probes = [e for e in exchanges if is_anonymous(e)]
    _fold(
        scenario,
        "a request without credentials is refused",
        [None if _status(e) in (401, 403, 404, 409) else f"{_line(e)}: {_status(e)}" for e in probes],
        why="If the probe succeeds AzCopy stays anonymous and the token is never used.",
        source=("azcopy/2.2",),
    )


def _fold(
    scenario: Scenario,
    about: str,
    complaints: Iterable[str | None],
    *,
    why: str,
    source: tuple[str, ...],
    level: Level = Level.REQUIRED,
) -> None:
    """One finding over many answers; none when there was nothing to judge."""
    verdicts = list(complaints)
    if not verdicts:
        return
    wrong = [text for text in verdicts if text is not None]
    held = f"all {len(verdicts)} of them"
    observed = held if not wrong else f"{len(wrong)} of {len(verdicts)} do not: {'; '.join(wrong[:3])}"
    scenario.check(about, held, observed, level=level, why=why, source=source, holds=not wrong)


def _status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response is not None else 0


def _line(exchange: Exchange) -> str:
    return f"{exchange.request.method} {exchange.request.target.partition('?')[0]}"


def _answered(judge: Callable[[Exchange, Response], str | None]) -> Callable[[Exchange], str | None]:
    """Judge the response only where there is one."""

    def wrapped(exchange: Exchange) -> str | None:
        response = exchange.response
        complaint = None if response is None else judge(exchange, response)
        return complaint and f"{_line(exchange)}: {complaint}"

    return wrapped


@_answered
def _error_code(exchange: Exchange, response: Response) -> str | None:
    return None if header(response.headers, "x-ms-error-code") else f"{response.status} without it"


def _asked_range(exchange: Exchange) -> tuple[int, int] | None:
    if exchange.request.method != "GET" or exchange.failure:
        return None
    asked = header(exchange.request.headers, "x-ms-range") or header(exchange.request.headers, "Range") or ""
    match = _RANGE.fullmatch(asked)
    return (int(match[1]), int(match[2])) if match else None


@_answered
def _range(exchange: Exchange, response: Response) -> str | None:
    asked = _asked_range(exchange)
    assert asked is not None
    if response.status != 206:
        return f"{response.status} instead of 206"
    told = _CONTENT_RANGE.fullmatch(header(response.headers, "Content-Range") or "")
    if told is None:
        return f"Content-Range is {header(response.headers, 'Content-Range')!r}"
    begin, end, total = (int(group) for group in told.groups())
    last = min(asked[1], total - 1)
    if (begin, end) != (asked[0], last):
        return f"asked for {asked[0]}-{asked[1]} of {total}, told {begin}-{end}"
    if response.body.length != end - begin + 1:
        return f"{response.body.length} bytes for {begin}-{end}"
    return None


def _is_blob_read(exchange: Exchange) -> bool:
    query = query_of(exchange)
    return _status(exchange) in (200, 206) and "comp" not in query and "restype" not in query


@_answered
def _validators(exchange: Exchange, response: Response) -> str | None:
    missing = [name for name in ("ETag", "Last-Modified") if not header(response.headers, name)]
    return f"no {' and no '.join(missing)}" if missing else None


@_answered
def _account(exchange: Exchange, response: Response) -> str | None:
    if response.status != 200:
        return f"{response.status}"
    wanted = ("x-ms-sku-name", "x-ms-account-kind")
    missing = [name for name in wanted if not header(response.headers, name)]
    return f"no {' and no '.join(missing)}" if missing else None


def _is_listing(exchange: Exchange) -> bool:
    query = query_of(exchange)
    return query.get("comp") == "list" and query.get("restype") == "container"


@_answered
def _listing(exchange: Exchange, response: Response) -> str | None:
    if response.body.data is None:
        return None  # longer than the tap keeps
    try:
        root = ElementTree.fromstring(response.body.data)  # noqa: S314 - expat bounds entity expansion
    except ElementTree.ParseError as error:
        return f"no XML: {error}"
    if root.find("Blobs") is None:
        return "no Blobs element"
    for blob in root.iterfind("Blobs/Blob"):
        name = blob.findtext("Name")
        if not name:
            return "a Blob without a Name"
        if not (blob.findtext("Properties/Content-Length") or "").isdigit():
            return f"no Content-Length for {name}"
        try:
            parsedate_to_datetime(blob.findtext("Properties/Last-Modified") or "")
        except ValueError:
            return f"no Last-Modified for {name}"
    return None
