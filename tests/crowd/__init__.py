"""Tests of the crowd: our raw client of many connections, and the gate made of it."""
