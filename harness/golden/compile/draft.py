"""One flow of a recording as a draft of a step: names, secrets, dates and ids become symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

from harness.cases.case import Batch, BlockListXml, Recipe
from harness.cases.recipes import crc64_base64, md5_base64
from harness.exchange import Body, Headers, header
from harness.golden.compile.bodies import Bodies
from harness.golden.compile.redactions import Redaction
from harness.golden.compile.tokens import GUID, escaped, token
from harness.golden.spec import Injected, Place
from harness.recording.flow import Flow, Recording
from harness.rules.identify import Identity, identify
from harness.signing import sas

_BRACKET = re.compile(r"\([^()]*\)")
# Random boundaries of batches: batch_TEXT, and those of Python's email package.
_BOUNDARY = re.compile(r"(?<=batch_)(?!" + GUID.pattern + r")[A-Za-z0-9+/=]{16,}|(?<=={15})\d{19}(?===)")
_KERNEL = re.compile(r"Linux[- ]\d+\.\d+")
_DATES = frozenset({"x-ms-date", "date"})
_DROPPED = frozenset({"proxy-connection", "proxy-authorization", "proxy-authenticate"})
_IDS = frozenset({"x-ms-client-request-id"})


Query = tuple[tuple[str, str | None], ...]
"""Raw names, and values as templates; None: the name stands alone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A step in the making. Texts are templates with tokens."""

    number: int  # of the flow, in the recording
    flow: Flow
    method: str
    path: str  # template, relative to the account root
    query: Query  # without a SAS
    headers: Headers  # templates
    body: Recipe | None
    stand_in: bool
    chunked: bool
    auth: Any  # "default", "anonymous", or the weak SAS that the scenario is about
    place: Place | None  # of the SAS, where the request has one
    who: Identity  # of the template: containers are symbols
    rules: frozenset[Redaction]  # the redactions that were made
    injected: Injected | None

    @property
    def target(self) -> str:
        """The request target, a template."""
        return f"{self.path}?{joined(self.query)}" if self.query else self.path

    @property
    def begun(self) -> float:
        """Seconds since the epoch."""
        return self.flow.exchange.started

    @property
    def ended(self) -> float:
        """When the answer was complete; seconds since the epoch."""
        return self.flow.exchange.started + self.flow.exchange.elapsed


def joined(query: Query) -> str:
    """A query string."""
    return "&".join(name if value is None else f"{name}={value}" for name, value in query)


class Drafting:
    """Makes drafts of the flows of one recording."""

    def __init__(self, recording: Recording, blocks: Mapping[tuple[str, str], str], bodies: Bodies) -> None:
        self._recording = recording
        self._blocks = blocks  # path on the request line and block id to its template
        self._bodies = bodies
        self._roots = sorted(recording.roots, key=len, reverse=True)

    def draft(self, number: int, flow: Flow) -> Draft:
        """One flow as a draft."""
        request = flow.exchange.request
        rules: set[Redaction] = set()
        path, _, raw_query = request.target.partition("?")
        path = self._path(path, rules)
        pairs, place = self._query(raw_query, rules, request.target.partition("?")[0])
        auth: Any
        body, stand_in = self._bodies.recipe(flow, self)
        headers, auth = self._headers(request.headers, request.body, body, rules)
        if stand_in:
            rules.add(Redaction.STAND_IN)
        elif body is not None:
            rules.add(Redaction.BODY)
        if place is not None:
            weak = self._recording.scenario.permissions
            auth = {"account-sas": {"permissions": weak}} if weak else "default"
            rules.add(Redaction.SAS)
        bare = Draft(
            number=number,
            flow=flow,
            method=request.method,
            path=path,
            query=pairs,
            headers=headers,
            body=body,
            stand_in=stand_in,
            chunked="chunked" in (header(request.headers, "Transfer-Encoding") or "").lower(),
            auth=auth,
            place=place,
            who=identify(request.method, path, headers),
            rules=frozenset(rules),
            injected=flow.injected,
        )
        return replace(bare, who=identify(request.method, bare.target, headers))

    # --- the parts of a request ---

    def _path(self, path: str, rules: set[Redaction]) -> str:
        prefix = self._recording.prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path.removeprefix(prefix) or "/"
            rules.add(Redaction.ACCOUNT)
        return self.text(path, rules)

    def _query(self, raw: str, rules: set[Redaction], path: str = "") -> tuple[Query, Place | None]:
        parts = [part for part in raw.split("&") if part]
        names = [unquote(part.partition("=")[0]) for part in parts]
        signed = "sig" in names
        own = [
            (part, name)
            for part, name in zip(parts, names, strict=True)
            if not (signed and name.lower() in sas.FIELDS)
        ]
        place: Place | None = None
        if signed:
            theirs = [name.lower() in sas.FIELDS for name in names]
            if names == sorted(names):
                place = "sorted"
            else:
                place = "first" if own and all(theirs[: len(parts) - len(own)]) else "last"
        return tuple(self._parameter(part, name, path, rules) for part, name in own), place

    def _parameter(self, part: str, name: str, path: str, rules: set[Redaction]) -> tuple[str, str | None]:
        raw_name, equals, raw = part.partition("=")
        if not equals:
            return raw_name, None
        if name.lower() == "blockid":
            return raw_name, self.block(path, unquote(raw), rules, raw)
        return raw_name, self.text(raw, rules)

    def block(self, path: str, block_id: str, rules: set[Redaction], raw: str | None = None) -> str:
        """A block id of a blob as a template; `raw` is how a query spells it."""
        if (path, block_id) not in self._blocks:
            return escaped(block_id if raw is None else raw)
        rules.add(Redaction.BLOCK_ID)
        return self._blocks[path, block_id]

    def _headers(
        self, headers: Headers, body: Body, recipe: Recipe | None, rules: set[Redaction]
    ) -> tuple[Headers, str]:
        out: list[tuple[str, str]] = []
        auth = "anonymous"
        # A service reads nothing with a token that has gone over plain HTTP.
        secure = header(headers, "x-ms-copy-source-authorization") is not None
        for name, value in headers:
            low = name.lower()
            if low in _DROPPED:
                rules.add(Redaction.PROXY)
                continue
            if low == "authorization":
                auth = "default"
            hashed = _hash(value, body) if isinstance(recipe, BlockListXml | Batch) else None
            said = hashed or self.header(low, value, body.length, rules)
            if secure and low == "x-ms-copy-source":
                said = re.sub(r"^\{url\}", "{https-url}", said)
            out.append((name, said))
        if self._recording.scenario.shuffles:
            out.sort(key=lambda header: header[0].lower())
        return tuple(out), auth

    def header(self, name: str, value: str, length: int, rules: set[Redaction]) -> str:
        """The value of a header as a template; `name` in lower case."""
        if name == "authorization":
            rules.add(Redaction.AUTHORIZATION)
            return "{authorization}"
        if name == "host":
            rules.add(Redaction.HOST)
            return "{host}"
        if name == "content-length" and value == str(length):
            return "{length}"
        if name in _DATES and _is_date(value):
            rules.add(Redaction.DATE)
            return "{now}"
        if name in _IDS:
            rules.add(Redaction.REQUEST_ID)
            return token("guid", value)
        if "agent" in name:
            value = self._agent(value, rules)
        if name == "x-ms-copy-source":
            return self._url(value, rules)
        if name == "x-ms-copy-source-authorization":
            rules.add(Redaction.SOURCE_BEARER)
            return "{source-bearer}"
        return self.text(value, rules)

    def _agent(self, value: str, rules: set[Redaction]) -> str:
        """A User-Agent without the kernel that it was recorded on."""
        out = _BRACKET.sub(lambda match: "(Linux)" if _KERNEL.search(match[0]) else match[0], value)
        if out != value:
            rules.add(Redaction.MACHINE)
        return out

    def target(self, value: str, rules: set[Redaction]) -> str:
        """A request target of a batch's part as a template, without its SAS."""
        path, _, raw = value.partition("?")
        query = joined(self._query(raw, rules)[0])
        return self._path(path, rules) + (f"?{query}" if query else "")

    def _url(self, value: str, rules: set[Redaction]) -> str:
        """A URL of this service: its root, its names and its SAS become symbols."""
        root = next((one for one in self._roots if value == one or value.startswith(f"{one}/")), None)
        if root is None:
            return self.text(value, rules)
        rules.add(Redaction.URL)
        path, _, query = value.removeprefix(root).partition("?")
        pairs, place = self._query(query, rules)
        parts = [joined((pair,)) for pair in pairs]
        if place is not None:
            rules.add(Redaction.SOURCE_SAS)
            parts.insert(0 if place == "first" else len(parts), "{source-sas}")
        return "{url}" + self.text(path, rules) + (f"?{'&'.join(parts)}" if parts else "")

    def text(self, value: str, rules: set[Redaction]) -> str:
        """Any text as a template: containers, roots of the service, the account and GUIDs become symbols."""
        out = escaped(value)
        for name, saved in self._recording.saved.items():
            for said in (quote(saved, safe=""), saved):
                if said in out:
                    out = out.replace(said, f"{{{name}}}")
                    rules.add(Redaction.BOUND)
        # The longest name first: that of the second container begins with that of the first.
        for name, symbol in sorted(self._recording.containers.items(), key=lambda one: -len(one[0])):
            if name in out:
                out = out.replace(name, f"{{{symbol}}}")
                rules.add(Redaction.CONTAINER)
        for root in self._roots:
            if root in out:
                out = out.replace(root, "{url}")
                rules.add(Redaction.URL)
        out = _BOUNDARY.sub(lambda match: _guid(match[0], rules), out)
        return GUID.sub(lambda match: _guid(match[0], rules), out)


def _hash(value: str, body: Body) -> str | None:
    """The name of a hash of the body: of a list of blocks, say, it is another one in each recording."""
    if body.data and len(value) in (12, 24):
        if value == md5_base64(body.data):
            return "{body-md5}"
        if value == crc64_base64(body.data):
            return "{body-crc64}"
    return None


def _guid(value: str, rules: set[Redaction]) -> str:
    rules.add(Redaction.GUID)
    return token("guid", value)


def _is_date(value: str) -> bool:
    try:
        return parsedate_to_datetime(value) is not None
    except ValueError:
        return False
