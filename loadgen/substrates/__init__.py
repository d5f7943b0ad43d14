"""Substrates as data: the hardware under an endpoint, each parameter with source, date and provenance."""
