"""Validity before verdict: what may be wrong with a load run, checked, and said in plain words."""
