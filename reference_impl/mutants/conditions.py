"""Mutants of the conditions family."""
