"""pyarrow's Azure file system, and with it the Azure SDK for C++: its script in its own environment."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("pyarrow", "record_pyarrow.py")
