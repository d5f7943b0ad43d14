"""Samples of what a process and its machine are busy with: processor, memory and network."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import psutil  # type: ignore[import-untyped]


class Sampler:
    """One for each process that generates load, and one for the master. Cheap: under 1 ms a sample.

    `take` returns a dict that goes into JSON as it is: `wall_s`, the seconds since the sample before;
    `cpu_s`, the seconds of processor time that this process used in them, and its share `cpu`; `machine`, the
    share of all cores that was busy, and `stolen`, the share that the hypervisor gave to somebody else;
    `cores`, how many this process may use; `rss_bytes`; `available_bytes` and `memory_bytes` of the machine;
    `net`, bytes sent and received by each network interface that moved any; `way`, over which of them the
    endpoint is reached (see `way_to`), where its address was given.
    """

    def __init__(self, address: tuple[str, int] | None = None) -> None:
        self._process = psutil.Process()
        self._way = None if address is None else way_to(address)
        self._before = self._now()

    def take(self) -> dict[str, Any]:
        """What happened since the last call, or since the sampler was made."""
        before, now = self._before, self._now()
        self._before = now
        wall = max(1e-9, now.at - before.at)
        total = max(1e-9, now.total - before.total)
        memory = psutil.virtual_memory()
        net = {
            name: {"sent": sent - before.net[name][0], "received": received - before.net[name][1]}
            for name, (sent, received) in now.net.items()
            if name in before.net and (sent, received) != before.net[name]
        }
        return {
            "wall_s": round(wall, 4),
            "cpu_s": round(now.cpu - before.cpu, 4),
            "cpu": round((now.cpu - before.cpu) / wall, 4),
            "machine": round(min(1.0, max(0.0, (now.busy - before.busy) / total)), 4),
            "stolen": round(min(1.0, max(0.0, (now.stolen - before.stolen) / total)), 4),
            "cores": _cores(),
            "rss_bytes": self._process.memory_info().rss,
            "available_bytes": memory.available,
            "memory_bytes": memory.total,
            "net": net,
            "way": self._way,
        }

    def _now(self) -> _Counters:
        machine = psutil.cpu_times()
        # Guest time is in user time already; what waits for a disk is idle.
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        stolen = getattr(machine, "steal", 0.0)
        busy = machine.user + machine.system + sum(getattr(machine, name, 0.0) for name in _BUSY)
        net = {name: (one.bytes_sent, one.bytes_recv) for name, one in psutil.net_io_counters(True).items()}
        own = os.times()
        return _Counters(time.monotonic(), own.user + own.system, busy, stolen, busy + idle + stolen, net)


_BUSY = ("nice", "irq", "softirq")


class _Counters:
    """What the system counts, at one moment. Seconds and bytes."""

    __slots__ = ("at", "busy", "cpu", "net", "stolen", "total")

    def __init__(
        self,
        at: float,
        cpu: float,
        busy: float,
        stolen: float,
        total: float,
        net: dict[str, tuple[int, int]],
    ) -> None:
        self.at, self.cpu, self.busy, self.stolen, self.total, self.net = at, cpu, busy, stolen, total, net


def _cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def way_to(address: tuple[str, int]) -> dict[str, Any] | None:
    """The interface to a host: `interface`, `loopback`, and `bits_per_s`, None where the system does not say.

    None when there is no way there. Nothing is sent.
    """
    try:
        family, kind, protocol, _, to = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(to)
            own = probe.getsockname()[0]
    except OSError:
        return None
    stats = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        if any(one.address.partition("%")[0] == own for one in addresses) and name in stats:
            loopback = "loopback" in stats[name].flags.split(",")
            return {
                "interface": name,
                "loopback": loopback,
                "bits_per_s": stats[name].speed * 10**6 if stats[name].speed and not loopback else None,
            }
    return {"interface": own, "loopback": own.startswith("127."), "bits_per_s": None}
