"""The Azure Storage SDK for Python, its synchronous flavour."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("azure-storage-blob", "record_azure_storage_blob.py", ("sync",))
