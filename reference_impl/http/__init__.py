"""The façade's own HTTP/1.1: sans-I/O parsers, an asyncio protocol around them, and the listening server."""
