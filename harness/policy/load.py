"""Reading a policy: a TOML file, every key of which is checked, and what is wrong with it in one line."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from harness.data import folder
from harness.manifest import EVERYTHING, GATES, GOLDEN, SETS
from harness.policy.policy import Policy, Safety
from harness.safety.outcome import Outcome
from harness.vocabulary import ExitCode, Level

_GLOBS = ("include", "exclude", "suites", "clients", "faults")
_KEYS: Mapping[str, type] = {
    "name": str,
    "says": str,
    "set": str,
    "levels": list,
    **dict.fromkeys(_GLOBS, list),
    "safety": list,
}
_SAFETY_GLOBS = ("clients", "faults", "actions")
_SEE = "See docs/gates.md."

W = TypeVar("W", bound=enum.StrEnum)


class PolicyError(Exception):
    """A policy that cannot be used."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def load(name: str) -> Policy:
    """A policy by its name (`mvp`, `strict`) or by the path of a TOML file. Raises PolicyError."""
    path = Path(name)
    if path.suffix != ".toml":
        path = folder("fixtures") / "gates" / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in path.parent.glob("*.toml")))
            raise PolicyError(
                f"no gate is called {name!r}", f"Gates: {known}; or give the path of a .toml file."
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"{path} cannot be read: {error.strerror}", "Check its name and rights.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} is not TOML: {error}", _SEE) from error
    return from_table(path, table)


def to_table(policy: Policy) -> dict[str, Any]:
    """A policy as its file would say it, for the record of a run."""
    return {
        "name": policy.name,
        "says": policy.says,
        "set": policy.set,
        "levels": [level.value for level in policy.levels],
        "include": list(policy.include),
        **{key: list(said) for key in _GLOBS[1:] if (said := getattr(policy, key))},
        **({"safety": [_rule_table(rule) for rule in policy.safety]} if policy.safety else {}),
    }


def from_table(path: Path, table: Mapping[str, Any]) -> Policy:
    """The policy that a table says; `path` is named in errors. Raises PolicyError."""
    _check_keys(str(path), table, _KEYS)
    for key, value in table.items():
        if key == "safety":
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                raise PolicyError(f"{path}: safety must be a list of tables", f"Write [[safety]]. {_SEE}")
        else:
            _check(f"{path}: {key}", value, _KEYS[key])
    return Policy(
        name=table.get("name", path.stem),
        says=table.get("says", ""),
        set=_set(path, table.get("set", EVERYTHING)),
        levels=tuple(_words(f"{path}: levels", table.get("levels", [Level.REQUIRED]), Level)),
        include=tuple(table.get("include", ("*",))),
        exclude=tuple(table.get("exclude", ())),
        suites=tuple(one.strip("/") for one in table.get("suites", ())),
        clients=tuple(table.get("clients", ())),
        faults=tuple(table.get("faults", ())),
        safety=tuple(
            _safety(f"{path}: safety {number}", one) for number, one in enumerate(table.get("safety", ()), 1)
        ),
    )


def _rule_table(rule: Safety) -> dict[str, list[str]]:
    globs = {key: list(getattr(rule, key)) for key in _SAFETY_GLOBS}
    return {**globs, "allow": [one.value for one in Outcome if one in rule.allow]}


def _safety(where: str, table: Mapping[str, Any]) -> Safety:
    _check_keys(where, table, {"allow": list, **dict.fromkeys(_SAFETY_GLOBS, list)})
    for key, value in table.items():
        _check(f"{where}: {key}", value, list)
    if "allow" not in table:
        raise PolicyError(
            f"{where}: allow is missing", f"Outcomes: {', '.join(one.value for one in Outcome)}."
        )
    return Safety(
        frozenset(_words(f"{where}: allow", table["allow"], Outcome)),
        **{key: tuple(table[key]) for key in _SAFETY_GLOBS if key in table},
    )


def _check_keys(where: str, table: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, 1)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            raise PolicyError(f"{where}: unknown key {key!r}", f"{meant}Keys: {', '.join(known)}.")


def _check(where: str, value: Any, kind: type) -> None:
    """A text, or a list of texts that is not empty where it would otherwise mean everything."""
    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not (texts if kind is list else isinstance(value, kind)):
        wanted = "a list of texts" if kind is list else "a text"
        raise PolicyError(f"{where} must be {wanted}", _SEE)
    key = where.rpartition(" ")[2]
    if value == [] and key in (*_SAFETY_GLOBS, "suites", "levels"):
        raise PolicyError(f"{where} is empty", f"Leave the key out, or name something. {_SEE}")


def _words(where: str, said: Sequence[str], words: type[W]) -> list[W]:
    known = {str(word.value): word for word in words.__members__.values()}
    for one in said:
        if one not in known:
            raise PolicyError(f"{where}: there is no {one!r}", f"There are: {', '.join(known)}.")
    return [known[one] for one in said]


def _set(path: Path, name: str) -> str:
    if name not in (known := (*SETS, GATES, GOLDEN)):
        raise PolicyError(f"{path}: there is no set {name!r}", f"Sets: {', '.join(known)}.")
    return name
