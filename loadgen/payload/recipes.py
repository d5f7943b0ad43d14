"""Payload recipes: what data of a type looks like, how far it can be reduced, and who says so."""

from __future__ import annotations

import difflib
import enum
import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadgen.payload.curve import fresh_for
from loadgen.payload.errors import PayloadError
from loadgen.payload.shapes import SHAPES

ZEROS = "zeros"
"""The shape that is no random data at all."""

MOST_DUPLICATE = 64.0
_FILE = Path(__file__).with_name("recipes.toml")
_OWN = "Write compress=2.5,duplicate=1.5; either may be left out, and shape=NAME may be added."


class Provenance(enum.StrEnum):
    """Where a ratio is from."""

    PUBLISHED = "published"
    CALCULATED = "calculated"
    GIVEN = "given"  # true by definition, or wanted by whoever asked
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a ratio is from, in words."""

    provenance: Provenance
    source: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """Bytes of one data type.

    `compress`: bytes / bytes after zstd level 3 of each 64 KiB block. `duplicate`: bytes / bytes that are
    left when every piece of 32 KiB is kept once. Both are 1 where there is nothing to gain, and infinite for
    zeros.
    """

    id: str
    data: str
    shape: str
    compress: float
    compress_from: Evidence
    duplicate: float
    duplicate_from: Evidence

    @property
    def assumed(self) -> bool:
        """Whether one of its ratios is nothing but an assumption."""
        return Provenance.ASSUMED in (self.compress_from.provenance, self.duplicate_from.provenance)

    @property
    def facts(self) -> dict[str, Any]:
        """For the header of a run: JSON values; a ratio without bound is null."""
        return {
            "id": self.id,
            "data": self.data,
            "shape": self.shape,
            **{
                name: {
                    "ratio": ratio if math.isfinite(ratio) else None,
                    "provenance": given.provenance.value,
                    "source": given.source,
                }
                for name, ratio, given in (
                    ("compress", self.compress, self.compress_from),
                    ("duplicate", self.duplicate, self.duplicate_from),
                )
            },
        }


@functools.cache
def recipes() -> Mapping[str, Recipe]:
    """All recipes that have a name, by it."""
    return {name: _read(name, table) for name, table in tomllib.loads(_FILE.read_text()).items()}


def recipe(wanted: str) -> Recipe:
    """The recipe of a name, or a user's own: `compress=2.5,duplicate=1.5`. Raises `PayloadError`."""
    if wanted in recipes():
        return recipes()[wanted]
    if "=" in wanted:
        return _own(wanted)
    near = difflib.get_close_matches(wanted, recipes(), 3, 0.4)
    raise PayloadError(
        f"no payload recipe is called {wanted!r}",
        f"{'Near: ' + ', '.join(near) if near else 'There are ' + ', '.join(recipes())}. {_OWN}",
    )


def _read(name: str, table: Mapping[str, Any]) -> Recipe:
    compress, duplicate = table["compress_from"], table["duplicate_from"]
    return Recipe(
        name,
        table["data"],
        table["shape"],
        float(table["compress"]),
        Evidence(Provenance(compress["provenance"]), compress["source"]),
        float(table["duplicate"]),
        Evidence(Provenance(duplicate["provenance"]), duplicate["source"]),
    )


def _own(wanted: str) -> Recipe:
    given = dict(part.strip().partition("=")[::2] for part in wanted.split(","))
    shape = given.pop("shape", "records")
    if shape not in SHAPES:
        raise PayloadError(f"no payload shape is called {shape!r}", f"There are {', '.join(SHAPES)}.")
    by_user = Evidence(Provenance.GIVEN, "as asked for")
    compress, duplicate = (_ratio(given.pop(name, "1"), name) for name in ("compress", "duplicate"))
    if given:
        raise PayloadError(f"a payload has no {', '.join(given)}: {wanted!r}", _OWN)
    fresh_for(SHAPES[shape], compress)
    if duplicate > MOST_DUPLICATE:
        raise PayloadError(f"duplicate={duplicate:g} is too much", f"It goes up to {MOST_DUPLICATE:g}.")
    # Spelt in one way, so that one recipe has one id, and with it the same bytes.
    name = f"compress={compress:g},duplicate={duplicate:g}" + (
        f",shape={shape}" if shape != "records" else ""
    )
    return Recipe(name, "as asked for", shape, compress, by_user, duplicate, by_user)


def _ratio(said: str, name: str) -> float:
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not 1 <= value < math.inf:
        raise PayloadError(f"{name}={said} is no ratio of 1 or more", _OWN)
    return value
