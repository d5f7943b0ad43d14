"""One request in the model's words: the operation, decoded names, headers and parameters as templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from harness.cases.case import BatchPart, Recipe, Step
from harness.cases.template import TemplateError
from harness.exchange import Headers
from harness.golden.contract.text import canonical, literal
from harness.rules.identify import identify

_TRUE = frozenset({"{body-md5}", "{body-crc64}"})
"""Claims about the request's own body that hold by their meaning."""


@dataclass(frozen=True)
class Asked:
    """A request. Texts are canonical: see `harness.golden.contract.text`."""

    index: int  # of all steps, given ones first
    name: str  # of the step
    operation: str
    depth: str
    method: str
    container: str
    blob: str
    query: Mapping[str, str]
    headers: Headers
    body: Recipe | None
    auth: Any
    round: int = 0  # of a step that is repeated, or the number of a batch's part

    def header(self, name: str) -> str | None:
        """The first value of a header; None where it is not sent."""
        return self._by_name.get(name.lower())

    @cached_property
    def _by_name(self) -> dict[str, str]:
        out: dict[str, str] = {}
        for name, value in self.headers:
            out.setdefault(name.lower(), value.strip())
        return out

    def said(self, name: str) -> str | None:
        """The value of a header that says something: an empty one is as good as none."""
        return self.header(name) or None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value.strip() for key, value in self.headers if key.lower() == name)

    @property
    def version(self) -> str:
        """The service version; empty where the run chooses it."""
        return literal(self.header("x-ms-version") or "") or ""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata that is sent, names as they are written."""
        start = len("x-ms-meta-")
        return tuple(
            (name[start:], canonical(value.strip()))
            for name, value in self.headers
            if name.lower().startswith("x-ms-meta-")
        )


def asked(index: int, name: str, step: Step) -> Asked:
    """A step as the model sees it. Raises TemplateError."""
    headers = tuple((name, value) for name, value in step.headers if value is not None and value not in _TRUE)
    return _asked(index, name, step.method, step.target, headers, step.body, step.auth)


def parts(batch: Asked, sent: tuple[BatchPart, ...]) -> Iterator[Asked]:
    """The sub-requests of a batch."""
    number = 0
    for part in sent:
        for counter in range(part.count):
            target = counted(part.target, counter) if part.count > 1 else part.target
            one = _asked(batch.index, batch.name, part.method, target, part.headers, None, part.auth)
            if one.version == "":
                one = replace(one, headers=(*one.headers, ("x-ms-version", batch.version)))
            yield replace(one, round=number)
            number += 1


def _asked(
    index: int, name: str, method: str, target: str, headers: Headers, body: Recipe | None, auth: Any
) -> Asked:
    raw, _, query = target.partition("?")
    who = identify(method, target, headers)
    container, _, blob = raw.removeprefix("/").partition("/")
    if who.depth == "blob" and not blob:
        container, blob = "$root", container
    return Asked(
        index=index,
        name=name,
        operation=who.operation,
        depth=who.depth,
        method=method.upper(),
        container=canonical(container, encoded=True),
        blob=canonical(blob, encoded=True),
        query=MappingProxyType(dict(_query(query))),
        headers=headers,
        body=body,
        auth=auth,
    )


def _query(raw: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for item in raw.split("&"):
        name, _, value = item.partition("=")
        try:
            key = (literal(canonical(name, encoded=True)) or "").lower()
            if key and key not in seen:
                seen.add(key)
                yield key, canonical(value, encoded=True)
        except TemplateError:
            continue  # a parameter whose braces mean nothing to us


def rounds(index: int, name: str, step: Step) -> tuple[Asked, ...]:
    """The requests of a step: more than one where it is repeated."""
    if not step.repeat:
        return (asked(index, name, step),)
    return tuple(
        replace(asked(index, name, replace(step, target=counted(step.target, number))), round=number)
        for number in range(step.repeat)
    )


def counted(template: str, counter: int) -> str:
    """A template with the counter put in."""
    return template.replace("{n}", str(counter)).replace(":n}", f":{counter}}}")
