"""Documents of the protocol that requests of our own carry."""

from __future__ import annotations

from collections.abc import Iterable


def block_list(ids: Iterable[str]) -> bytes:
    """The body of a Put Block List: the latest block of each id, in order."""
    latest = "".join(f"<Latest>{block}</Latest>" for block in ids)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{latest}</BlockList>'.encode()
