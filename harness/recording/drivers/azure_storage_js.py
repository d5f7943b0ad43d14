"""The Azure Storage SDK for JavaScript, run by Node."""

from harness.recording.drivers._script import ScriptDriver

DRIVER = ScriptDriver("azure-storage-js", "record_azure_storage_js.mjs")
