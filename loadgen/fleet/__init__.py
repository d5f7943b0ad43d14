"""The fleet: a master and its workers, the barriers between them, and what they tell of a run."""
