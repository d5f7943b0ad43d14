"""What every operation of one process shares: configuration, store, threads, keys, copy sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from reference_impl.auth.bearer import KeySource, TokenVerifier
from reference_impl.config import Config
from reference_impl.copysource import CopySources
from reference_impl.store import Store

P = ParamSpec("P")
T = TypeVar("T")

# Threads wait for fsync most of their time, so there are more of them than processors.
_THREADS = 64


class Service:
    """The façade of one process. Make it after forking."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
        self.store = Store(config.root, durable=config.durable)
        self.keys: Mapping[str, bytes] = MappingProxyType({a.name: a.key for a in config.accounts})
        self.accounts = frozenset(self.keys)
        self.sources = CopySources(config)
        self.tokens = None
        if config.issuer is not None:
            source = KeySource(config.issuer, config.jwks_ca, self.pool)
            self.tokens = TokenVerifier(config.issuer, source, config.default_role)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: function(*args, **kwargs))
