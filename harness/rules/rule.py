"""A wire rule as a value, and the view of one exchange that rules look at."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from harness.exchange import Exchange, Fidelity, Headers, Response
from harness.judge.xml import NotXmlError, error_code, root
from harness.rules.identify import Identity
from harness.rules.memory import Memory
from harness.vocabulary import Level


class Fact(enum.Enum):
    """A fact that not every kind of recording keeps."""

    OPERATION = "which operation it was"  # for some, only the request's headers tell
    FRAMING = "framing"  # how bodies were delimited, what came after them
    REQUEST_HEADERS = "request headers"
    REQUEST_BODY = "request body"
    BODY = "response body"
    OTHERS = "other exchanges"  # with the same endpoint
    BYTES = "response bytes"  # the body exactly as sent, a byte-order mark included


_LACKING: dict[Fidelity, frozenset[Fact]] = {
    Fidelity.OWN_WIRE: frozenset(),
    Fidelity.TAP: frozenset(),
    Fidelity.MITMPROXY: frozenset({Fact.FRAMING}),
    Fidelity.HAR: frozenset({Fact.FRAMING, Fact.BYTES}),
    Fidelity.SDK_RECORDING: frozenset({Fact.FRAMING, Fact.REQUEST_HEADERS, Fact.REQUEST_BODY, Fact.BYTES}),
}


@dataclass(frozen=True, slots=True)
class Broken:
    """What a rule wanted, and what was there instead."""

    expected: str
    observed: str


@dataclass(frozen=True)
class View:
    """One answered exchange, with what rules ask of it again and again. Every property is derived."""

    exchange: Exchange
    response: Response
    who: Identity
    memory: Memory | None = None  # of the exchanges before; for rules over several

    def has(self, fact: Fact) -> bool:
        """Whether this recording kept the fact."""
        if fact in _LACKING[self.exchange.fidelity]:
            return False
        if fact is Fact.OTHERS:
            return self.memory is not None
        if fact is Fact.OPERATION:
            return self.has(Fact.REQUEST_HEADERS) or not self.who.told_by_headers
        if fact is Fact.REQUEST_HEADERS:
            return bool(self.exchange.request.headers)  # a browser's capture may have lost them
        if fact is Fact.REQUEST_BODY:
            return self.exchange.request.body.data is not None
        if fact in (Fact.BODY, Fact.BYTES):
            return self.response.body.data is not None
        return True

    def get(self, name: str) -> str | None:
        """The first value of a response header."""
        found = self._said.get(name.lower())
        return found[0] if found else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a response header."""
        return tuple(self._said.get(name.lower(), ()))

    def asked(self, name: str) -> str | None:
        """The first value of a request header."""
        found = self._asked.get(name.lower())
        return found[0] if found else None

    @cached_property
    def _said(self) -> dict[str, list[str]]:
        return _by_name(self.response.headers)  # rules ask for headers some hundred times

    @cached_property
    def _asked(self) -> dict[str, list[str]]:
        return _by_name(self.exchange.request.headers)

    def done(self, operations: Collection[str]) -> bool:
        """Whether it is the success of one of these operations."""
        return self.succeeded and self.who.operation in operations

    @property
    def method(self) -> str:
        """The method, in upper case."""
        return self.exchange.request.method.upper()

    @property
    def status(self) -> int:
        """The status."""
        return self.response.status

    @property
    def succeeded(self) -> bool:
        """Whether the operation was done."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the answer is an error. 304 is none: it is the answer to a condition on a read."""
        return self.status >= 400

    @property
    def bodyless(self) -> bool:
        """Whether no body may follow, by definition."""
        return self.method == "HEAD" or self.status in (204, 304)

    @property
    def version(self) -> str:
        """The version that the answer follows; empty when nothing says so.

        Some failures of the service's front end carry no version, and are not held to any.
        """
        if (said := self.get("x-ms-version")) is not None:
            return said
        return "" if self.status in _FRONT_END else self.asked("x-ms-version") or ""

    @cached_property
    def before_the_service(self) -> bool:
        """Whether the web server in front of the service may have refused it: in HTML, and without any code.

        Azure's does so with a write that tells no length, and with a path that is no proper URL.
        """
        if self.get("x-ms-version") is not None:
            return False
        return self.status == 411 or (self.status == 400 and _improper(self.exchange.request.target))

    @cached_property
    def xml(self) -> ElementTree.Element | NotXmlError:
        """The body's root element, or why there is none."""
        try:
            return root(self.response.body.data)
        except NotXmlError as error:
            return error

    @property
    def may_be_xml(self) -> bool:
        """Whether the body is well-formed XML, or was not kept: a rule about it is then not evaluated."""
        return self.response.body.data is None or not isinstance(self.xml, NotXmlError)

    @cached_property
    def code(self) -> str | None:
        """The error code, wherever it stands."""
        return error_code(self.response)


def _by_name(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found


_FRONT_END = frozenset({400, 401, 403, 411})
_ODD_IN_PATHS = re.compile("[\x00-\x1f\x7f\ufffd\\\\]|(^|/)\\.\\.?(/|$)")


def _improper(target: str) -> bool:
    """Whether a path holds what web servers refuse: control characters, dot segments, what is no UTF-8."""
    path = unquote_to_bytes(target.partition("?")[0]).decode("utf-8", "replace")
    return _ODD_IN_PATHS.search(path) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold for every exchange it applies to.

    `tests` are the requirements that it tests: a mutant of one of them is found by this rule.
    `applies` picks the exchanges, `breaks` says how one breaks it (None: it holds). `needs` are facts
    without which an exchange is counted as not evaluated.
    """

    id: str
    level: Level
    says: str
    source: tuple[str, ...]
    tests: tuple[str, ...]
    applies: Callable[[View], bool]
    breaks: Callable[[View], Broken | None]
    needs: frozenset[Fact] = frozenset()
