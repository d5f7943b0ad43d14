"""Tests of the matrix of service versions."""
