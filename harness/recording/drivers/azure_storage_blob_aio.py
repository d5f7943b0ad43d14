"""The Azure Storage SDK for Python, its asyncio flavour; the same installation as the synchronous one."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("azure-storage-blob", "record_azure_storage_blob.py", ("aio",))
