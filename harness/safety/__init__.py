"""Client safety: what a real client makes of one fault, decided by what is there afterwards."""
