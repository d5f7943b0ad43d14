"""Small steps are done on the spot for one client that is alone, and in threads as soon as there are two."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from reference_impl.config import Account, Config
from reference_impl.operations.service import Service
from reference_impl.store import ContainerProps, names

ONE, OTHER = ("127.0.0.1", 1), ("127.0.0.1", 2)
TURN = ("acct", "cont", "blob")


def served(service: Service, *clients: tuple[str, int]) -> None:
    for client in clients:
        service.began(client)
        service.ended()


def on_the_spot(service: Service, *, change: bool = False) -> bool:
    async def ask() -> bool:
        if change:
            return await service.change_small(TURN, threading.get_ident) == threading.get_ident()
        return await service.run_small(threading.get_ident) == threading.get_ident()

    return asyncio.run(ask())


@pytest.fixture
def service(tmp_path: Path) -> Service:
    made = Service(Config(tmp_path, (Account("acct", b"key"),), durable=False))
    made.store.create_container("acct", "cont", ContainerProps())
    return made


def test_one_client(service: Service) -> None:
    assert not on_the_spot(service)
    served(service, ONE, ONE, ONE)
    service.began(ONE)
    assert on_the_spot(service)
    assert on_the_spot(service, change=True)


def test_two_clients(service: Service) -> None:
    served(service, ONE, ONE, ONE, OTHER)
    assert not on_the_spot(service)
    served(service, ONE, OTHER, ONE, OTHER, ONE, ONE)
    assert not on_the_spot(service)


def test_two_at_once(service: Service) -> None:
    served(service, ONE, ONE, ONE)
    service.began(ONE)
    service.began(ONE)
    assert not on_the_spot(service)


def test_whoever_waits_for_a_lock_waits_in_a_thread(service: Service) -> None:
    served(service, ONE, ONE, ONE)
    locks = service.store._area.locks
    with locks.name("acct", "cont", names.digest("blob")):
        assert not service.store.is_free(*TURN)
        assert not on_the_spot(service, change=True)
    assert service.store.is_free(*TURN)


def test_what_is_synced_is_synced_in_a_thread(tmp_path: Path) -> None:
    service = Service(Config(tmp_path, (Account("acct", b"key"),)))
    served(service, ONE, ONE, ONE)
    assert on_the_spot(service)
    assert not on_the_spot(service, change=True)
