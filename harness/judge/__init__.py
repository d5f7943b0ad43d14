"""The judge: a case and the facts of its run in, findings out. Everything here is pure."""
