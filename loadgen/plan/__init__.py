"""The plan of a load run: what is laid down, read, written and waited for, as values that travel as JSON."""
