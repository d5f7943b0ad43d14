"""Load: profiles, substrates, the fleet that sends, and comparisons that one can believe."""
