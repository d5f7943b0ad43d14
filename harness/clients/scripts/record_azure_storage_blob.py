"""Runs inside the environment of the Azure SDK for Python: one scenario of a recording, sync or aio.

Standard input: one JSON object with the scenario's name, its arguments, addresses and one credential. The
first argument is the flavour. Both flavours run the same scenarios.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import record_blob_copies  # type: ignore[import-not-found]
import record_blob_reads  # type: ignore[import-not-found]
import record_blob_states  # type: ignore[import-not-found]
import record_blob_writes  # type: ignore[import-not-found]
from record_azure_kit import main  # type: ignore[import-not-found]


def scenarios_of(*modules: ModuleType) -> dict[str, Any]:
    """Every scenario by the name that a scenario file has for it: the public functions of the modules."""
    return {
        name.replace("_", "-"): value
        for module in modules
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value) and value.__module__ == module.__name__ and name[0] != "_"
    }


if __name__ == "__main__":
    main(scenarios_of(record_blob_writes, record_blob_reads, record_blob_copies, record_blob_states))
