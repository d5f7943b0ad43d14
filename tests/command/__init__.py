"""Tests of the real command: a process, its exit code, and every line that it says."""
