"""Real clients: how to reach an endpoint with them through the tap, how to run them, what they said."""
