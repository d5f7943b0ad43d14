"""Tests of runs: execution, results, gates."""
