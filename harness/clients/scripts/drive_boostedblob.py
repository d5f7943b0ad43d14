"""Runs in boostedblob's environment: a copy in small chunks, a create that must not replace.

Standard input is one JSON object: what to do, from where, to where. The answer is one on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import boostedblob as bbb  # type: ignore[import-not-found]
from boostedblob.globals import configure  # type: ignore[import-not-found]


async def copy(wanted: dict[str, Any], executor: Any) -> dict[str, Any]:
    """A file goes one way or the other, in chunks; what is there is replaced."""
    await bbb.copyfile(wanted["source"], wanted["target"], executor, overwrite=True)
    return {}


async def create(wanted: dict[str, Any], executor: Any) -> dict[str, Any]:
    """A file goes up where none is, and another to where it is now."""
    await bbb.copyfile(wanted["source"], wanted["target"], executor)
    try:
        await bbb.copyfile(wanted["second"], wanted["target"], executor)
    except FileExistsError:
        return {"second": "refused"}
    return {"second": "replaced"}


@bbb.ensure_session  # type: ignore[untyped-decorator]
async def session(wanted: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, a few requests at a time."""
    async with bbb.BoostExecutor(8) as executor:
        return await {"copy": copy, "create": create}[wanted["what"]](wanted, executor)


async def configured(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same, in chunks of the wanted size. The session must be made where the loop runs."""
    with configure(chunk_size=wanted["chunk"]):
        said: dict[str, Any] = await session(wanted)
        return said


def main() -> None:
    """Reads what is wanted, does it, says what came of it; or one line of why not, and exit code 1."""
    wanted = json.load(sys.stdin)
    try:
        said = asyncio.run(configured(wanted))
    except Exception as error:  # whatever it is, it is what the client says
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split())[:1000])
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
