"""Working for a master on another host: one worker here, with the credentials of this host."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.endpoint import Endpoint
from harness.endpoints import handover
from harness.vocabulary import ExitCode
from loadgen.fleet.child import Child
from loadgen.fleet.launch import FleetError, children, stop_signals

_POLL = 0.2  # seconds


def join(
    master: tuple[str, int], endpoint: Endpoint | None, folder: Path, say: Callable[[str], None]
) -> ExitCode:
    """Work until the master says that it was all. `endpoint` None: the master says where it is.

    Raises `FleetError` when the master is not there, or is lost.
    """
    host, port = master
    env = dict(os.environ)
    env.pop(handover.VARIABLE, None)
    if endpoint is not None:
        env[handover.VARIABLE] = handover.dump(endpoint)
    order = {"host": host, "port": port, "folder": str(folder / "ops"), "number": None}
    log = folder / "logs" / "worker.log"
    with children() as started, stop_signals() as signals:
        child = Child("loadgen.fleet.worker", order, log, env, listen=False)
        started.append(child)
        say(f"working for {host}:{port}; what it says of itself: {log}")
        while (code := child.ended()) is None:
            if signals:
                return ExitCode.INDETERMINATE
            time.sleep(_POLL)
    if code == ExitCode.INDETERMINATE:
        raise FleetError(
            f"no master answers at {host}:{port}",
            "Start `blobproof bench PROFILE ENDPOINT --master HOST:PORT --expect-workers N` there.",
            ExitCode.INDETERMINATE,
        )
    if code:
        raise FleetError(
            f"the worker ended with exit code {code}: {child.last_words()}", f"Its log is {log}."
        )
    return ExitCode.MET
