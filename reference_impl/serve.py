"""`serve`: from the words of the command line to a façade that serves until it is told to stop."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence

from reference_impl.config import Config, MachineError, StartError
from reference_impl.http.server import Listener
from reference_impl.serve_config import read_config
from reference_impl.serve_fleet import Fleet
from reference_impl.serve_listen import listeners, raise_descriptor_limit, url
from reference_impl.serve_worker import AppFactory, work


def serve(arguments: Sequence[str], factory: AppFactory) -> int:
    """Serves `factory(config)` until a signal ends it; gives the exit code. Errors: one line on stderr."""
    try:
        config = read_config(arguments, os.environ)
        raise_descriptor_limit()
        groups = listeners(config)
        _run(config, groups, factory)
    except StartError as error:
        sys.stderr.write(f"blobproof serve: {error}\n")
        return error.exit_code
    return 0


def _run(config: Config, groups: list[tuple[Listener, ...]], factory: AppFactory) -> None:
    def ready() -> None:
        _announce(config, groups[0])

    if config.processes == 1:
        _guarded(lambda: work(config, groups[0], factory, ready))
        return

    def child(index: int, started: Callable[[], None], orphaned: int) -> None:
        _guarded(lambda: work(config, groups[index], factory, started, orphaned))

    Fleet(config.processes, child, grace=config.shutdown_grace, report=sys.stderr.write).run(ready)


def _guarded(run: Callable[[], None]) -> None:
    """An operating system's refusal at the start (a disk, a permission) in words instead of a traceback."""
    try:
        run()
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise MachineError(
            f"cannot serve: {error.strerror or error}{place}", "mend that and start it again"
        ) from error


def _announce(config: Config, group: tuple[Listener, ...]) -> None:
    """The one line on standard output that says where it listens."""
    urls = [url(listener) for listener in group]
    line = {
        "event": "listening",
        "http": urls[0],
        "https": urls[1] if len(urls) > 1 else None,
        "pid": os.getpid(),
        "accounts": [account.name for account in config.accounts],
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
