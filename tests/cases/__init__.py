"""Tests of cases as data: loading, placeholders, bodies."""
