"""Runs inside the SDK's own environment: reads a request, runs one scenario with each flavour, tells facts.

Standard input: one JSON object, `{"scenario": …, "flavours": [...], "url": …, …}`. Standard output: one JSON
object a line, `{"flavour": …, "fact": …, "value": …}`. An exception that ends a scenario is the fact
`raised`. Imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import random
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from azure.core.credentials import AccessToken, AzureSasCredential
from azure.core.exceptions import HttpResponseError

RETRIES = {
    "initial_backoff": 0.1,
    "increment_base": 1,
    "random_jitter_range": 0,
    "retry_total": 2,
    "connection_timeout": 10,
    "read_timeout": 30,
}
"""The SDK's default back-off is 15 s; a test cannot wait for that."""

KIB = 1024
MIB = 1024 * KIB


class Token:
    """A token credential that has one token."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, int(time.time()) + 3600)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """What the synchronous client asks for."""
        return self._token

    def close(self) -> None:
        """Nothing to close."""


class AsyncToken:
    """The same for the asynchronous client."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, int(time.time()) + 3600)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """What the asynchronous client asks for."""
        return self._token

    async def close(self) -> None:
        """Nothing to close."""


class Kit:
    """One flavour of the SDK, and what a scenario needs to use it: both flavours run the same code."""

    def __init__(self, request: dict[str, Any], flavour: str) -> None:
        self.request = request
        self.flavour = flavour
        self.container_name: str = request["container"]
        self._clients: list[Any] = []

    def service(self, credential: Any = "default", **options: Any) -> Any:
        """A service client; by default with the account key, or the SAS where there is no key."""
        if credential == "default":
            credential = self.shared_key() if self.request.get("key") else self.sas(self.request["sas"])
        module = import_module("azure.storage.blob.aio" if self.flavour == "aio" else "azure.storage.blob")
        if self.request.get("ca_file"):
            options.setdefault("connection_verify", self.request["ca_file"])
        client = module.BlobServiceClient(
            self.request["url"], credential=credential, **{**RETRIES, **options}
        )
        self._clients.append(client)
        return client

    def container(self, **options: Any) -> Any:
        """The scenario's container."""
        return self.service(**options).get_container_client(self.container_name)

    def shared_key(self) -> dict[str, str]:
        """A bare key string would not do: the SDK cannot tell the account from an address."""
        return {"account_name": self.request["account"], "account_key": self.request["key"]}

    def sas(self, token: str) -> AzureSasCredential:
        """A SAS as a credential."""
        return AzureSasCredential(token)

    def token(self) -> Any:
        """The bearer token as a credential of this flavour."""
        return (AsyncToken if self.flavour == "aio" else Token)(self.request["token"])

    async def call(self, value: Any) -> Any:
        """The result of a call, of either flavour."""
        return await value if inspect.isawaitable(value) else value

    async def items(self, paged: Any) -> list[Any]:
        """Everything that a paged call yields, of either flavour."""
        if hasattr(paged, "__aiter__"):
            return [item async for item in paged]
        return list(paged)

    async def pages(self, paged: Any) -> list[list[Any]]:
        """The same, page by page."""
        if hasattr(paged, "__aiter__"):
            return [[item async for item in page] async for page in paged]
        return [list(page) for page in paged]

    async def read(self, blob: Any, **options: Any) -> bytes:
        """The bytes of a blob."""
        stream = await self.call(blob.download_blob(**options))
        data: bytes = await self.call(stream.readall())
        return data

    async def refused(self, fact: str, call: Callable[[], Any]) -> None:
        """Tell how the SDK refuses a call: class of the exception, error code, status."""
        try:
            await self.call(call())
        except HttpResponseError as error:
            code = getattr(error, "error_code", None)
            self.tell(fact, [type(error).__name__, str(getattr(code, "value", code)), error.status_code])
        else:
            self.tell(fact, ["no exception", None, None])

    def tell(self, fact: str, value: Any) -> None:
        """One fact for the judge."""
        json.dump({"flavour": self.flavour, "fact": fact, "value": value}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            await self.call(client.close())


Scenario = Callable[[Kit], Awaitable[None]]


def content(size: int, seed: int) -> bytes:
    """The same bytes that the judge makes from this size and seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data, not a secret


def said(data: bytes) -> str:
    """Bytes as the judge compares them."""
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"


def main(scenarios: dict[str, Scenario]) -> None:
    """Run what standard input asks for."""
    request = json.load(sys.stdin)
    scenario = scenarios[request["scenario"]]
    for flavour in request["flavours"]:
        asyncio.run(_run(scenario, Kit(request, flavour)))


async def _run(scenario: Scenario, kit: Kit) -> None:
    try:
        await scenario(kit)
    except Exception as error:  # whatever it is, the judge must hear of it
        where = traceback.extract_tb(error.__traceback__)
        line = next((frame.line for frame in where if frame.filename.endswith("_scenarios.py")), "")
        text = str(error).splitlines()[0] if str(error) else ""
        kit.tell("raised", f"{type(error).__name__}: {text} (at: {line})"[:500])
    finally:
        await kit.close()
