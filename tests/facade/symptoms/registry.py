"""The registry of symptoms: what a client sees of a façade, that one of its mutants changes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping

from tests.facade.client import Client

Look = Callable[[Client], object]
"""Does something and says what was seen: on a mutant other than on the right façade.

It starts from the container `cont` with the blob `kept`, whose content is `kept`.
"""

_PACKAGE, _, _HERE = __name__.rpartition(".")
_SYMPTOMS: dict[str, Look] = {}


def symptom(mutant: str) -> Callable[[Look], Look]:
    """Register what shows a mutant; several may share a look."""

    def register(look: Look) -> Look:
        if mutant in _SYMPTOMS:
            raise ValueError(f"two symptoms of {mutant}")
        _SYMPTOMS[mutant] = look
        return look

    return register


def symptoms() -> Mapping[str, Look]:
    """The symptoms of all modules of this package, by mutant."""
    for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if module.name != _HERE:
            importlib.import_module(f"{_PACKAGE}.{module.name}")
    return dict(sorted(_SYMPTOMS.items()))
