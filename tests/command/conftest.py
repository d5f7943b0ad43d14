"""A façade that all commands of this folder may be pointed at, and the command without its own process."""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from blobproof.cli import main
from harness import plan
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from tests.command.process import Done, environment


@pytest.fixture(scope="session")
def facade() -> Iterator[Endpoint]:
    """One façade for all of them."""
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def key(facade: Endpoint) -> Mapping[str, str]:
    """The environment in which its URL is enough."""
    assert facade.key is not None
    return {"AZURE_STORAGE_KEY": facade.key.reveal()}


_everything = functools.cache(plan.everything)  # the suites are the same each time


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """The command in this process, in an empty folder: for what ends before anything is started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.plan.everything", _everything)
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: object) -> Done:
        began = time.monotonic()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(int(code), said.out, said.err, time.monotonic() - began)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
