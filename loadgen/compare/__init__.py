"""Comparison of two endpoints: interleaved blocks of both, and a verdict that says how sure it is."""
