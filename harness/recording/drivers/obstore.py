"""obstore, and with it the Rust object_store: its script in its own environment."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("obstore", "record_obstore.py")
