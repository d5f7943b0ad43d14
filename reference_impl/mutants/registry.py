"""The registry of mutants: a mutant is a function that replaces one function of the façade by a wrong one.

The façade calls across modules through the module (`ranges.parse(...)`), so that a replacement is seen
everywhere. A family module lists its mutants by decorating them; `FAMILIES` names the family modules.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from reference_impl.config import UsageError

FAMILIES = ("conditions", "blocks", "errors", "lists", "reads", "writes")


class Patch:
    """Puts wrong functions in the place of right ones."""

    def replace(self, module: ModuleType | type, name: str, wrong: object) -> None:
        """Replace a function that is there; AttributeError when the façade no longer has it."""
        getattr(module, name)
        setattr(module, name, wrong)


Change = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A named wrong behaviour. `about` says what is wrong and whom it would hurt."""

    name: str
    family: str
    about: str
    change: Change


_MUTANTS: dict[str, Mutant] = {}


def mutant(name: str) -> Callable[[Change], Change]:
    """Register a mutant under a name; its docstring says what is wrong and whom it would hurt."""

    def register(change: Change) -> Change:
        if name in _MUTANTS:
            raise ValueError(f"two mutants are called {name}")
        family = change.__module__.rpartition(".")[2]
        about = " ".join((change.__doc__ or "").split())
        if not about:
            raise ValueError(f"the mutant {name} does not say what is wrong")
        _MUTANTS[name] = Mutant(name, family, about, change)
        return change

    return register


def mutants() -> tuple[Mutant, ...]:
    """All mutants, by name."""
    for family in FAMILIES:
        importlib.import_module(f"reference_impl.mutants.{family}")
    return tuple(_MUTANTS[name] for name in sorted(_MUTANTS))


def listing() -> str:
    """All mutants as text: a line each, name, tab, what is wrong and whom it would hurt."""
    return "".join(f"{entry.name}\t{entry.about}\n" for entry in mutants())


def apply(name: str) -> None:
    """Make this process behave as a mutant. Raises UsageError for a name that is none."""
    known = {entry.name: entry for entry in mutants()}
    if name not in known:
        raise UsageError(f"there is no mutant {name!r}", "`python -m reference_impl mutants` lists them")
    known[name].change(Patch())
