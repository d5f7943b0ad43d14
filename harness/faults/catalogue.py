"""The named faults of fixtures/faults.toml: reads them, and says clearly what is wrong with such a file."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.data import folder
from harness.faults.families import ANY, FAMILIES
from harness.faults.fault import Fault, FaultError, Kind

_HINT = "See fixtures/faults.toml and docs/faults.md."
_OF_KIND: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.ANSWER: frozenset({"status", "code", "retry_after", "echo"}),
        Kind.RESET_INSIDE_REQUEST: frozenset({"forward"}),
        Kind.SHORT_BODY: frozenset({"honest_range"}),
        Kind.STALL: frozenset({"seconds"}),
        Kind.SLOW_DRIP: frozenset({"bytes_per_second"}),
    }
)
"""The parameters of a fault that mean something for its kind."""
_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "status": (int,),
        "code": (str,),
        "retry_after": (int,),
        "echo": (bool,),
        "forward": (bool,),
        "honest_range": (bool,),
        "seconds": (int, float),
        "bytes_per_second": (int,),
    }
)


@dataclass(frozen=True, slots=True)
class NamedFault:
    """A fault of the catalogue: to be aimed at an operation or family with `on`."""

    id: str
    what: str  # one sentence
    families: tuple[str, ...]
    fault: Fault

    def on(self, family: str, *, nth: int = 1, times: int = 1) -> Fault:
        """This fault for requests of a family. Raises FaultError for one that it is not meant for."""
        if family not in self.families:
            raise FaultError(
                f"fault {self.id} is not meant for {family!r}", f"It is for: {', '.join(self.families)}."
            )
        return self.fault.to(family, nth=nth, times=times)


@functools.cache
def catalogue() -> Mapping[str, NamedFault]:
    """The committed faults, by id."""
    return load(folder("fixtures") / "faults.toml")


def load(path: Path) -> Mapping[str, NamedFault]:
    """The faults of a file, by id and in its order. Raises FaultError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultError(f"{path} cannot be read: {error.strerror}", _HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FaultError(f"{path} is not TOML: {error}", _HINT) from error
    return MappingProxyType({name: _named(path, name, table) for name, table in tables.items()})


def _named(path: Path, name: str, table: object) -> NamedFault:
    where = f"{path}: {name}"
    if not isinstance(table, dict):
        raise FaultError(f"{where} is no table", _HINT)
    said: dict[str, Any] = dict(table)
    try:
        kind = Kind(said.pop("kind", ""))
    except ValueError:
        raise FaultError(f"{where}: kind must be one of {', '.join(Kind)}", _HINT) from None
    what = said.pop("what", None)
    if not isinstance(what, str) or not what:
        raise FaultError(f"{where}: what must be a sentence", _HINT)
    families = said.pop("families", None)
    if not isinstance(families, list) or not families or not all(one in (ANY, *FAMILIES) for one in families):
        raise FaultError(f"{where}: families must be some of {', '.join((*FAMILIES, ANY))}", _HINT)
    allowed = _OF_KIND.get(kind, frozenset())
    for key, value in said.items():
        if key not in allowed:
            raise FaultError(f"{where}: {key} means nothing for {kind}", _HINT)
        if type(value) not in _TYPES[key]:
            raise FaultError(
                f"{where}: {key} must be {' or '.join(one.__name__ for one in _TYPES[key])}", _HINT
            )
    return NamedFault(name, what, tuple(families), Fault(name, kind, **said))
