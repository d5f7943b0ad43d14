"""Every way to alter one signed part of a vector, by name, as a record of the same kind; no signer is used.

What is signed is written down here once more, from the protocol notes, so that a field which both
implementations forget still shows. What a record carries without signing it is named as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

Record = dict[str, Any]

STANDARD_HEADERS = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)
UNSIGNED_HEADERS = frozenset(
    {"accept", "user-agent", "host", "connection", "accept-encoding", "accept-language"}
)
"""Headers of the vectors that Shared Key does not cover. `Date` gives way to x-ms-date, which all have."""

SHARED_KEY_ALTERATIONS = 1558
SAS_ALTERATIONS = 1920
"""How many the 50 requests and 84 tokens give, so that none is lost unseen."""

OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
_SERVICE = ("sp", "st", "se", "si", "sip", "spr", "sv", "sr", *OVERRIDES)
_DELEGATED = (
    "sp",
    "st",
    "se",
    "skoid",
    "sktid",
    "skt",
    "ske",
    "sks",
    "skv",
    "sip",
    "spr",
    "sv",
    "sr",
    *OVERRIDES,
)

_DECIDING = frozenset({"sv", "ss", "srt", "sr", "skoid"})
"""Without one of these a token is of another kind, or of none; that is not an altered field."""

_NEXT_VERSION = {
    "2019-02-02": "2019-07-07",
    "2020-06-12": "2020-08-04",
    "2021-08-06": "2021-10-04",
    "2025-01-05": "2025-05-05",
    "2025-07-05": "2025-11-05",
    "2026-10-06": "2026-12-06",
}
"""A version of the same layout: another layout would change the text for another reason."""

_GUID = "99999999-9999-9999-9999-999999999999"
_ADDED = {"st": "2025-06-01T00:00:00Z", "sip": "10.0.0.1", "spr": "https", "si": "another", "ses": "scope"}


def of_shared_key(record: Record) -> Iterator[tuple[str, Record]]:
    """Each signed part of a request, altered, taken away or added: a name and the altered record."""
    yield "method", record | {"method": "PATCH"}
    base, mark, query = record["url"].partition("?")
    yield "path", record | {"url": f"{base}x{mark}{query}"}
    if base[-1].isalnum():
        yield "path: same name in hex", record | {"url": f"{base[:-1]}%{ord(base[-1]):02X}{mark}{query}"}
    items = query.split("&") if query else []
    for number, item in enumerate(items):
        others = [*items[:number], *items[number + 1 :]]
        yield f"query {item}: value", record | {"url": f"{base}?{'&'.join([*others, item + 'x'])}"}
        yield f"query {item}: name", record | {"url": f"{base}?{'&'.join([*others, 'x' + item])}"}
        yield f"query {item}: gone", record | {"url": f"{base}?{'&'.join(others)}"}
        yield f"query {item}: twice", record | {"url": f"{base}?{'&'.join([*items, item])}"}
    yield "query: added", record | {"url": f"{base}?{'&'.join([*items, 'zzz=1'])}"}
    headers: Mapping[str, str] = record["headers"]
    present = {name.lower() for name in headers}
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in UNSIGNED_HEADERS or lowered == "authorization":
            continue
        rest = {key: said for key, said in headers.items() if key != name}
        yield f"header {lowered}: value", record | {"headers": rest | {name: _other_header(lowered, value)}}
        if value != "0" and (value or lowered.startswith("x-ms-")):  # a length of 0 is signed as nothing
            yield f"header {lowered}: gone", record | {"headers": rest}
    for name in STANDARD_HEADERS:
        if name.lower() not in present:
            value = "17" if name == "Content-Length" else "added"
            yield f"header {name.lower()}: added", record | {"headers": {**headers, name: value}}
    yield "header x-ms-meta-zzz: added", record | {"headers": {**headers, "x-ms-meta-zzz": "1"}}
    scheme, _, credential = record["authorization"].partition(" ")
    account, _, signature = credential.partition(":")
    for name, said in (
        ("scheme", f"{scheme}Lite {credential}"),
        ("account", f"{scheme} {account}x:{signature}"),
        ("signature", f"{scheme} {account}:{_other_letter(signature)}"),
    ):
        yield name, record | {"authorization": said, "headers": {**headers, "Authorization": said}}


def unsigned_of_shared_key(record: Record) -> Iterator[tuple[str, Record]]:
    """What a request carries outside its signature, altered: it must go on working."""
    for name, value in record["headers"].items():
        if name.lower() in UNSIGNED_HEADERS:
            yield f"header {name.lower()}", record | {"headers": {**record["headers"], name: value + "x"}}


def signed_fields(record: Record) -> tuple[str, ...]:
    """The query fields that the signature of a SAS covers, whether the token has them or not."""
    fields, version = fields_of(record), record["sv"]
    scope = ("ses",) if version >= "2020-12-06" else ()
    if "srt" in fields:
        return ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", *scope)
    if "skoid" not in fields:
        return (*_SERVICE, *scope)
    agents = ("saoid", "suoid", "scid") if version >= "2020-02-10" else ()
    bound = ("skdutid", "sduoid") if version >= "2025-07-05" else ()
    return (*_DELEGATED, *agents, *bound, *scope)


def fields_of(record: Record) -> dict[str, str]:
    """The fields of a token, decoded."""
    return dict(parse_qsl(record["token"], keep_blank_values=True))


def of_sas(record: Record) -> Iterator[tuple[str, Record]]:
    """Each signed part of a SAS, altered, taken away or added: a name and the altered record."""
    fields = fields_of(record)
    for name in signed_fields(record):
        if name in fields:
            yield f"{name}: value", _with(record, {**fields, name: _other_field(name, fields[name])})
            if name not in _DECIDING:
                gone = {key: value for key, value in fields.items() if key != name}
                yield f"{name}: gone", _with(record, gone)
        else:
            yield f"{name}: added", _with(record, {**fields, name: _ADDED.get(name, _GUID)})
    args = record["args"]
    yield "account", record | {"account": record["account"] + "x"}
    for name in ("container_name", "blob_name", "snapshot", "version_id"):
        if args.get(name):
            yield name, record | {"args": {**args, name: _other_part(name, args[name])}}
    for kind in ("request_headers", "request_query_params"):
        for name, value in (args.get(kind) or {}).items():
            yield f"{kind} {name}", record | {"args": {**args, kind: {**args[kind], name: value + "x"}}}


def of_the_token(record: Record) -> Iterator[tuple[str, Record]]:
    """What only a verifier can see: the signature, and the names of request parts whose values are signed."""
    fields = fields_of(record)
    yield "sig", _with(record, {**fields, "sig": _other_letter(fields["sig"])})
    for name in ("srh", "srq"):
        if name in fields:
            yield f"{name}: more", _with(record, {**fields, name: fields[name] + ",another"})
            yield f"{name}: gone", _with(record, {key: said for key, said in fields.items() if key != name})


def _with(record: Record, fields: Mapping[str, str]) -> Record:
    return record | {"token": "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())}


def _other_letter(text: str) -> str:
    """Another first letter: the last one of base64 has bits that do not count."""
    return ("B" if text.startswith("A") else "A") + text[1:]


def _other_header(name: str, value: str) -> str:
    if name == "x-ms-date":
        return value.replace(":37 GMT", ":38 GMT").replace(":13 GMT", ":14 GMT")
    return str(int(value) + 1) if name == "content-length" else value + "x"


def _other_field(name: str, value: str) -> str:
    match name:
        case "sv":
            return _NEXT_VERSION[value]
        case "skv":
            return "2018-11-09"
        case "st" | "skt":
            return "2025-12-31T00:00:00Z"
        case "se" | "ske":
            return "2026-01-07T00:00:00Z"
        case "sp":
            return value + "x" if "x" not in value else value.replace("x", "")
        case "sr":
            return "c" if value != "c" else "b"
        case "sip":
            return "0.0.0.0-255.255.255.255"
        case "spr":
            return "https,http" if value == "https" else "https"
        case "sks":
            return "q"
    return value + "x"


def _other_part(name: str, value: str) -> str:
    return value + "x" if name.endswith("_name") else value[:-2] + "9Z"
