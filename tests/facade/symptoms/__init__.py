"""How each mutant is seen to be wrong: a module for each family, found without being listed."""
