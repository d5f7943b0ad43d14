"""The SDKs move bytes at its defaults and tuned, around the sizes at which it does it in another way."""

from __future__ import annotations

from harness.clients.azure_storage_blob import SdkGate
from harness.clients.data import MIB, content
from harness.clients.truth import said
from harness.matrix.cell import Cell

_BLOCK = MIB
_SIZES = {
    "0B": 0,
    "1B": 1,
    "block-1": _BLOCK - 1,
    "block": _BLOCK,
    "block+1": _BLOCK + 1,
    "9MiB": 9 * MIB,
    "65MiB": 65 * MIB,
}
_IN_BLOCKS = {
    "max_single_put_size": _BLOCK,
    "max_block_size": _BLOCK,
    "max_single_get_size": _BLOCK,
    "max_chunk_get_size": _BLOCK,
}
_AT_ONCE = {"max_single_put_size": 256 * MIB, "max_single_get_size": 256 * MIB}
_TUNINGS: dict[str, tuple[dict[str, int], int]] = {
    "defaults": ({}, 1),
    "blocks": (_IN_BLOCKS, 2),
    "wide": (_IN_BLOCKS, 16),
    "one-write": (_AT_ONCE, 1),
}


def test_tuned(use: SdkGate, cell: Cell) -> None:
    """Bytes are whole however the SDK is told to move them

    Block size, single-write threshold and concurrency are what everybody tunes first; each picks another way
    through the protocol.
    """
    size = _SIZES[cell["size"]]
    client, concurrency = _TUNINGS[cell["tuning"]]
    laid = content(size, 65)
    use.stage.truth.put(use.stage.container, "laid", laid)
    contents = use.contents((size, 61))
    use.run("tuned", size=size, client=client, concurrency=concurrency, contents=str(contents))
    sent = said(content(size, 61))
    use.expect("etag", True, why="The ETag of the write is the ETag that a read tells.")
    use.expect("bytes", sent)
    use.expect("bytes that were laid", said(laid))
    for flavour in use.flavours:
        use.stage.stored_as(f"{flavour}/data +%.bin", sent)
