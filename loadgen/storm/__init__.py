"""Fault-injected storms: what goes wrong when during a load run, and how long it takes to get over it."""
