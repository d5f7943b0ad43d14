"""What a worker says of itself: its machine, its version, its clocks."""

from __future__ import annotations

import os
import platform
import socket
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def facts() -> dict[str, Any]:
    """Host, process, cores, memory in bytes, kernel, and the version of this program."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "cpu": cpu(),
        "python": platform.python_version(),
        "version": version("blobproof"),
    }


def cpu() -> str:
    """What the processor calls itself; "" where nobody says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def stamp() -> dict[str, int]:
    """This moment, ns: when a message came and was answered, and of the wall clock."""
    now = time.monotonic_ns()
    return {"received": now, "answered": now, "wall": time.time_ns()}
