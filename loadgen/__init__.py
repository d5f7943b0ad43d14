"""Load profiles, substrates and comparisons (the next milestone; nothing here runs yet)."""
