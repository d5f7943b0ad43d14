"""History checking: concurrent work is recorded, and every answer must have an order that explains it."""
