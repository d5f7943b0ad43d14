"""Placeholders: what `{…}` may say, and what it becomes in a target, a header, a body or an expectation.

`Scope` holds everything a placeholder can mean; rendering is pure, so an expectation can be rendered
again when it is judged and says the same as when the request was sent.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType
from urllib.parse import quote

# The times come first, because a name may hold a dash: {now-1h} is a time, not a name.
_NAME = r"now-iso(?![a-z0-9_-])|now-iso(?=[+-])|now(?=[+-])(?!-iso)|[a-z][a-z0-9_-]*"
_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{(?P<name>{_NAME})(?P<argument>[:+-][^{{}}]*)?\}}")
_OFFSET = re.compile(r"([+-])(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BLOCK = re.compile(r"(\d+)/(\d+)")
_NUMBERED = frozenset({"own-container", "new-container", "blob", "id", "guid"})
_PLAIN = frozenset({"container", "account", "url", "https-url", "source-sas", "source-bearer", "n"})
_TIMES = frozenset({"now", "now-iso"})
BAD_SAS = ("forged", "expired", "write-only")
"""What `{source-sas:…}` may ask for: a SAS that must not open the source."""

GOLDEN = frozenset({"host", "length", "body-md5", "body-crc64", "block", "authorization"})
"""What only requests that are sent exactly as a client sent them need."""

BUILT_IN = _NUMBERED | _PLAIN | _TIMES
"""Names that a case may not save under."""


class TemplateError(Exception):
    """A placeholder that means nothing. The message names it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What placeholders mean for one request and its expectations."""

    account: str
    url: str  # service root, without a trailing slash
    container: str
    own_container: str
    new_containers: str  # prefix of names of containers that do not exist
    blobs: str  # prefix of blob names
    seed: str  # makes GUIDs differ between cases and runs
    now: datetime  # aware, UTC
    secure_url: str = ""  # the service root over HTTPS; empty where that is `url`, or where there is none
    source_sas: str = field(default="", repr=False)
    source_bearer: str = field(default="", repr=False)
    bad_source_sas: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    saved: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    counter: int | None = None
    host: str = ""  # the Host header of the address that the request goes to
    length: int = 0  # bytes of the request's body
    hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # body-md5, body-crc64

    @property
    def seed_guid(self) -> str:
        """A GUID of this case and run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.seed))

    def at(self, now: datetime, counter: int | None) -> Scope:
        """The same names at another time and with another counter."""
        return replace(self, now=now, counter=counter)

    def knowing(self, saved: Mapping[str, str]) -> Scope:
        """The same scope with these saved values instead."""
        return replace(self, saved=MappingProxyType(dict(saved)))


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{name}`, `{name:argument}` or `{now+offset}`."""

    name: str
    argument: str = ""


def parts(template: str) -> Iterator[str | Placeholder]:
    """The literal pieces and placeholders of a template, in order. Raises TemplateError on a stray brace."""
    position = 0
    for match in _TOKEN.finditer(template):
        yield _literal(template, template[position : match.start()])
        if match["name"] is None:
            yield match[0][0]
        else:
            yield Placeholder(match["name"], (match["argument"] or "").removeprefix(":"))
        position = match.end()
    yield _literal(template, template[position:])


def _literal(template: str, text: str) -> str:
    if "{" in text or "}" in text:
        raise TemplateError(f"stray brace in {template!r}; write {{{{ or }}}} for a literal one")
    return text


def names(template: str) -> tuple[Placeholder, ...]:
    """The placeholders of a template."""
    return tuple(part for part in parts(template) if isinstance(part, Placeholder))


def problem(placeholder: Placeholder, saved: frozenset[str], counted: bool) -> str | None:
    """Why a placeholder cannot be rendered, as a sentence; None when it can."""
    name, argument = placeholder.name, placeholder.argument
    if name in saved:
        return f"{{{name}}} takes no argument" if argument else None
    if name in GOLDEN:
        return f"{{{name}}} has a meaning only in a golden spec"
    if name not in BUILT_IN:
        return f"{{{name}}} is neither built in nor saved by an earlier step"
    if name == "n" and not counted:
        return "{n} has a meaning only in a step with `repeat`, or in a block list entry with `count`"
    if name in _TIMES:
        return None if not argument or _OFFSET.fullmatch(argument) else f"{{{name}{argument}}} is no offset"
    if name == "source-sas" and argument:
        return None if argument in BAD_SAS else f"{{{name}:{argument}}} is none of {', '.join(BAD_SAS)}"
    if name in _PLAIN:
        return f"{{{name}}} takes no argument" if argument else None
    if argument == "n":
        return None if counted else f"{{{name}:n}} needs a counter: `repeat` or `count`"
    if not argument.isdecimal() and (argument or name in ("id", "guid")):
        return f"{{{name}:{argument}}} needs a number"
    return None


def value(placeholder: Placeholder, scope: Scope, counter: int | None = None) -> str:
    """What a placeholder means in this scope; `counter` stands for the scope's own where it is given."""
    name, argument = placeholder.name, placeholder.argument
    counter = scope.counter if counter is None else counter
    if name in scope.saved:
        return scope.saved[name]
    if name in scope.hashes:
        return scope.hashes[name]
    if name == "n" and counter is not None:
        return str(counter)
    if name == "id":
        return block_id(_number(argument, counter))
    if name == "now":
        return format_datetime(scope.now + _offset(argument), usegmt=True)
    if name == "now-iso":
        return (scope.now + _offset(argument)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if name == "source-sas" and argument:
        return scope.bad_source_sas[argument]
    if name == "block" and (match := _BLOCK.fullmatch(argument)):
        return scattered_id(int(match[1]), int(match[2]), scope.seed)
    plain = {
        "container": scope.container,
        "host": scope.host,
        "length": str(scope.length),
        "account": scope.account,
        "url": scope.url,
        "https-url": scope.secure_url or scope.url,
        "source-sas": scope.source_sas,
        "source-bearer": scope.source_bearer,
    }
    if name in plain:
        return plain[name]
    number = _number(argument, counter)
    match name:
        case "guid":
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope.seed}/{number}"))
        case "blob":
            return scope.blobs if number == 1 and not argument else f"{scope.blobs}-{number}"
        case "own-container":
            return scope.own_container if number == 1 else f"{scope.own_container}-{number}"
        case "new-container":
            return f"{scope.new_containers}-{number}"
    raise TemplateError(f"{{{name}}} is not bound")


def block_id(number: int) -> str:
    """Block ID number so-and-so: base64 of `block-00000007`; all are equally long."""
    return base64.b64encode(f"block-{number:08d}".encode()).decode()


_DIGITS = 12  # of a block ID that tell it from others


def scattered_id(number: int, size: int, seed: str) -> str:
    """Block ID number so-and-so of `size` bytes, in base64: letters and digits, whatever the place.

    IDs that follow each other are far apart in the order of their bytes, as random ones are: a server that
    goes by that order joins the blocks wrongly. The order is the same for every seed, the IDs are not. Long
    ones differ in their last bytes only, as those of AzCopy do: a server that cuts them joins wrongly too.
    Up to 16**size of them are distinct, or 16**_DIGITS.
    """
    width = min(size, _DIGITS)
    span, low = 16**width, 16 ** (width // 2)
    golden = (math.isqrt(5 * span * span) - span) // 2 | 1  # odd, hence a permutation
    high, rest = divmod(number * golden % span, low)
    rest = (rest + int.from_bytes(hashlib.sha256(seed.encode()).digest())) % low
    return base64.b64encode(f"{high * low + rest:0{size}x}".encode()).decode()


def _number(argument: str, counter: int | None) -> int:
    if argument == "n" and counter is not None:
        return counter
    return int(argument or 1)


def _offset(argument: str) -> timedelta:
    match = _OFFSET.fullmatch(argument)
    if match is None:
        return timedelta()
    seconds = int(match[2]) * _SECONDS[match[3]]
    return timedelta(seconds=seconds if match[1] == "+" else -seconds)


def render(template: str, scope: Scope) -> str:
    """Headers, bodies and expectations: every value is inserted as it is."""
    return "".join(part if isinstance(part, str) else value(part, scope) for part in parts(template))


def render_each(template: str, scope: Scope, count: int) -> Iterator[str]:
    """The text `count` times over, with the counter going from 0; read once, for it may be 50,000 times."""
    pieces = tuple(parts(template))
    for counter in range(count):
        yield "".join(p if isinstance(p, str) else value(p, scope, counter) for p in pieces)


def render_target(template: str, scope: Scope) -> str:
    """A request target: literal text byte for byte, values percent-encoded for their place.

    Path: everything but unreserved characters and `/`. Query: everything but unreserved characters.
    `{source-sas}` is a query string already and is inserted as it is.
    """
    out: list[str] = []
    safe = "/"
    for part in parts(template):
        if isinstance(part, str):
            out.append(part)
            if "?" in part:
                safe = ""
        elif part.name == "source-sas":
            out.append(value(part, scope))
        else:
            out.append(quote(value(part, scope), safe=safe))
    return "".join(out)


_IN_REGEX = re.compile(r"\{(?P<name>[a-z][a-z0-9_-]*)(?P<argument>[:+-][^{}]*)?\}")


def regex_names(regex: str) -> tuple[Placeholder, ...]:
    """The placeholders of a regular expression. Quantifiers such as `{8}` are none."""
    return tuple(_found(match) for match in _IN_REGEX.finditer(regex))


def render_regex(regex: str, scope: Scope) -> str:
    """A regular expression: values are inserted escaped; doubled braces are not a thing here."""
    insert: Callable[[re.Match[str]], str] = lambda match: re.escape(value(_found(match), scope))  # noqa: E731
    return _IN_REGEX.sub(insert, regex)


def _found(match: re.Match[str]) -> Placeholder:
    return Placeholder(match["name"], (match["argument"] or "").removeprefix(":"))


def utc_now() -> datetime:
    """The time, to the second, as placeholders show it."""
    return datetime.now(UTC).replace(microsecond=0)
