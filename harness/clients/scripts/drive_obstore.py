"""Runs in obstore's environment: the uniform tasks, through the Rust object_store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import obstore  # type: ignore[import-not-found]
from drive_kit import MIB, Facts, Place, Task, serve  # type: ignore[import-not-found]
from obstore.exceptions import AlreadyExistsError  # type: ignore[import-not-found]
from obstore.store import AzureStore  # type: ignore[import-not-found]


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """obstore's way to do each action. A store is one container."""

    @cache
    def store(container: str) -> Any:
        credential = {"account_key": place.key, "sas_key": place.sas, "token": place.token}
        return AzureStore(
            container,
            account_name=place.account,
            endpoint=place.url,
            client_options={"allow_http": not place.secure},
            **{name: value for name, value in credential.items() if value is not None},
        )

    def put(task: Task) -> None:
        obstore.put(store(task.container), task.blob, task.path)

    def get(task: Task) -> None:
        with task.path.open("wb") as file:
            for piece in obstore.get(store(task.container), task.blob).stream(min_chunk_size=MIB):
                file.write(piece)

    def find(task: Task) -> Facts:
        found = obstore.list(store(task.container), task.blob).collect()
        return {"names": {item["path"]: item["size"] for item in found}}

    def copy(task: Task) -> None:
        obstore.copy(store(task.container), task.source, task.blob)

    def delete(task: Task) -> None:
        obstore.delete(store(task.container), task.blob)

    def metadata(task: Task) -> Facts:
        there = store(task.container)
        obstore.put(there, task.blob, task.path, attributes=dict(task.values))
        told = dict(obstore.get(there, task.blob).attributes)
        return {"metadata": {name: value for name, value in told.items() if name != "Content-Type"}}

    def create_only(task: Task) -> Facts:
        there = store(task.container)
        obstore.put(there, task.blob, task.path, mode="create")
        try:
            obstore.put(there, task.blob, task.second, mode="create")
        except AlreadyExistsError:
            return {"second": "refused"}
        return {"second": "replaced"}

    return {
        **dict.fromkeys(("put-small", "put-large", "put-empty"), put),
        **dict.fromkeys(("get-small", "get-large"), get),
        "list": find,
        "copy": copy,
        "delete": delete,
        "metadata": metadata,
        "create-only": create_only,
    }


if __name__ == "__main__":
    serve(begin)
