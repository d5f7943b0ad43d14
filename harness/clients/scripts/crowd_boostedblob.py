"""Runs in boostedblob's environment: a tree goes up or down in small chunks, so many requests at once.

Standard input is one JSON object: source, target, how many at once, and the bytes of a chunk.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import boostedblob as bbb  # type: ignore[import-not-found]
from boostedblob.globals import configure  # type: ignore[import-not-found]


@bbb.ensure_session  # type: ignore[untyped-decorator]
async def copy(wanted: dict[str, Any]) -> None:
    """The tree, file beside file and chunk beside chunk."""
    async with bbb.BoostExecutor(wanted["parallel"]) as executor:
        await bbb.copytree(wanted["source"], wanted["target"], executor)


async def configured(wanted: dict[str, Any]) -> None:
    """The same, in chunks of the wanted size. The session must be made where the loop runs."""
    with configure(chunk_size=wanted["chunk"]):
        await copy(wanted)


def main() -> None:
    """Reads what is wanted and does it; or one line of why not, and exit code 1."""
    wanted = json.load(sys.stdin)
    try:
        asyncio.run(configured(wanted))
    except Exception as error:  # whatever it is, it is what the client says
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split())[:1000])


if __name__ == "__main__":
    main()
