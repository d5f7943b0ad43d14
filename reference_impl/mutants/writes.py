"""Mutants of the writes family."""
