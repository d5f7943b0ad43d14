"""Tests of what a real run leaves behind: every line by its schema, and no secret in any of it."""
