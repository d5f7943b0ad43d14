"""One serving process: an event loop, the handler, its listeners, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from reference_impl.config import Config
from reference_impl.http.message import Handler
from reference_impl.http.server import Listener, Server
from reference_impl.serve_listen import connection_capacity

try:
    from uvloop import new_event_loop
except ImportError:  # uvloop has no build for some systems; asyncio's own loop is a little slower
    from asyncio import new_event_loop  # type: ignore[assignment]

AppFactory: TypeAlias = Callable[[Config], Handler]


def work(
    config: Config,
    listeners: Sequence[Listener],
    factory: AppFactory,
    ready: Callable[[], None],
    orphaned: int | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, or until the descriptor `orphaned` reports that the parent is gone.

    `ready` is called once when requests are accepted. Raises what `factory` raises.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        idle = runner.run(_serve(config, listeners, factory, ready, orphaned))
        if not idle:
            # A handler hangs in a thread that nothing can end; waiting for it would break the promised grace.
            sys.stderr.flush()
            os._exit(0)


async def _serve(
    config: Config,
    listeners: Sequence[Listener],
    factory: AppFactory,
    ready: Callable[[], None],
    orphaned: int | None,
) -> bool:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(
        factory(config),
        idle_timeout=config.idle_timeout,
        keep_alive_timeout=config.keep_alive_timeout,
        capacity=connection_capacity(),
        access_log=config.access_log,
    )
    if orphaned is not None:
        loop.add_reader(orphaned, stop.set)
    server.start(listeners)
    ready()
    await stop.wait()
    if orphaned is not None:
        loop.remove_reader(orphaned)
    return await server.stop(config.shutdown_grace)
