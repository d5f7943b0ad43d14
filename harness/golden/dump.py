"""Steps, expectations and recipes to the plain values of a YAML file: the other direction of the parser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.cases import case as c

_UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"))
_WORDS = frozenset({"absent", "present", "etag", "date", "guid"})

Payloads = Mapping[str, c.Recipe]


class Lines(list[str]):
    """A list that a file shows with an item on each line."""


class Flow(dict[str, Any]):
    """A mapping that a file shows on one line."""


def size(count: int) -> int | str:
    """Bytes as the format writes them."""
    for unit, name in _UNITS:
        if count and count % unit == 0:
            return f"{count // unit}{name}"
    return count


def recipe(of: c.Recipe, payloads: Payloads) -> dict[str, Any]:
    """A body recipe; what is a payload, or a part of one, by its name."""
    for name, payload in payloads.items():
        if of == payload:
            return Flow(payload=name)
        if isinstance(of, c.Slice) and of.of == payload:
            return Flow({"payload": name, "from": of.first, "to": of.last})
    match of:
        case c.Text(text):
            return {"text": text}
        case c.Xml(text):
            return {"xml": text}
        case c.Hex(data):
            return {"hex": data.hex()}
        case c.Random(count, seed):
            return Flow(random=size(count), seed=seed)
        case c.Zeros(count):
            return Flow(zeros=size(count))
        case c.Slice(inner, first, last):
            return {"slice": recipe(inner, payloads), "from": first, "to": last}
        case c.Join(parts):
            return {"join": [recipe(part, payloads) for part in parts]}
        case c.BlockListXml():
            return _block_list(of)
        case c.Batch():
            return _batch(of)


def _block_list(of: c.BlockListXml) -> dict[str, Any]:
    plain = c.BlockListXml(())
    out: dict[str, Any] = {
        "blocklist": [
            Flow({entry.which.lower(): entry.block} | ({"count": entry.count} if entry.count > 1 else {}))
            for entry in of.entries
        ]
    }
    if of.opening != plain.opening:
        out["opening"] = of.opening
    if of.closing != plain.closing:
        out["closing"] = of.closing
    if of.between != plain.between:
        out["between"] = of.between
    return out


def _batch(of: c.Batch) -> dict[str, Any]:
    out: dict[str, Any] = {"batch": [_batch_part(part) for part in of.parts]}
    if of.boundary is not None:
        out["boundary"] = of.boundary
    if of.closing != c.Batch(()).closing:
        out["closing"] = of.closing
    return out


def _batch_part(part: c.BatchPart) -> dict[str, Any]:
    out: dict[str, Any] = {"send": f"{part.method} {part.target}"}
    if part.mime:
        out["mime"] = header_lines(part.mime)
        out["headers"] = header_lines(part.headers)
    elif part.headers:
        out["headers"] = dict(part.headers)
    if part.auth != "default":
        out["auth"] = part.auth
    if part.count > 1:
        out["count"] = part.count
    return out


def header_lines(headers: tuple[tuple[str, str | None], ...] | tuple[tuple[str, str], ...]) -> Lines:
    """Headers as they were sent, a line each."""
    return Lines(f"{name}: {value}" for name, value in headers)


def step(of: c.Step, payloads: Payloads) -> dict[str, Any]:
    """A step; of what it may say, what golden specs use."""
    out: dict[str, Any] = {"send": f"{of.method} {of.target}"}
    if of.auth != "default":
        out["auth"] = of.auth
    if of.exact:
        out["headers"] = header_lines(of.headers)
    elif of.headers:
        out["headers"] = _mapping(of.headers)
    if of.chunked:
        out["chunked"] = True
    if of.body is not None:
        out["body"] = recipe(of.body, payloads)
    if of.expect != c.Expect():
        out["expect"] = expect(of.expect, payloads)
    if of.save:
        out["save"] = {
            save.name: save.path if save.source == "header" else Flow(xml=save.path) for save in of.save
        }
    if of.why is not None:
        out["why"] = of.why
    return out


def _mapping(headers: tuple[tuple[str, str | None], ...]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in headers:
        out[name] = value if name not in out else [*_listed(out[name]), value]
    return out


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def expect(of: c.Expect, payloads: Payloads) -> dict[str, Any]:
    """What a step expects back."""
    out: dict[str, Any] = {}
    if of.status is not None:
        out["status"] = _graded(of.status, _one_or_list(of.status.value))
    if of.error is not None:
        out["error"] = _graded(of.error, _one_or_list(of.error.value))
    if of.headers:
        out["headers"] = {name: _graded(said, matcher(said.value, payloads)) for name, said in of.headers}
    if of.body is not None:
        out["body"] = _graded(of.body, _body(of.body.value, payloads))
    if of.xml:
        out["xml"] = {path: _graded(said, matcher(said.value, payloads)) for path, said in of.xml}
    if of.parts is not None:
        out["parts"] = [_part(part) for part in of.parts]
    return out


def _part(of: c.PartExpect) -> dict[str, Any]:
    out = Flow()
    if of.status is not None:
        out["status"] = _graded(of.status, _one_or_list(of.status.value))
    if of.error is not None:
        out["error"] = _graded(of.error, _one_or_list(of.error.value))
    return out


def _body(of: c.Recipe | c.Empty | c.Matches, payloads: Payloads) -> dict[str, Any]:
    match of:
        case c.Empty():
            return Flow(empty=True)
        case c.Matches(regex):
            return {"matches": regex}
    return recipe(of, payloads)


def _graded(of: c.Graded[Any], value: Any) -> Any:
    extra = {
        key: said
        for key, said in (("level", of.level and of.level.value), ("why", of.why), ("since", of.since))
        if said is not None
    }
    return {"is": value, **extra} if extra else value


def _one_or_list(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def matcher(of: c.Matcher, payloads: Payloads) -> Any:
    """One matcher."""
    match of:
        case c.Equal(text):
            return Flow(equals=text) if text in _WORDS else text
        case c.EqualList(texts):
            return list(texts)
        case c.Absent():
            return "absent"
        case c.Present():
            return "present"
        case c.Matches(regex):
            return {"matches": regex}
        case c.OneOf(texts):
            return {"one-of": list(texts)}
        case c.Not(text):
            return Flow({"not": text})
        case c.Md5Of(inner):
            return {"md5-of": recipe(inner, payloads)}
        case c.Crc64Of(inner):
            return {"crc64-of": recipe(inner, payloads)}
        case c.Contains(text):
            return Flow(contains=text)
        case c.Shaped(shape):
            return shape
