"""The Azure Storage SDK for Python, its asyncio flavour; the same installation as the synchronous one.

Back-off: 0.2 s each time (default: 15 s + 3^n s, ±3 s); three retries as by default.
"""

from harness.drive.clients._azure_sdk import sdk

CLIENT = sdk("azure-storage-blob-aio", "aio")
