"""Tests of the soak: its ledger, its choices, and whole soaks of a few seconds."""
