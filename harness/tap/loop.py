"""An event loop on a thread of its own, for servers that run beside blocking code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
_SECONDS = 30.0


class BackgroundLoop:
    """Start it, ask it to run coroutines, stop it."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Run the loop from now on."""
        self._thread.start()

    def ask(self, what: Coroutine[Any, Any, _T]) -> _T:
        """The coroutine's result. Raises what it raises, and TimeoutError after 30 s."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_SECONDS)

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()
