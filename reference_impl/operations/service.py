"""What every operation of one process shares: configuration, store, threads, keys, copy sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from reference_impl.auth.bearer import KeySource, TokenVerifier
from reference_impl.config import Config
from reference_impl.copysource import CopySources
from reference_impl.store import Store

P = ParamSpec("P")
T = TypeVar("T")
Turn = tuple[str, str | None, str | None]

# Threads wait for fsync most of their time, so there are more of them than processors.
_THREADS = 64
# Of one name, so many changes at once: one holds its lock, the others sync their data or wait for it.
_TURNS = 16
# So many requests over one connection, with none over another between them: then it is the only one.
_STREAK = 2


class Service:
    """The façade of one process. Make it after forking."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
        # A change may wait long for the lock of a name; nothing else waits behind such threads.
        self.changers = ThreadPoolExecutor(_THREADS, thread_name_prefix="change")
        self._busy = 0
        self._streak = 0
        self._last: Hashable = None
        self._turns: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()
        self.store = Store(config.root, durable=config.durable)
        self.keys: Mapping[str, bytes] = MappingProxyType({a.name: a.key for a in config.accounts})
        self.accounts = frozenset(self.keys)
        self.sources = CopySources(config)
        self.tokens = None
        if config.issuer is not None:
            source = KeySource(config.issuer, config.jwks_ca, self.pool)
            self.tokens = TokenVerifier(config.issuer, source, config.default_role)

    def began(self, client: Hashable) -> None:
        """A request came over a connection, named by its client's address and port."""
        self._busy += 1
        self._streak = self._streak + 1 if client == self._last else 0
        self._last = client

    def ended(self) -> None:
        """A request is answered."""
        self._busy -= 1

    @property
    def _alone(self) -> bool:
        """Whether only one connection is in use now, as far as one can see."""
        return self._busy <= 1 and self._streak >= _STREAK

    async def run_small(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function that looks at a few files and no more.

        While only one client is there nobody else has to wait for it, so it is called on the spot: handing
        it to a thread and back takes several times as long as most of what it does.
        """
        if self._alone:
            return function(*args, **kwargs)
        return await self.run(function, *args, **kwargs)

    async def change_small(
        self, turn: Turn, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function that takes the lock of what `turn` names and renames a few files.

        On the spot like `run_small`, but only where nothing is synced, and nobody holds the lock.
        """
        if self._alone and not self.config.durable and self.store.is_free(*turn):
            return function(*args, **kwargs)
        return await self.change(turn, function, *args, **kwargs)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function in a thread. It must not wait for a lock: see `change`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: function(*args, **kwargs))

    async def change(self, turn: Hashable, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that takes the lock of what `turn` names, in one of the threads kept for that."""
        turns = self._turns.get(turn)
        if turns is None:
            turns = self._turns[turn] = asyncio.Semaphore(_TURNS)
        async with turns:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.changers, lambda: function(*args, **kwargs))
