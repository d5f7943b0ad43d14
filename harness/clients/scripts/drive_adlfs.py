"""Runs in the environment of adlfs: the uniform tasks, through fsspec's file system."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from adlfs import AzureBlobFileSystem  # type: ignore[import-not-found]
from azure_storage_blob_kit import AsyncToken  # type: ignore[import-not-found]
from drive_azure_waits import shorten  # type: ignore[import-not-found]
from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]

BLOCK = 4 * MIB
"""So a file of 9 MiB goes and comes in pieces, as one of 50 MiB and more does by itself."""


def file_system(place: Place) -> Any:
    """The file system; it keeps no listings. An address in path style goes into a connection string alone."""
    if place.token is not None:
        return AzureBlobFileSystem(
            account_name=place.account,
            account_host=place.authority,
            credential=AsyncToken(place.token),
            use_listings_cache=False,
        )
    secret = f"SharedAccessSignature={place.sas}" if place.key is None else f"AccountKey={place.key}"
    known = f"AccountName={place.account};" if place.key is not None else ""
    protocol = place.url.partition(":")[0]
    return AzureBlobFileSystem(
        connection_string=f"DefaultEndpointsProtocol={protocol};BlobEndpoint={place.url};{known}{secret}",
        use_listings_cache=False,
    )


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """fsspec's way to do each action."""
    shorten("azure.storage.blob.aio")
    system = file_system(place)

    def at(task: Task) -> str:
        return f"{task.container}/{task.blob}"

    def put(task: Task) -> None:
        system.put_file(str(task.path), at(task))

    def put_large(task: Task) -> None:
        with task.path.open("rb") as source, system.open(at(task), "wb", block_size=BLOCK) as target:
            shutil.copyfileobj(source, target, MIB)

    def get(task: Task) -> None:
        system.get_file(at(task), str(task.path))

    def get_large(task: Task) -> None:
        with system.open(at(task), "rb", block_size=BLOCK) as source, task.path.open("wb") as target:
            shutil.copyfileobj(source, target, MIB)

    def put_tree(task: Task) -> None:
        system.put(f"{task.path}/", f"{at(task)}/", recursive=True)

    def get_tree(task: Task) -> None:
        system.get(f"{at(task)}/", f"{task.path}/", recursive=True)

    def find(task: Task) -> Facts:
        found = system.find(at(task), detail=True)
        return {"names": {name.partition("/")[2]: info["size"] for name, info in found.items()}}

    def copy(task: Task) -> None:
        system.cp_file(f"{task.container}/{task.source}", at(task))

    def delete(task: Task) -> None:
        system.rm_file(at(task))

    def metadata(task: Task) -> Facts:
        system.setxattrs(at(task), **task.values)
        return {"metadata": system.info(at(task))["metadata"]}

    def create_only(task: Task) -> Facts:
        system.put_file(str(task.path), at(task), overwrite=False)
        try:
            system.put_file(str(task.second), at(task), overwrite=False)
        except FileExistsError:
            return {"second": "refused"}
        return {"second": "replaced"}

    return {
        **dict.fromkeys(("put-small", "put-empty"), put),
        "put-large": put_large,
        "get-small": get,
        "get-large": get_large,
        "put-tree": put_tree,
        "get-tree": get_tree,
        "list": find,
        "copy": copy,
        "delete": delete,
        "metadata": metadata,
        "create-only": create_only,
    }


if __name__ == "__main__":
    serve(begin)
