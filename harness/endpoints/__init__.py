"""Endpoints: what ENDPOINT on the command line means, and the built-ins that are started for it."""

from harness.endpoints.errors import EndpointError
from harness.endpoints.resolve import Builtin, Target, open_endpoint, resolve, spoken

__all__ = ["Builtin", "EndpointError", "Target", "open_endpoint", "resolve", "spoken"]
