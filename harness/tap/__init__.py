"""The tap: a recording proxy that forwards bytes unchanged and turns a copy of them into exchanges."""
