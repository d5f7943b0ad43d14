"""Matrices of client scenarios: axes as data, a cell for each combination, and the pairwise covering set."""
