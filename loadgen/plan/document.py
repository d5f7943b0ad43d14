"""Plans as JSON documents: they stand in the header of a run, go to workers, and are read back."""

from __future__ import annotations

import enum
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from harness.vocabulary import ExitCode
from loadgen.plan.values import Plan


class DocumentError(Exception):
    """A document that is no plan."""

    exit_code = ExitCode.USAGE
    hint = "Plans are written by blobproof bench; this one was changed, or another version wrote it."


def dump(plan: Plan) -> dict[str, Any]:
    """A plan as what JSON can say: `load` gives an equal plan back."""
    document = _plain(plan)
    assert isinstance(document, dict)
    return document


def load(document: Mapping[str, Any]) -> Plan:
    """The plan in a document. Raises `DocumentError` that names the place of what does not fit."""
    return typing.cast(Plan, _value(Plan, document, "plan"))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, enum.Enum) else value


@functools.cache
def _types(of: type) -> Mapping[str, Any]:
    return typing.get_type_hints(of)


def _value(wanted: Any, given: Any, where: str) -> Any:
    """`given` as a value of type `wanted`; the types of `loadgen.plan.values` are all that it knows."""
    origin = typing.get_origin(wanted)
    if origin is types.UnionType:  # X | None
        inner = next(one for one in typing.get_args(wanted) if one is not type(None))
        return None if given is None else _value(inner, given, where)
    if origin is tuple:
        if not isinstance(given, list | tuple):
            raise DocumentError(f"{where}: a list is wanted, not {given!r}")
        inner = typing.get_args(wanted)[0]
        return tuple(_value(inner, one, f"{where}[{place}]") for place, one in enumerate(given))
    if is_dataclass(wanted):
        return _record(typing.cast(type, wanted), given, where)
    if issubclass(wanted, enum.Enum):
        try:
            return wanted(given)
        except ValueError:
            raise DocumentError(f"{where}: {given!r} is none of {', '.join(wanted)}") from None
    fits = isinstance(given, int | float) if wanted is float else isinstance(given, wanted)
    if not fits or (isinstance(given, bool) and wanted is not bool):
        raise DocumentError(f"{where}: {wanted.__name__} is wanted, not {given!r}")
    return float(given) if wanted is float else given


def _record(wanted: type, given: Any, where: str) -> Any:
    if not isinstance(given, Mapping):
        raise DocumentError(f"{where}: an object is wanted, not {given!r}")
    known = {field.name: field for field in fields(wanted)}
    if strange := sorted(set(given) - set(known)):
        raise DocumentError(f"{where}: {strange[0]!r} is unknown")
    needed = [name for name, field in known.items() if field.default is MISSING]
    if missing := [name for name in needed if name not in given]:
        raise DocumentError(f"{where}: {missing[0]!r} is missing")
    hints = _types(wanted)
    return wanted(**{name: _value(hints[name], one, f"{where}.{name}") for name, one in given.items()})
