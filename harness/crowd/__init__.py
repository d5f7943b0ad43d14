"""A raw client of many connections at once: every byte is ours, and every answer is looked at."""
