"""Mutants of the errors family."""
