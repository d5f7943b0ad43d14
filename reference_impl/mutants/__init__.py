"""Deliberately wrong variants of the façade: each overrides one behaviour, and says whom that would hurt."""

from __future__ import annotations

from reference_impl.mutants.registry import Mutant, Patch, apply, listing, mutants

__all__ = ["Mutant", "Patch", "apply", "listing", "mutants"]
