"""Runs inside the environment of the Azure SDK for Python: what the scenarios of a recording have in common.

Imports nothing of ours but the kit beside it. Whatever a scenario sends must be the same each time: names and
contents come from the request, nothing is tried again, and nothing depends on the clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure_storage_blob_kit import KIB, Kit, said  # type: ignore[import-not-found]

__all__ = ["KIB", "Client", "UnexpectedError", "check", "main"]

ONCE = {"retry_total": 0, "retry_connect": 0, "retry_read": 0, "retry_status": 0}


class UnexpectedError(Exception):
    """The client got something else than the scenario wants."""


class Client(Kit):  # type: ignore[misc]
    """One flavour of the SDK, with the one credential that it was given, and without retries."""

    def __init__(self, request: dict[str, Any], flavour: str) -> None:
        ca_file = request["ca"] if request["secure"] else None
        super().__init__({**request, "container": "", "ca_file": ca_file}, flavour)

    def service(self, credential: Any = "default", **options: Any) -> Any:
        """A service client. The options may set the sizes at which the SDK begins to split."""
        if credential == "default" and self.request.get("token"):
            credential = self.token()
        return super().service(credential, **{**ONCE, **options})

    def blob(self, container: str, name: str, *, snapshot: str | None = None, **options: Any) -> Any:
        """A client of one blob."""
        return self.service(**options).get_blob_client(container, name, snapshot=snapshot)

    def contents(self, container: str, **options: Any) -> Any:
        """A client of one container."""
        return self.service(**options).get_container_client(container)

    def readable(self, blob: Any) -> str:
        """The address of a blob as a copy source that anybody may read who has it."""
        plain = str(blob.url).partition("?")[0]
        return f"{plain}?{self.request['source_sas']}"

    async def raises(
        self, kind: str, status: int, code: str | None, call: Callable[[], Any], *, what: str
    ) -> None:
        """Check that a call ends with this exception, status and error code."""
        try:
            await self.call(call())
        except HttpResponseError as error:
            told = getattr(error, "error_code", None)
            check(what, (kind, status, code), (type(error).__name__, error.status_code, _text(told)))
        else:
            raise UnexpectedError(f"{what}: no exception, {kind} expected")


def check(what: str, expected: object, observed: object) -> None:
    """Raise UnexpectedError unless the two are equal; long bytes are told by their digest."""
    if expected != observed:
        raise UnexpectedError(f"{what}: {_shown(expected)} expected, got {_shown(observed)}")


def content(path: str) -> bytes:
    """The bytes of a local file."""
    return Path(path).read_bytes()


def main(scenarios: dict[str, Callable[..., Awaitable[None]]]) -> None:
    """Run what standard input asks for; exit 1 with one line when it does not go as the scenario wants."""
    request = json.load(sys.stdin)
    scenario = scenarios[request["scenario"]]
    try:
        asyncio.run(_run(scenario, Client(request, sys.argv[1]), request["arguments"]))
    except Exception as error:  # whatever it is, the recorder wants a line of it
        line = " ".join(f"{type(error).__name__}: {error}".split())
        sys.exit(line[:500])


async def _run(scenario: Callable[..., Awaitable[None]], client: Client, arguments: list[str]) -> None:
    try:
        await scenario(client, *arguments)
    finally:
        await client.close()


def _text(code: Any) -> str | None:
    value = getattr(code, "value", code)
    return None if value is None else str(value)


def _shown(value: object) -> str:
    return said(value) if isinstance(value, bytes) and len(value) > 64 else repr(value)
