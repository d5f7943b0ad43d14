"""Network namespaces on one bridge, for workers that reach the endpoint over a network of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """A bridge with an address of this host, and namespaces that reach it."""

    address: str
    namespaces: tuple[str, ...]

    def inside(self, number: int) -> tuple[str, ...]:
        """What stands before a command that is to run in a namespace."""
        return ("ip", "netns", "exec", self.namespaces[number])


def reason_against() -> str:
    """Why there can be no namespaces here; "" when there can."""
    if os.geteuid():
        return "network namespaces want root"
    if shutil.which("ip") is None:
        return "network namespaces want the program ip"
    name = f"bp-try-{secrets.token_hex(3)}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespace can be made here: {done.stderr.strip()}"
    _ip("netns", "delete", name)
    return ""


@contextlib.contextmanager
def network(size: int) -> Iterator[Network]:
    """So many namespaces, each with a cable (a veth pair) to one bridge. All gone with the context."""
    tag = secrets.token_hex(2)
    # 198.18.0.0/15 is for such tests (RFC 2544): no network that this host is in has these addresses.
    bridge, subnet = f"bpb{tag}", f"198.{18 + int(tag[0], 16) % 2}.{int(tag[2:], 16)}"
    names = tuple(f"bp-{tag}-{number}" for number in range(size))
    with contextlib.ExitStack() as stack:
        _ip("link", "add", bridge, "type", "bridge")
        stack.callback(_ip, "link", "delete", bridge)
        _ip("address", "add", f"{subnet}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, name in enumerate(names):
            cable, end = f"bpv{tag}{number}", f"bpe{tag}{number}"
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("link", "add", cable, "type", "veth", "peer", "name", end)
            _ip("link", "set", cable, "master", bridge, "up")
            _ip("link", "set", end, "netns", name)
            _ip("-n", name, "address", "add", f"{subnet}.{number + 2}/24", "dev", end)
            _ip("-n", name, "link", "set", end, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield Network(f"{subnet}.1", names)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], capture_output=True, text=True, check=True)
