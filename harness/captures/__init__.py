"""Captures of traffic that somebody else made: read as exchanges, and held against the wire rules."""

from harness.captures.captured import Captured, CaptureError, LeftOut
from harness.captures.inspection import Inspection, inspect
from harness.captures.kinds import Capture, open_capture

__all__ = ["Capture", "CaptureError", "Captured", "Inspection", "LeftOut", "inspect", "open_capture"]
