"""What clients depend on in responses: the measured facts of reliance.yaml, and what golden specs show."""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.cases import case as c
from harness.cases import template
from harness.cases.errors import CaseError
from harness.cases.load import hold
from harness.cases.marks import Marked, read
from harness.cases.operations import OPERATIONS
from harness.golden.spec import GoldenSpec, GoldenStep

FILE = "reliance.yaml"
ANY = "*"
"""As an operation: whatever the client sends."""


class Effect(enum.StrEnum):
    """What a wrong answer does to a client, worst first."""

    CORRUPTS = "corrupts"  # data is lost or wrong, and nobody is told
    PANICS = "panics"  # the program dies
    FAILS = "fails"  # it stops, and says so
    IGNORES = "ignores"  # a wish of its user is dropped, and nobody is told
    RETRIES = "retries"  # it gets there, late
    NONE = "none"  # it goes on as if nothing were wrong


@dataclass(frozen=True, slots=True)
class Client:
    """A client by the name of its folder in traces/."""

    id: str
    name: str  # for sentences
    also: tuple[str, ...] = ()  # other names of it, and of what is built on it


@dataclass(frozen=True, slots=True)
class Fact:
    """One response field or status that a client depends on, and what happens when it is wrong.

    A field is `status`, `body`, `error` (its code, wherever), `answer` (that one comes at all),
    `header NAME` or `xml PATH`, whose path may leave out its beginning.
    """

    clients: tuple[str, ...]
    operations: frozenset[str]  # {ANY}: all of them
    fields: tuple[str, ...]
    effect: Effect
    says: str  # a clause: "downloads fail"
    source: tuple[str, ...]
    wrong: Literal["missing", "malformed", "any"] = "any"
    status: frozenset[int] = frozenset()  # observed instead of the right one; empty: any
    features: frozenset[str] = frozenset()  # that the request must have
    beside: frozenset[str] = (
        frozenset()
    )  # of these operations, the flow must use one; empty: whatever it uses
    flow: str = ""  # the one that is hurt, where no spec says it

    def suits(self, operations: Collection[str]) -> bool:
        """Whether it concerns a flow that uses these operations."""
        return not self.beside or not self.beside.isdisjoint(operations)

    def about(self, operation: str, what: str) -> bool:
        """Whether it is about this field of the answer to this operation."""
        if not (self.operations & {operation, ANY}):
            return False
        return any(_same(mine, what) for mine in self.fields)


@dataclass(frozen=True, slots=True)
class Reliance:
    """The table."""

    clients: Mapping[str, Client] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()

    def client(self, name: str) -> Client:
        """The client of this id, name or other name; one that nobody wrote down has the name it was given."""
        found = self.clients.get(name)
        lower = name.lower()
        return found or next(
            (one for one in self.clients.values() if lower in (one.name.lower(), *map(str.lower, one.also))),
            Client(name, name),
        )

    def of(self, client: str) -> tuple[Fact, ...]:
        """What is known about one client."""
        return tuple(fact for fact in self.facts if client in fact.clients)


@dataclass(frozen=True, slots=True)
class Binding:
    """A value of a response that the client sends back later."""

    operation: str  # whose response it is
    field: str  # "header ETag"
    step: str
    later: str  # the first step that sends it
    place: str  # where: "If-Match", "the query"


def bindings(spec: GoldenSpec) -> tuple[Binding, ...]:
    """The response values that the client's own later requests depend on, in the order of the steps."""
    steps = spec.sent
    return tuple(
        Binding(golden.operation, field_of(save), golden.name, used[0].name, used[1])
        for number, golden in enumerate(steps)
        for save in golden.step.save
        if (used := _user(save.name, steps[number + 1 :])) is not None
    )


def field_of(save: c.Save) -> str:
    """A saved value as a field: `header ETag`, `xml Blobs/NextMarker`."""
    return f"{save.source} {save.path}"


def _user(name: str, later: Sequence[GoldenStep]) -> tuple[GoldenStep, str] | None:
    for golden in later:
        step = golden.step
        for header, value in step.headers:
            if value is not None and _has(value, name):
                return golden, header
        if _has(step.target, name):
            return golden, "the query" if _has(step.target.partition("?")[2], name) else "the path"
        if isinstance(step.body, c.Text | c.Xml) and _has(step.body.text, name):
            return golden, "the body"
    return None


def _has(text: str, name: str) -> bool:
    return f"{{{name}}}" in text and any(one.name == name for one in template.names(text))


def _same(mine: str, what: str) -> bool:
    if mine.lower() == what.lower():
        return True
    kind, _, path = mine.partition(" ")
    other, _, whole = what.partition(" ")
    return kind == other == "xml" and whole.endswith(f"/{path}")


# --- reading ---


def load(traces: Path) -> Reliance:
    """The table of a traces folder; without a file it is empty. Raises CaseError."""
    try:
        text = (traces / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Reliance()
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(FILE, 1, f"cannot be read: {error}", _HINT) from None
    return parse(text)


_HINT = "See docs/impact.md."


def parse(text: str) -> Reliance:
    """The table in a file's text. Raises CaseError."""
    marked = read(FILE, text)
    hold(marked, _schema(), marked.value)
    clients = {
        key: Client(key, said["name"], tuple(said.get("also", ())))
        for key, said in marked.value["clients"].items()
    }
    facts = tuple(_fact(said, number, marked, clients) for number, said in enumerate(marked.value["facts"]))
    return Reliance(clients, facts)


@functools.cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        Path(__file__).with_name("reliance.schema.json").read_text(encoding="utf-8")
    )
    return schema


def _fact(value: Mapping[str, Any], number: int, marked: Marked, clients: Mapping[str, Client]) -> Fact:
    operations = _listed(value["operation"])
    line = marked.line(("facts", number))
    if unknown := [one for one in operations if one != ANY and one not in OPERATIONS]:
        raise CaseError(FILE, line, f"there is no operation {unknown[0]!r}", _HINT)
    if unknown := [one for one in value["clients"] if one not in clients]:
        raise CaseError(FILE, line, f"the client {unknown[0]!r} is not among `clients`", _HINT)
    return Fact(
        clients=tuple(value["clients"]),
        operations=frozenset(operations),
        fields=_listed(value["field"]),
        effect=Effect(value["effect"]),
        says=value.get("says", ""),
        source=_listed(value["source"]),
        wrong=value.get("wrong", "any"),
        status=frozenset(value.get("status", ())),
        features=frozenset(value.get("with", ())),
        beside=frozenset(value.get("beside", ())),
        flow=value.get("flow", ""),
    )


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
