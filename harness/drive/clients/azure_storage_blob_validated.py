"""The Azure Storage SDK for Python with `validate_content=True`: an MD5 with every piece, both ways.

A client of its own, because a flipped byte that the plain one takes is found here. Back-off: 0.2 s each time
(default: 15 s + 3^n s, ±3 s); three retries as by default.
"""

from harness.drive.clients._azure_sdk import sdk

CLIENT = sdk("azure-storage-blob-validated", "sync", "validated")
