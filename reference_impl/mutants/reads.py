"""Mutants of the reads family."""
