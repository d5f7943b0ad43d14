"""Tests of execution: what goes over the wire when a case runs, and what is kept of it."""
