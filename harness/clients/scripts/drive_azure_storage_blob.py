"""Runs in the environment of the Azure SDK for Python: the uniform tasks, sync or aio, checked or not.

The first argument is the flavour; `validated` behind it has contents checked on their way.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure_storage_blob_kit import Kit  # type: ignore[import-not-found]
from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]

RETRIES: Mapping[str, Any] = {
    # Waiting is shortened (default: 15 s + 3^n s, give or take 3 s); how often it tries is as it comes.
    "initial_backoff": 0.2,
    "increment_base": 0,
    "random_jitter_range": 0,
    "retry_total": 3,
    # A file of 9 MiB goes and comes in pieces, as one of 65 MiB does by itself.
    "max_single_put_size": 4 * MIB,
    "max_single_get_size": 4 * MIB,
    "connection_timeout": 20,
    "read_timeout": 60,
}


class Sdk:
    """One flavour of the SDK with its service client; both flavours run the same code."""

    def __init__(self, place: Place, flavour: str, checked: bool) -> None:
        self.place = place
        ca_file = place.ca if place.secure else None
        request = {**vars(place), "container": "", "ca_file": ca_file}
        self.kit = Kit(request, flavour)
        credential = self.kit.token() if place.token else "default"
        self.service = self.kit.service(credential, **RETRIES)
        self.checks = {"validate_content": True} if checked else {}

    def blob(self, task: Task, name: str = "") -> Any:
        """A client of the task's blob, or of another one in its container."""
        return self.service.get_blob_client(task.container, name or task.blob)

    async def put(self, task: Task) -> Facts:
        """A file is uploaded as it is open."""
        await self.upload(task, task.path, overwrite=True)
        return None

    async def upload(self, task: Task, path: Path, *, overwrite: bool) -> None:
        """One upload; without `overwrite` the SDK sends If-None-Match: *."""
        with path.open("rb") as file:
            await self.kit.call(self.blob(task).upload_blob(file, overwrite=overwrite, **self.checks))

    async def get(self, task: Task) -> Facts:
        """A blob is downloaded into a file."""
        stream = await self.kit.call(self.blob(task).download_blob(**self.checks))
        with task.path.open("wb") as file:
            await self.kit.call(stream.readinto(file))
        return None

    async def list(self, task: Task) -> Facts:
        """Everything below a prefix."""
        contents = self.service.get_container_client(task.container)
        found = await self.kit.items(contents.list_blobs(name_starts_with=f"{task.blob}/"))
        return {"names": {item.name: item.size for item in found}}

    async def copy(self, task: Task) -> Facts:
        """Copy Blob, looked at until it is done."""
        source = str(self.blob(task, task.source).url).partition("?")[0]
        if self.place.sas:
            source += f"?{self.place.sas}"
        target = self.blob(task)
        status = (await self.kit.call(target.start_copy_from_url(source)))["copy_status"]
        while status == "pending":
            await asyncio.sleep(0.1)
            status = (await self.kit.call(target.get_blob_properties())).copy.status
        if status != "success":
            raise RuntimeError(f"the copy's status is {status}")
        return None

    async def delete(self, task: Task) -> Facts:
        """One blob."""
        await self.kit.call(self.blob(task).delete_blob())
        return None

    async def metadata(self, task: Task) -> Facts:
        """Set, and read back."""
        blob = self.blob(task)
        await self.kit.call(blob.set_blob_metadata(dict(task.values)))
        return {"metadata": (await self.kit.call(blob.get_blob_properties())).metadata}

    async def create_only(self, task: Task) -> Facts:
        """A blob that must not be there yet, and once more."""
        await self.upload(task, task.path, overwrite=False)
        try:
            await self.upload(task, task.second, overwrite=False)
        except ResourceExistsError:
            return {"second": "refused"}
        return {"second": "replaced"}


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """The SDK's way to do each action. One event loop serves all, as in a program that keeps running."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def start() -> Sdk:
        return Sdk(place, sys.argv[1], "validated" in sys.argv[2:])

    sdk = loop.run_until_complete(start())

    def run(doing: Callable[[Task], Awaitable[Facts]]) -> Callable[[Task], Facts]:
        return lambda task: loop.run_until_complete(doing(task))

    return {
        **dict.fromkeys(("put-small", "put-large", "put-empty"), run(sdk.put)),
        **dict.fromkeys(("get-small", "get-large"), run(sdk.get)),
        "list": run(sdk.list),
        "copy": run(sdk.copy),
        "delete": run(sdk.delete),
        "metadata": run(sdk.metadata),
        "create-only": run(sdk.create_only),
    }


if __name__ == "__main__":
    serve(begin)
