"""Tests of the façade: its pure modules, and a real process over loopback."""
