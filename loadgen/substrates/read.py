"""Reading substrates: those that are shipped, by id, and the user's own, from a TOML file."""

from __future__ import annotations

import difflib
import functools
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from loadgen.profiles.values import Source
from loadgen.substrates.values import (
    KNOWN,
    NEEDED,
    Kind,
    Parameter,
    Provenance,
    Substrate,
    SubstrateError,
)

_LIST = (
    "`blobproof substrates` lists them; your own is a TOML file: its path, or PATH:ID if it holds several."
)


def substrates() -> tuple[str, ...]:
    """The ids of the shipped substrates, in the order of their files."""
    return tuple(_shipped())


def substrate(name: str) -> Substrate:
    """The shipped substrate of an id (in any case), or one of a TOML file. Raises `SubstrateError`."""
    path, _, within = name.partition(".toml")
    if name.endswith(".toml") or within.startswith(":"):
        return _own(Path(path + ".toml"), within[1:])
    known = {one.lower(): one for one in _shipped()}
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        meant = f"Did you mean {' or '.join(known[one] for one in near)}? " if near else ""
        raise SubstrateError(f"there is no substrate {name!r}", meant + _LIST)
    return _shipped()[known[name.lower()]]


@functools.cache
def _shipped() -> Mapping[str, Substrate]:
    found: dict[str, Substrate] = {}
    place = resources.files("loadgen.substrates") / "data"
    for file in sorted(place.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            found |= _parse(file.read_text(encoding="utf-8"), file.name, found, Provenance.PUBLISHED)
    return found


def _own(path: Path, within: str) -> Substrate:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SubstrateError(f"{path} is no UTF-8 text", "Save it as UTF-8.") from None
    except OSError as error:
        raise SubstrateError(
            f"{path} cannot be read: {error.strerror}", "Check its name and rights."
        ) from None
    found = _parse(text, str(path), _shipped(), Provenance.USER_SUPPLIED)
    if not within and len(found) > 1:
        raise SubstrateError(
            f"{path} holds {len(found)} substrates",
            f"Say which: {', '.join(f'{path}:{one}' for one in found)}.",
        )
    within = within or next(iter(found))
    if within not in found:
        raise SubstrateError(f"{path} holds no substrate {within!r}", f"There are: {', '.join(found)}.")
    return found[within]


@functools.cache
def _schema() -> Any:
    text = (resources.files("loadgen.substrates") / "substrate.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _parse(text: str, where: str, known: Mapping[str, Substrate], bare: Provenance) -> dict[str, Substrate]:
    """The substrates of a document. `bare`: what a value is that says nothing of itself."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SubstrateError(
            f"{where} is no TOML: {error}", "Values that are text stand in quotes."
        ) from None
    problem = jsonschema.exceptions.best_match(_schema().iter_errors(document))
    if problem is not None:
        place = "/".join(str(part) for part in problem.absolute_path) or "the file"
        raise SubstrateError(
            f"{where}: {place}: {problem.message[:200]}", "docs/substrates.md says what such a file holds."
        )
    reader = _Reader(document, where, bare)
    found: dict[str, Substrate] = {}
    for name in document["substrates"]:
        found[name] = reader.substrate(name, {**known, **found})
    return found


class _Reader:
    """Reads the substrates of one document."""

    def __init__(self, document: Mapping[str, Any], where: str, bare: Provenance) -> None:
        self._document = document
        self._where = where
        self._bare = bare
        self._sources = {key: Source(**one) for key, one in document.get("sources", {}).items()}

    def substrate(self, name: str, known: Mapping[str, Substrate]) -> Substrate:
        table = self._document["substrates"][name]
        base = self._base(table, known)
        kind = base.kind if base else Kind(table["kind"])
        common = self._document.get("parameters", {})
        given = {**{key: one for key, one in common.items() if "value" in one}, **table.get("parameters", {})}
        parameters = dict(base.parameters) if base else {}
        for key, one in given.items():
            if key not in KNOWN or KNOWN[key].kind is not kind:
                there = ", ".join(other for other, about in KNOWN.items() if about.kind is kind)
                raise SubstrateError(
                    f"{self._where}: {name} has no parameter {key!r}", f"There are: {there}."
                )
            parameters[key] = self._parameter(key, one, common.get(key, {}))
        needed = base.required if base else NEEDED[kind]
        return Substrate(
            id=name,
            title=table.get("title", base.title if base else name),
            why=table.get("why", base.why if base else ""),
            kind=kind,
            parameters=parameters,
            required=tuple(dict.fromkeys((*needed, *table.get("required", ())))),
        )

    def _base(self, table: Mapping[str, Any], known: Mapping[str, Substrate]) -> Substrate | None:
        if "base" not in table:
            return None
        if table["base"] not in known:
            raise SubstrateError(
                f"{self._where}: there is no substrate {table['base']!r} to begin from",
                "`blobproof substrates` lists them.",
            )
        return known[table["base"]]

    def _parameter(self, name: str, given: Any, common: Mapping[str, Any]) -> Parameter:
        said = given if isinstance(given, Mapping) else {**common, "value": given}
        if "value" not in said:
            raise SubstrateError(f"{self._where}: {name} has no value", "Write value = …, or a bare number.")
        source = self._sources.get(said.get("source", ""))
        if "source" in said and source is None:
            raise SubstrateError(
                f"{self._where}: {name} cites {said['source']!r}, which is no source of the file",
                "Sources stand under [sources], each with title, url and when it was read.",
            )
        one = Parameter(
            name,
            said["value"],
            KNOWN[name].unit,
            Provenance(said.get("provenance", self._bare)),
            source,
            said.get("date", source.read if source else ""),
            said.get("why", ""),
        )
        if one.provenance is Provenance.PUBLISHED and source is None:
            raise SubstrateError(f"{self._where}: {name} is published where?", "Name its source.")
        return replace(one, value=float(one.value)) if type(one.value) is int else one
