"""The families of operations that a fault may be meant for: the one table of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.cases.operations import OPERATIONS

ANY = "any"
"""The family of every request, whatever it asks for."""

FAMILIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "write": frozenset({"Put Blob", "Put Block", "Put Page", "Append Block"}),
        "commit": frozenset({"Put Block List"}),
        "read": frozenset({"Get Blob"}),
        "list": frozenset({"List Blobs", "List Containers"}),
        "delete": frozenset({"Delete Blob", "Blob Batch"}),
        "metadata": frozenset(
            {
                "Get Blob Properties",
                "Set Blob Properties",
                "Get Blob Metadata",
                "Set Blob Metadata",
                "Get Blob Tags",
                "Set Blob Tags",
            }
        ),
        "copy": frozenset(
            {
                "Copy Blob",
                "Copy Blob From URL",
                "Put Blob From URL",
                "Put Block From URL",
                "Append Block From URL",
                "Put Page From URL",
            }
        ),
    }
)


def is_known(name: str) -> bool:
    """Whether this is a family, `any`, or the name of an operation."""
    return name == ANY or name in FAMILIES or name in OPERATIONS


def belongs(operation: str, to: str) -> bool:
    """Whether an operation is of this family, or is the one of this name."""
    return to in (ANY, operation) or operation in FAMILIES.get(to, ())
