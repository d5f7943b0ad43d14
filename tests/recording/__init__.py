"""Tests of the recorder: the proxy, scenarios, and whole recordings."""
