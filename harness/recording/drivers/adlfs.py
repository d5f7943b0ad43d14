"""adlfs: Azure blobs as a file system for fsspec, and so for pandas, Dask and others."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("adlfs", "record_adlfs.py")
