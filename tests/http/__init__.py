"""Tests of the façade's wire: parsers, connections, processes and outbound copy sources."""
