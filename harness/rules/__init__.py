"""Wire rules: what must hold for every response of an operation."""
