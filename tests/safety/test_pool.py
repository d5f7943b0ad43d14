"""The pool ends what it has opened: the least used when it is full, every one at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from harness.safety.pool import Pool


def made(name: str, log: list[str], *, ends_badly: bool = False) -> Callable[[], AbstractContextManager[str]]:
    @contextlib.contextmanager
    def opened() -> Iterator[str]:
        log.append(f"+{name}")
        try:
            yield name
        finally:
            log.append(f"-{name}")
            if ends_badly:
                raise OSError(name)

    return opened


def test_what_is_open_is_used_again() -> None:
    log: list[str] = []
    with Pool[str](2) as pool:
        assert [pool.get("a", made("a", log)) for _ in range(3)] == ["a", "a", "a"]
    assert log == ["+a", "-a"]


def test_the_one_that_was_used_longest_ago_makes_room() -> None:
    log: list[str] = []
    with Pool[str](2) as pool:
        for name in ("a", "b", "a", "c"):
            pool.get(name, made(name, log))
        assert log == ["+a", "+b", "-b", "+c"]
        assert len(pool) == 2
    assert sorted(log[4:]) == ["-a", "-c"]


def test_one_that_is_dropped_is_opened_anew() -> None:
    log: list[str] = []
    with Pool[str](2) as pool:
        pool.get("a", made("a", log))
        pool.drop("a")
        pool.drop("never opened")
        pool.get("a", made("a", log))
    assert log == ["+a", "-a", "+a", "-a"]


def test_one_that_does_not_open_leaves_nothing_behind() -> None:
    @contextlib.contextmanager
    def broken() -> Iterator[str]:
        raise OSError("no room")
        yield ""

    with Pool[str](2) as pool:
        with pytest.raises(OSError, match="no room"):
            pool.get("a", broken)
        assert len(pool) == 0


def test_all_are_ended_even_if_one_ends_badly() -> None:
    log: list[str] = []
    pool = Pool[str](3)
    for name in ("a", "b", "c"):
        pool.get(name, made(name, log, ends_badly=name == "b"))
    with pytest.raises(OSError, match="b"):
        pool.close()
    assert log[3:] == ["-c", "-b", "-a"]
    assert len(pool) == 0
