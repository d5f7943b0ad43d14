"""Reading profiles: those that are shipped, by id, and the user's own, by path.

A shipped set of files and a flow over such sets make a profile together: six formats by three routes are nine
files, not eighteen.
"""

from __future__ import annotations

import difflib
import functools
import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from loadgen.profiles.errors import ProfileError
from loadgen.profiles.parse import Part, parse
from loadgen.profiles.values import Profile

_LIST = "`blobproof profiles` lists them; a file of your own is given by its path, with .toml at its end."


def profiles() -> tuple[str, ...]:
    """The ids of the shipped profiles, sorted."""
    return tuple(sorted(_shipped()))


def profile(name: str) -> Profile:
    """The shipped profile of an id, or the one in a TOML file. Raises `ProfileError`."""
    if name.endswith(".toml"):
        return _own(Path(name))
    known = _shipped()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ProfileError(f"there is no profile {name!r}", (meant + " " + _LIST).strip())
    return known[name]


@functools.cache
def sets() -> Mapping[str, Part]:
    """The shipped sets of files, by id."""
    return {part.id: part for part in _parts("sets")}


@functools.cache
def _shipped() -> Mapping[str, Profile]:
    found = [
        _joined(flow, [one]) for flow in _parts("flows") for one in sets().values() if one.kind == flow.of
    ]
    found += [_joined(whole, [sets()[name] for name in whole.use]) for whole in _parts("whole")]
    return {one.id: one for one in found}


def _parts(folder: str) -> Iterable[Part]:
    place = resources.files("loadgen.profiles") / "data" / folder
    for file in sorted(place.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            yield _part(file.read_text(encoding="utf-8"), f"{folder}/{file.name}")


def _own(path: Path) -> Profile:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError(f"{path} is no UTF-8 text", "Save it as UTF-8.") from None
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}", "Check its name and rights.") from None
    whole = _part(text, str(path))
    if not whole.phases or whole.of:
        raise ProfileError(f"{path} is a part of a profile only", "A profile has ranks, files and phases.")
    if strange := [name for name in whole.use if name not in sets()]:
        raise ProfileError(
            f"{path}: there is no set {strange[0]!r} to use", f"There are: {', '.join(sorted(sets()))}."
        )
    return _joined(whole, [sets()[name] for name in whole.use])


def _joined(flow: Part, used: list[Part]) -> Profile:
    """A flow or a whole profile, with the sets that it works on."""
    words = {"set": used[0].id, "title": used[0].title} if flow.of else {}
    parts = [*used, flow]
    joined = Profile(
        id=flow.id.format(**words) if flow.of else flow.id,
        title=flow.title.format(**words) if flow.of else flow.title,
        why=" ".join([flow.why, *([used[0].why] if flow.of else [])]),
        ranks=flow.ranks or used[0].ranks,
        sources=_merged("source", [part.sources for part in parts]),
        numbers=_merged("number", [part.numbers for part in parts]),
        files=tuple(one for part in parts for one in part.files),
        models=tuple(one for part in parts for one in part.models),
        phases=flow.phases,
        choices=_merged("choice", [part.choices for part in parts]),
    )
    _check(joined)
    return joined


def _merged(what: str, tables: list[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for table in tables:
        for key, one in table.items():
            if merged.setdefault(key, one) != one:
                raise ProfileError(
                    f"the {what} {key!r} is said twice, and differently", "Give one of them another name."
                )
    return merged


def _check(one: Profile) -> None:
    """What the schema cannot see. Raises `ProfileError`."""
    groups = [spec.group for spec in one.files] + [spec.group for spec in one.models]
    named = {spec.name for spec in one.files} | {*groups, "*"}
    for phase in one.phases:
        for lane in phase.lanes:
            if strange := [name for name in lane.files if name not in named]:
                raise ProfileError(
                    f"{one.id}: {phase.name}/{lane.name} works on {strange[0]!r}, which is no set of files",
                    f"There are: {', '.join(sorted(named))}.",
                )
    known = {*one.numbers, *_chosen_numbers(one)}
    for number, where in _numbers(one):
        if number not in known:
            raise ProfileError(f"{one.id}: {where} is {number!r}, which is no number of it", _NUMBERS)
    options = [
        (f"{key}.{name}", option)
        for key, choice in one.choices.items()
        for name, option in choice.options.items()
    ]
    for key, choice in one.choices.items():
        if choice.default not in choice.options:
            raise ProfileError(
                f"{one.id}: the default of {key}, {choice.default!r}, is no option of it",
                f"There are: {', '.join(choice.options)}.",
            )
    cited = [(name, number) for name, number in one.numbers.items()]
    cited += [
        (f"{where}.{name}", number) for where, option in options for name, number in option.numbers.items()
    ]
    for name, value in cited:
        if value.source and value.source not in one.sources:
            raise ProfileError(f"{one.id}: {name} cites {value.source!r}, which is no source of it", _SOURCES)


_NUMBERS = "Numbers stand under [numbers], each with value, unit and provenance."
_SOURCES = "Sources stand under [sources], each with title, url and when it was read."


def _chosen_numbers(one: Profile) -> Iterable[str]:
    """The numbers that a choice sets, whichever way it goes."""
    for choice in one.choices.values():
        yield from set.intersection(*({*option.numbers} for option in choice.options.values()))


def _numbers(one: Profile) -> Iterable[tuple[str, str]]:
    """Every name of a number that is used, and where."""
    yield one.ranks, "ranks"
    specs: list[tuple[str, Any, tuple[str, ...]]] = [
        *((spec.name, spec, ("count", "bytes", "spread", "owners")) for spec in one.files),
        *(
            (spec.group, spec, tuple(key for key in type(spec).__slots__ if key not in ("group", "payloads")))
            for spec in one.models
        ),
    ]
    for phase in one.phases:
        specs.append((phase.name, phase, ("deadline_s", "pause_s")))
        for lane in phase.lanes:
            keys = tuple(
                key
                for key in type(lane).__slots__
                if key not in ("name", "action", "files", "share", "process")
            )
            specs.append((f"{phase.name}/{lane.name}", lane, keys))
    for where, spec, keys in specs:
        for key in keys:
            if name := getattr(spec, key):
                yield name, f"{where}/{key}"


@functools.cache
def _schema() -> Any:
    text = (resources.files("loadgen.profiles") / "profile.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _part(text: str, where: str) -> Part:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where} is no TOML: {error}", "Values that are text stand in quotes.") from None
    problem = jsonschema.exceptions.best_match(_schema().iter_errors(document))
    if problem is not None:
        place = "/".join(str(part) for part in problem.absolute_path) or "the file"
        said = problem.message[:200]
        if problem.validator == "oneOf" and not problem.absolute_path:
            said = "it has neither what a whole profile has (ranks, files or use, phases) nor what a part has"
        raise ProfileError(f"{where}: {place}: {said}", "docs/profiles.md says what a profile's file holds.")
    return parse(document)
