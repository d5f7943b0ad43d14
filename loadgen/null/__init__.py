"""The null server: an endpoint that costs next to nothing, to measure what a generator can do at most."""
