"""Reading what a user states about a fleet, from a TOML file: prices, failures, how much is to be staged."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from harness.vocabulary import ExitCode
from loadgen.kpi.units import quantity
from loadgen.kpi.values import Given, Price, Training
from loadgen.substrates.read import substrate

_One = TypeVar("_One")


class StatedError(Exception):
    """A file that cannot be read, or that states something that makes no sense."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str = "docs/kpis.md shows such a file.") -> None:
        super().__init__(what)
        self.hint = hint


def read_stated(path: Path) -> Given:
    """What a TOML file states. Raises `StatedError`; `SubstrateError` for an account that there is not."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StatedError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StatedError(f"{path} is no TOML: {error}") from error
    return stated(document, str(path))


def stated(document: Mapping[str, Any], where: str = "the file") -> Given:
    """What a document states. Raises `StatedError`; `SubstrateError` for an account that there is not."""
    return _made(
        Given,
        document,
        where,
        {
            "gpus_per_rank": _count,
            "price": lambda value: _made(Price, value, f"{where}: price", _PRICE),
            "mtbf": lambda value: _positive(quantity(_text(value), "time")),
            "cadence": lambda value: _positive(quantity(_text(value), "time")),
            "stage": lambda value: tuple(round(_positive(quantity(_text(one), "bytes"))) for one in value),
            "training": lambda value: _made(Training, value, f"{where}: training", _TRAINING),
            "account": lambda value: substrate(_text(value)),
        },
        {"mtbf": "mtbf_s", "cadence": "cadence_s", "stage": "stage_bytes"},
    )


def _made(
    kind: type[_One],
    table: Any,
    where: str,
    read: Mapping[str, Callable[[Any], Any]],
    renamed: Mapping[str, str] | None = None,
) -> _One:
    """A value of a dataclass from a table. `read`: how each key is read; `renamed`: key → field."""
    if not isinstance(table, Mapping):
        raise StatedError(f"{where}: a table is wanted, not {table!r}")
    named = renamed or {}
    if strange := [key for key in table if key not in read]:
        near = difflib.get_close_matches(strange[0], read, 1)
        raise StatedError(
            f"{where}: {strange[0]!r} is unknown" + (f"; did you mean {near[0]}?" if near else ""),
            f"There are: {', '.join(read)}.",
        )
    values = {}
    for key, value in table.items():
        try:
            values[named.get(key, key)] = read[key](value)
        except (TypeError, ValueError) as error:
            raise StatedError(f"{where}: {key} cannot be {value!r}: {error}") from None
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.name not in values]  # type: ignore[arg-type]
    if needed:
        raise StatedError(f"{where}: {needed[0]} is missing")
    return kind(**values)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text in quotes is wanted")
    return value


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("a number above 0 is wanted")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number above 0 is wanted")
    return value


def _currency(value: Any) -> str:
    if not (len(text := _text(value)) == 3 and text.isascii() and text.isupper()):
        raise ValueError("three capital letters are wanted, such as USD")
    return text


def _day(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()[:10]
    return date.fromisoformat(_text(value)).isoformat()


_PRICE = {"amount": _positive, "currency": _currency, "date": _day, "source": _text}
_TRAINING = {
    "name": _text,
    "bytes_per_step": _positive,
    "compute_s": _positive,
    "accelerators_per_rank": _positive,
    "source": _text,
}
