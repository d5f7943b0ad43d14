"""Tests of the self-test: suites and mutants made for them, and real façades."""
