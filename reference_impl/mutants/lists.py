"""Mutants of the lists family."""
