"""What a client module offers: who it is, what it cannot do and why, and a session in which it works."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from harness.drive.action import Action, Task, Told
from harness.drive.place import Place
from harness.endpoint import Style


@dataclass(frozen=True, slots=True)
class Cannot:
    """Why a client does not do something: not applicable, and never emulated."""

    reason: str  # a sentence
    source: tuple[str, ...]  # "clients/8", or the client's own document or file that says so


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a Cannot holds: for these actions, styles, schemes and credentials; an empty set means any."""

    because: Cannot
    actions: frozenset[Action] = frozenset()
    styles: frozenset[Style] = frozenset()
    schemes: frozenset[str] = frozenset()
    auths: frozenset[str] = frozenset()

    def covers(self, action: Action, style: Style | None, scheme: str | None, auth: str | None) -> bool:
        """Whether it holds there. None is unknown: a limit to some styles does not hold for it."""
        asked = (
            (self.actions, action),
            (self.styles, style),
            (self.schemes, scheme),
            (self.auths, auth),
        )
        return all(not limited or value in limited for limited, value in asked)


class Session(Protocol):
    """A client at work in one place. One task at a time."""

    def do(self, task: Task, seconds: float) -> Told:
        """Do it within so many seconds. Never raises for what the client does.

        When the time is up, the client's process group is killed and the outcome is "hung"; the next task
        starts a fresh process.
        """
        ...


class Client(Protocol):
    """One client. A module of harness/drive/clients offers it as CLIENT."""

    @property
    def name(self) -> str:
        """The module's name, with dashes."""
        ...

    @property
    def tool(self) -> str:
        """The pin of fixtures/tools.toml by which it is installed."""
        ...

    @property
    def auths(self) -> frozenset[str]:
        """The kinds of credential that it takes (see place.AUTHS)."""
        ...

    @property
    def large(self) -> int:
        """Bytes that make it split a put and, where it splits gets at all, a get."""
        ...

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All that `cannot` goes by, as data."""
        ...

    def session(self, place: Place) -> AbstractContextManager[Session]:
        """A session; its processes are started when they are needed and are gone when the context ends."""
        ...


def cannot(
    client: Client,
    action: Action,
    style: Style | None = None,
    scheme: str | None = None,
    auth: str | None = None,
) -> Cannot | None:
    """Why a client does not do this there; None when it does. The scheme is that of the address."""
    return next((one.because for one in client.limits if one.covers(action, style, scheme, auth)), None)
