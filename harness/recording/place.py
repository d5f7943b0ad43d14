"""Where a client works while it is recorded: addresses, credentials, folders; and the command it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harness.clients.process import Ran, base_environment
from harness.endpoint import Secret, Style
from harness.recording.scenario import ClientScenario, Run
from harness.tools.find import Found
from harness.vocabulary import ExitCode

_WORD = re.compile(r"\{([a-z][a-z-]*)(?::([^{}]*))?\}")


class PlaceholderError(Exception):
    """A placeholder in a command that means nothing, or that this endpoint cannot fill."""

    exit_code = ExitCode.USAGE
    hint = (
        "Words of a command may hold {url}, {sas}, {own-container}, {new-container}, {account}, {authority}, "
        "{file:NAME}, {folder:NAME}, {out:NAME}, and what a premise saves."
    )


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start: all of its environment is here, nothing is inherited."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    stdin: bytes = field(default=b"", repr=False)
    stdin_file: Path | None = None  # standard input comes from this file instead
    said: Callable[[Ran], str] | None = None  # its last words, where its output alone does not say them


@dataclass(frozen=True, slots=True)
class Place:
    """What a client is told about the recorder in front of it, and where it may work.

    Of `key`, `sas` and `token` there is the one that the scenario is signed with, and no other.
    `source_sas` is there whenever one can be had: for a copy source, and for the {sas} of a command.
    """

    scenario: ClientScenario
    found: Found
    url: str  # service root as the client sees it, without a trailing slash
    style: Style
    secure: bool
    account: str
    containers: Mapping[str, str]  # symbol -> name: "own-container", "own-container:2", "new-container"
    files: Path  # the local files of the scenario
    out: Path  # for what the client writes
    home: Path  # HOME of the client, and its scratch
    ca_file: Path  # whom the client must trust
    key: Secret | None = None
    sas: Secret | None = None
    token: Secret | None = None
    source_sas: Secret | None = None
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # proxy and trust
    saved: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # by the `save` of premises

    @property
    def authority(self) -> str:
        """Host and port of `url`."""
        return self.url.split("/")[2]

    def environment(self, run: Run) -> dict[str, str]:
        """The whole environment of a run, to which a driver adds what its client alone needs."""
        own = {name: self.fill(value) for name, value in run.env.items()}
        return {**base_environment(self.home), **self.found.env, **self.env, **own}

    def fill(self, word: str) -> str:
        """A word of a command with its placeholders filled. Raises PlaceholderError."""
        return _WORD.sub(lambda match: self._value(match[0], match[1], match[2] or ""), word)

    def file(self, name: str) -> Path:
        """A local file of the scenario. Raises PlaceholderError."""
        if name not in self.scenario.files:
            raise PlaceholderError(f"{self.scenario.id}: no file {name!r} among the scenario's files")
        return self.files / name

    def _value(self, whole: str, name: str, argument: str) -> str:
        if name == "file":
            return str(self.file(argument))
        if name in ("folder", "out"):
            return str((self.files if name == "folder" else self.out) / argument)
        symbol = f"{name}:{argument}" if argument else name
        own = {"url": self.url, "account": self.account, "authority": self.authority}
        plain = {**self.saved, **own, **self.containers}
        if symbol in plain:
            return plain[symbol]
        if symbol == "sas":
            if self.source_sas is None:
                raise PlaceholderError(f"{self.scenario.id}: {whole}: the endpoint has no key and no SAS")
            return self.source_sas.reveal()
        raise PlaceholderError(f"{self.scenario.id}: {whole} means nothing in a command")


def script_input(run: Run, place: Place) -> bytes:
    """What a script of ours reads from its standard input: which function, with what, against what.

    Holds the credential in plain text: hand it over in a pipe, never in a file.
    """
    function, *arguments = run.words
    return json.dumps(
        {
            "scenario": function,
            "arguments": [place.fill(word) for word in arguments],
            "url": place.url,
            "account": place.account,
            "key": _revealed(place.key),
            "sas": _revealed(place.sas),
            "token": _revealed(place.token),
            "source_sas": _revealed(place.source_sas),
            "containers": dict(place.containers),
            "files": {name: str(place.files / name) for name in place.scenario.files},
            "out": str(place.out),
            "ca": str(place.ca_file),
            "style": place.style.value,
            "secure": place.secure,
        }
    ).encode()


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
