"""Mutants of the blocks family."""
