"""Tests of the façade's store, on a real file system."""
