"""Tests of the wire rules."""
