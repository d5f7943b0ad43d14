"""The registry of mutants: a mutant is a function that replaces one function of the façade by a wrong one.

The façade calls across modules through the module (`ranges.parse(...)`), so that a replacement is seen
everywhere. Every other module of this package is a family: it lists its mutants by decorating them.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from reference_impl.config import UsageError
from reference_impl.http.message import Response
from reference_impl.operations.call import Call

_PACKAGE, _, _HERE = __name__.rpartition(".")


class Patch:
    """Puts wrong functions in the place of right ones."""

    def __init__(self) -> None:
        self._right: dict[tuple[object, str], object] = {}  # what `meanwhile` puts back

    def replace(self, module: ModuleType | type, name: str, wrong: object) -> None:
        """Replace a function that is there; AttributeError when the façade no longer has it."""
        getattr(module, name)
        setattr(module, name, wrong)

    @contextlib.contextmanager
    def meanwhile(self, module: ModuleType | type, name: str, wrong: object) -> Iterator[None]:
        """Replace a function for as long as the context lasts; requests may be in it at once."""
        right = self._right.setdefault((module, name), getattr(module, name))
        self.replace(module, name, wrong)
        try:
            yield
        finally:
            self.replace(module, name, right)

    def wrap(self, module: ModuleType | type, name: str, make: Callable[[Any], object]) -> None:
        """Replace a function by what `make` makes of the right one."""
        self.replace(module, name, make(getattr(module, name)))

    def answers(self, module: ModuleType, name: str, edit: Callable[[Call, Response], object]) -> None:
        """Change what an operation answers; what it does, and what it refuses, stays."""

        def make(right: Callable[[Call], Awaitable[Response]]) -> object:
            async def wrong(call: Call) -> Response:
                response = await right(call)
                edit(call, response)
                return response

            return wrong

        self.wrap(module, name, make)


def drop(response: Response, *names: str) -> None:
    """Take headers out of an answer."""
    response.headers = [field for field in response.headers if field[0] not in names]


def put(response: Response, name: str, value: str) -> None:
    """Set a header of an answer, where it stands or at the end."""
    known = any(field[0] == name for field in response.headers)
    changed = [(key, value if key == name else said) for key, said in response.headers]
    response.headers = changed if known else [*changed, (name, value)]


Change = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A named wrong behaviour.

    `breaks` are the ids of the requirements it breaks; `about` says what is wrong and whom it would hurt.
    """

    name: str
    family: str
    breaks: tuple[str, ...]
    about: str
    change: Change


_MUTANTS: dict[str, Mutant] = {}


def mutant(name: str, *, breaks: str | tuple[str, ...]) -> Callable[[Change], Change]:
    """Register a mutant under a name; its docstring says what is wrong and whom it would hurt.

    `breaks` is the id of the requirement that it breaks, or several: the suite must find the mutant by one
    of them, so name those that speak of this very fault, and no others.
    """
    requirements = (breaks,) if isinstance(breaks, str) else breaks

    def register(change: Change) -> Change:
        if name in _MUTANTS:
            raise ValueError(f"two mutants are called {name}")
        if not requirements:
            raise ValueError(f"the mutant {name} does not say which requirement it breaks")
        family = change.__module__.rpartition(".")[2]
        about = " ".join((change.__doc__ or "").split())
        if not about:
            raise ValueError(f"the mutant {name} does not say what is wrong")
        _MUTANTS[name] = Mutant(name, family, requirements, about, change)
        return change

    return register


def mutants() -> tuple[Mutant, ...]:
    """All mutants of all families, by name."""
    for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if module.name != _HERE:
            importlib.import_module(f"{_PACKAGE}.{module.name}")
    return tuple(_MUTANTS[name] for name in sorted(_MUTANTS))


def listing() -> str:
    """All mutants as text: a line each, name, tab, requirement ids with commas, tab, what is wrong."""
    return "".join(f"{one.name}\t{','.join(one.breaks)}\t{one.about}\n" for one in mutants())


def apply(name: str) -> None:
    """Make this process behave as a mutant. Raises UsageError for a name that is none."""
    known = {entry.name: entry for entry in mutants()}
    if name not in known:
        raise UsageError(f"there is no mutant {name!r}", "`python -m reference_impl mutants` lists them")
    known[name].change(Patch())
