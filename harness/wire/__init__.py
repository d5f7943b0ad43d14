"""A byte-exact HTTP/1.1 transport: requests go out as told, responses come in with every violation noted."""

from harness.wire.connection import Connection
from harness.wire.dial import dial
from harness.wire.message import WireRequest

__all__ = ["Connection", "WireRequest", "dial"]
