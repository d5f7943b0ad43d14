"""From a plan to operations: which rank sends what, when it is due, and what became of it."""
