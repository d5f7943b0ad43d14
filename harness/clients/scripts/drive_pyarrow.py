"""Runs in pyarrow's environment: the uniform tasks, through its Azure file system."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]
from pyarrow import fs  # type: ignore[import-not-found]


def file_system(place: Place) -> Any:
    """The file system. An authority with a leading dot is host style.

    Without a key and a SAS it asks the managed identity, which the environment names, for a token.
    """
    parts = urlsplit(place.url)
    authority = parts.netloc if parts.path else parts.netloc.removeprefix(place.account)
    credential = {"account_key": place.key, "sas_token": f"?{place.sas}" if place.sas else None}
    return fs.AzureFileSystem(
        account_name=place.account,
        blob_storage_authority=authority,
        blob_storage_scheme=parts.scheme,
        dfs_storage_authority=authority,
        dfs_storage_scheme=parts.scheme,
        **{name: value for name, value in credential.items() if value is not None},
    )


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """pyarrow's way to do each action."""
    system, local = file_system(place), fs.LocalFileSystem()

    def at(task: Task) -> str:
        return f"{task.container}/{task.blob}"

    def write(task: Task, metadata: Mapping[str, str] | None = None) -> None:
        target = system.open_output_stream(at(task), metadata=metadata)
        with task.path.open("rb") as source, target:
            shutil.copyfileobj(source, target, MIB)

    def put(task: Task) -> None:
        write(task)

    def get(task: Task) -> None:
        with system.open_input_stream(at(task)) as source, task.path.open("wb") as target:
            shutil.copyfileobj(source, target, MIB)

    def put_tree(task: Task) -> None:
        fs.copy_files(str(task.path), at(task), source_filesystem=local, destination_filesystem=system)

    def get_tree(task: Task) -> None:
        Path(task.path).mkdir(exist_ok=True)
        fs.copy_files(at(task), str(task.path), source_filesystem=system, destination_filesystem=local)

    def find(task: Task) -> Facts:
        found = system.get_file_info(fs.FileSelector(at(task), recursive=True))
        files = [item for item in found if item.type == fs.FileType.File]
        return {"names": {item.path.partition("/")[2]: item.size for item in files}}

    def copy(task: Task) -> None:
        system.copy_file(f"{task.container}/{task.source}", at(task))

    def delete(task: Task) -> None:
        system.delete_file(at(task))

    def metadata(task: Task) -> Facts:
        write(task, task.values)
        with system.open_input_file(at(task)) as file:
            told = file.metadata()
        # Properties of the blob stand beside its metadata, and begin with a capital.
        return {"metadata": {name: value.decode() for name, value in told.items() if name[:1].islower()}}

    return {
        **dict.fromkeys(("put-small", "put-large", "put-empty"), put),
        **dict.fromkeys(("get-small", "get-large"), get),
        "put-tree": put_tree,
        "get-tree": get_tree,
        "list": find,
        "copy": copy,
        "delete": delete,
        "metadata": metadata,
    }


if __name__ == "__main__":
    serve(begin)
