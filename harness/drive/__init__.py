"""Driving real clients: one list of actions, a small file for each client, and what must be there after."""
