"""Every step cut short at every call to the system: by a kill, and by an error of the file system."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    ContainerMissing,
    ContainerProps,
    OutOfSpace,
    ReadOnly,
    Store,
    StoreFault,
)

from .conftest import ACCOUNT, CONTAINER, Box, make_box

CALLS = (
    "open",
    "read",
    "write",
    "pwrite",
    "ftruncate",
    "fsync",
    "rename",
    "mkdir",
    "rmdir",
    "unlink",
    "utime",
    "stat",
    "fstat",
    "scandir",
    "copy_file_range",
)
OLD = BlobProps(content_type="old/type", content_md5="old")
NEW = BlobProps(content_type="new/type", content_md5="new")
NAMES = ("deep/er/x", "x", "x/y", "z/", "s")


class Step:
    """One operation: what must be there first, and what it does."""

    def __init__(self, prepare: Callable[[Box], object], act: Callable[[Box], object]) -> None:
        self.prepare = prepare
        self.act = act


def _nothing(_: Box) -> None:
    pass


def _staged(box: Box) -> None:
    box.put("s", b"base", OLD)
    box.stage("s", 1, b"one")
    box.stage("s", 2, b"two")


def _committed(box: Box) -> None:
    _staged(box)
    box.commit("s", 1, 2, props=OLD)
    box.stage("s", 3, b"three")


def _freed(box: Box) -> None:
    box.put("x", b"in the way", OLD)
    box.put("x/y", b"annex", OLD)
    box.delete("x")


def _appended(name: str) -> Callable[[Box], None]:
    def prepare(box: Box) -> None:
        box.put(name, b"first", replace(OLD, appended=0))
        box.append(name, b" second")

    return prepare


def _linked(box: Box) -> None:
    _appended("x")(box)
    os.link(box.path / "x", box.root / "kept")


STEPS = {
    "append": Step(_appended("x"), lambda box: box.append("x", b" third")),
    "append-annex": Step(_appended("z/"), lambda box: box.append("z/", b" third")),
    "append-linked": Step(_linked, lambda box: box.append("x", b" third")),
    "put-new": Step(_nothing, lambda box: box.put("deep/er/x", b"new!", NEW)),
    "put-over": Step(lambda box: box.put("x", b"old", OLD), lambda box: box.put("x", b"new!", NEW)),
    "put-annex": Step(_nothing, lambda box: box.put("z/", b"new!", NEW)),
    "put-annex-over": Step(lambda box: box.put("z/", b"old", OLD), lambda box: box.put("z/", b"new!", NEW)),
    "put-out-of-annex": Step(_freed, lambda box: box.put("x/y", b"new!", NEW)),
    "put-drops-blocks": Step(_committed, lambda box: box.put("s", b"new!", NEW)),
    "stage-first": Step(_nothing, lambda box: box.stage("s", 1, b"one")),
    "stage-next": Step(_staged, lambda box: box.stage("s", 2, b"another two")),
    "commit-over": Step(_staged, lambda box: box.commit("s", 2, 1, props=NEW)),
    "commit-mixed": Step(_committed, lambda box: box.commit("s", 1, 3, 2, props=NEW)),
    "update": Step(_committed, lambda box: box.store.update_blob(ACCOUNT, CONTAINER, "s", lambda _: NEW)),
    "delete": Step(lambda box: box.put("deep/er/x", b"old", OLD), lambda box: box.delete("deep/er/x")),
    "delete-annex": Step(lambda box: box.put("z/", b"old", OLD), lambda box: box.delete("z/")),
    "delete-committed": Step(_committed, lambda box: box.delete("s")),
    "delete-staged": Step(lambda box: box.stage("s", 1, b"one"), lambda box: box.delete("s")),
    "delete-container": Step(
        _committed, lambda box: box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
    ),
    "create-container": Step(
        lambda box: box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None),
        lambda box: box.store.create_container(ACCOUNT, CONTAINER, ContainerProps(public_access="blob")),
    ),
    "update-container": Step(
        _nothing,
        lambda box: box.store.update_container(ACCOUNT, CONTAINER, lambda _: ContainerProps((("a", "b"),))),
    ),
}


def snapshot(store: Store) -> object:
    """Everything a client can see, times left out."""
    try:
        container = store.container(ACCOUNT, CONTAINER)
        page = store.list_blobs(ACCOUNT, CONTAINER, uncommitted=True)
    except ContainerMissing:
        return None
    seen: dict[str, object] = {}
    for item in page.items:
        assert isinstance(item, BlobRecord)
        lists = store.block_list(ACCOUNT, CONTAINER, item.name)
        data = None
        if item.committed:
            with store.open(ACCOUNT, CONTAINER, item.name) as blob:
                data = os.pread(blob.fd, item.length, 0)
                assert blob.record == item
        seen[item.name] = (item.committed, item.derived, item.props, data, lists.committed, lists.uncommitted)
    for name in set(NAMES) - {name for name, value in seen.items() if value[0]}:  # type: ignore[index]
        with pytest.raises(BlobMissing):
            store.blob(ACCOUNT, CONTAINER, name)
    return container.props, seen


@contextmanager
def interrupted(number: int, action: Callable[[], object]) -> Iterator[list[int]]:
    """Call the action just before the call to the system with that number (from 1); yields the count."""
    count = [0]
    saved = {name: getattr(os, name) for name in CALLS if hasattr(os, name)}

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == number:
                action()
            return real(*args, **options)

        return call

    try:
        for name, real in saved.items():
            setattr(os, name, wrap(real))
        yield count
    finally:
        for name, real in saved.items():
            setattr(os, name, real)


def outcomes(root: Path, step: Step) -> tuple[object, object]:
    """What can be seen before and after the step."""
    box = make_box(root)
    with box.store:
        step.prepare(box)
        before = snapshot(box.store)
        step.act(box)
        return before, snapshot(box.store)


@pytest.mark.parametrize("name", STEPS)
def test_killed_at_every_call(tmp_path: Path, name: str) -> None:
    step = STEPS[name]
    allowed = outcomes(_made(tmp_path / "model"), step)
    for number in range(1, 500):
        root = _made(tmp_path / str(number))
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                box = make_box(root)  # a kill loses nothing that was written: fsync is not what this is about
                step.prepare(box)
                with interrupted(number, lambda: os._exit(9)):
                    step.act(box)
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, 9)
        with Store(root, durable=False) as store:
            seen = snapshot(store)
            if code == 0:
                assert seen == allowed[1]
                assert number > 5
                return
            assert seen in allowed, f"killed before call {number}"
            again = Box(store, root)
            if seen == allowed[0]:
                step.act(again)  # nothing is in the way of doing it again
                assert snapshot(store) == allowed[1]
    pytest.fail("the step never ends")


@pytest.mark.parametrize("name", STEPS)
def test_failing_at_every_call(tmp_path: Path, name: str) -> None:
    step = STEPS[name]
    allowed = outcomes(_made(tmp_path / "model"), step)

    def fail() -> None:
        raise OSError(errno.EIO, "injected")

    for number in range(1, 500):
        box = make_box(_made(tmp_path / str(number)), durable=True)
        with box.store:
            step.prepare(box)
            failed = False
            with interrupted(number, fail) as count:
                try:
                    step.act(box)
                except StoreFault as error:
                    failed = True
                    assert error.errno == errno.EIO
            seen = snapshot(box.store)
            assert seen in (allowed if failed else allowed[1:]), f"failed at call {number}"
            assert box.incoming() == [], f"failed at call {number}"
            if seen == allowed[0] != allowed[1]:
                step.act(box)
                assert snapshot(box.store) == allowed[1]
            if count[0] < number:
                assert number > 5
                return
    pytest.fail("the step never ends")


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, OutOfSpace), (errno.EDQUOT, OutOfSpace), (errno.EROFS, ReadOnly)]
)
def test_faults_have_types(box: Box, code: int, kind: type[StoreFault]) -> None:
    def fail() -> None:
        raise OSError(code, "injected")

    with pytest.raises(kind) as caught, interrupted(3, fail):
        box.put("x", b"1")
    assert caught.value.errno == code
    assert caught.value.hint
    assert box.names() == []


def _made(path: Path) -> Path:
    path.mkdir()
    return path
