"""From the word ENDPOINT on the command line to an endpoint that answers, and its end afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.endpoint import Endpoint, Style
from harness.endpoints import builtin, config
from harness.endpoints.certificates import Certificates
from harness.endpoints.file import from_file

_REFERENCE = "reference"
_AZURITE = "azurite"
_ENVIRONMENT = "env"


@dataclass(frozen=True, slots=True)
class Builtin:
    """Something that must be started first: the façade, or Azurite."""

    name: str
    mutant: str | None = None


Target = Endpoint | Builtin


def resolve(name: str, environ: Mapping[str, str] | None = None, *, style: Style | None = None) -> Target:
    """What ENDPOINT names; nothing is started or sent. `style` overrides what a URL would mean.

    Raises an `EndpointError`: one line, a hint, an exit code.
    """
    env = os.environ if environ is None else environ
    if name in (_REFERENCE, _AZURITE):
        return Builtin(name)
    if name.startswith(f"{_REFERENCE}:"):
        mutant = name.partition(":")[2]
        if not mutant:
            raise config.unknown(name)
        return Builtin(_REFERENCE, mutant)
    if name == _ENVIRONMENT:
        return config.from_environment(env)
    if config.looks_like_connection_string(name):
        return config.from_connection_string(name)
    if "://" in name:
        return config.from_url(name, env, style=style)
    path = Path(name).expanduser()
    if path.suffix == ".toml" or path.is_file():
        return from_file(path, env)
    raise config.unknown(name)


def spoken(name: str) -> str:
    """What the user wrote as ENDPOINT, as it may be shown, kept and written again: without any secret."""
    if config.looks_like_connection_string(name):
        return config.from_connection_string(name).url
    return name.partition("?")[0] if "://" in name else name


@contextlib.contextmanager
def open_endpoint(
    name: str,
    environ: Mapping[str, str] | None = None,
    *,
    style: Style | None = None,
    logs: Path | None = None,
    processes: int = 1,
    certificates: Certificates | None = None,
) -> Iterator[Endpoint]:
    """The endpoint that ENDPOINT names, started if it is a built-in, and ended when the context ends.

    `logs` keeps the output of what was started; the façade gets these `certificates`, and trusts copy sources
    that its authority vouches for. Raises an `EndpointError`.
    """
    target = resolve(name, environ, style=style)
    if isinstance(target, Endpoint):
        yield target
        return
    if target.name == _AZURITE:
        with builtin.azurite(logs=logs) as running:
            yield running.endpoint
        return
    with builtin.reference(
        target.mutant, processes=processes, logs=logs, certificates=certificates
    ) as running:
        yield running.endpoint
