"""DuckDB with its Azure extension, and so an older Azure SDK for C++: its script in its own environment."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("duckdb", "record_duckdb.py")
