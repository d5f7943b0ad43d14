"""Runs in the environment of azstoragetorch: the uniform tasks, through the files that checkpoints go to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from azstoragetorch.io import BlobIO  # type: ignore[import-not-found]
from azure_storage_blob_kit import Token  # type: ignore[import-not-found]
from drive_azure_waits import shorten  # type: ignore[import-not-found]
from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """BlobIO's way to do each action. A SAS stands in the address."""
    shorten("azure.storage.blob")
    credential = Token(place.token) if place.token else False

    def opened(task: Task, mode: str) -> Any:
        url = f"{place.url}/{task.container}/{quote(task.blob)}"
        return BlobIO(f"{url}?{place.sas}" if place.sas else url, mode, credential=credential)

    def put(task: Task) -> None:
        with task.path.open("rb") as source, opened(task, "wb") as target:
            shutil.copyfileobj(source, target, 4 * MIB)

    def get(task: Task) -> None:
        with opened(task, "rb") as source:
            task.path.write_bytes(source.read())

    return {
        **dict.fromkeys(("put-small", "put-large", "put-empty"), put),
        **dict.fromkeys(("get-small", "get-large"), get),
    }


if __name__ == "__main__":
    serve(begin)
