"""The client of load runs: operations in, outcomes out, as fast as one process can."""

from loadgen.client.engine import Engine, Payloads
from loadgen.client.target import Target, TargetError

__all__ = ["Engine", "Payloads", "Target", "TargetError"]
