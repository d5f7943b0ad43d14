"""Runs in blobfile's environment: the uniform tasks, with its files.

It knows no host but ACCOUNT.blob.core.windows.net and asks no proxy, so its pool of connections, which is
a setting of its own, goes through the CONNECT proxy that the environment names.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import blobfile  # type: ignore[import-not-found]
import urllib3
from drive_kit import Facts, Place, Task, serve  # type: ignore[import-not-found]


def pool(place: Place) -> urllib3.PoolManager:
    """Connections whose socket leads through a tunnel; what is above the socket is urllib3's own."""
    proxy = urlsplit(os.environ["HTTPS_PROXY"])

    class Connection(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            tunnel = socket.create_connection((proxy.hostname or "", proxy.port or 0), 20)
            tunnel.sendall(f"CONNECT {self.host}:{self.port} HTTP/1.1\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                piece = tunnel.recv(1)
                if not piece:
                    raise urllib3.exceptions.NewConnectionError(self, "the tunnel was closed")
                answer += piece
            return tunnel

    class Pool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Connection

    manager = urllib3.PoolManager(ssl_context=ssl.create_default_context(cafile=place.ca), maxsize=32)
    manager.pool_classes_by_scheme = {"http": urllib3.HTTPConnectionPool, "https": Pool}
    return manager


def begin(place: Place) -> Mapping[str, Callable[[Task], Facts]]:
    """blobfile's way to do each action."""
    if place.key is not None:
        os.environ.update(AZURE_STORAGE_ACCOUNT=place.account, AZURE_STORAGE_KEY=place.key)
    else:
        os.environ["AZURE_USE_IDENTITY"] = "1"
    connections = pool(place)
    files: Any = blobfile.create_context(
        get_http_pool=lambda: connections,
        save_access_token_to_disk=False,
    )

    def at(task: Task, name: str = "") -> str:
        return f"az://{place.account}/{task.container}/{name or task.blob}"

    def put(task: Task) -> None:
        files.copy(str(task.path), at(task), overwrite=True)

    def get(task: Task) -> None:
        files.copy(at(task), str(task.path), overwrite=True)

    def find(task: Task) -> Facts:
        root = at(task, "").removesuffix(task.blob)
        entries = files.scanglob(f"{at(task)}/**")
        found = {one.path.removeprefix(root): one.stat.size for one in entries if one.is_file}
        return {"names": found}

    def copy(task: Task) -> None:
        files.copy(at(task, task.source), at(task), overwrite=True)

    def delete(task: Task) -> None:
        files.remove(at(task))

    def create_only(task: Task) -> Facts:
        """It looks before it writes; no condition goes with the write."""
        files.copy(str(task.path), at(task), overwrite=False)
        try:
            files.copy(str(task.second), at(task), overwrite=False)
        except FileExistsError:
            return {"second": "refused"}
        return {"second": "replaced"}

    return {
        **dict.fromkeys(("put-small", "put-large", "put-empty"), put),
        **dict.fromkeys(("get-small", "get-large"), get),
        "list": find,
        "copy": copy,
        "delete": delete,
        "create-only": create_only,
    }


if __name__ == "__main__":
    serve(begin)
