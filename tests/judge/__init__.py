"""Tests of the judge and its matchers."""
