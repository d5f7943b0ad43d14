"""The C-level sockets and epoll of the standard library, also where gevent has put its own in their place.

In a process that has imported Locust, `socket.socket` is gevent's and `select.epoll` is gone. The engine
wants neither: it has an epoll of its own, which the gevent hub can wait on like on any other file. gevent
leaves `_socket` alone, and the module `select` can be made a second time from the same C code, untouched.
"""

from __future__ import annotations

import _socket
import importlib.util
import select
from types import ModuleType

Socket = _socket.socket
getaddrinfo = _socket.getaddrinfo


def _made_anew(module: ModuleType) -> ModuleType:
    spec = module.__spec__
    if spec is None or spec.loader is None:
        raise ImportError(f"the module {module.__name__} cannot be loaded again")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


_select = select if hasattr(select, "epoll") else _made_anew(select)

epoll = _select.epoll
EPOLLIN = _select.EPOLLIN
EPOLLOUT = _select.EPOLLOUT
