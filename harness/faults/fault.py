"""What is to go wrong and with which request (Fault), and what did (Strike). Values only."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass, field, replace
from typing import Self

from harness.exchange import Exchange
from harness.faults.families import ANY, belongs, is_known
from harness.rules.identify import Identity
from harness.vocabulary import ExitCode

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class FaultError(Exception):
    """A fault that means nothing."""

    exit_code = ExitCode.USAGE

    def __init__(self, said: str, hint: str = "See docs/faults.md.") -> None:
        super().__init__(said)
        self.hint = hint


class Kind(enum.StrEnum):
    """What a fault does on the wire; docs/faults.md says it byte by byte."""

    ANSWER = "answer"  # a made-up answer; the endpoint is not asked
    RESET_BEFORE = "reset-before"  # RST when the request's head is there; the endpoint gets nothing
    RESET_INSIDE_REQUEST = "reset-inside-request"  # RST when half the request's body is there
    LOST_ANSWER = "lost-answer"  # the endpoint answers; RST before a byte of it
    RESET_INSIDE_RESPONSE = "reset-inside-response"  # half the answer's body, then RST
    CUT_RESPONSE = "cut-response"  # half the answer's body, then FIN
    SHORT_BODY = "short-body"  # a well-formed answer with half the body
    FLIPPED_BYTE = "flipped-byte"  # one bit of the answer's body is another
    STALL = "stall"  # the answer comes some seconds later
    SLOW_DRIP = "slow-drip"  # the answer's body comes at so many bytes a second
    REFUSED = "refused"  # a new connection is reset at once


NEEDS_REQUEST_BODY = frozenset({Kind.RESET_INSIDE_REQUEST})
"""These hit requests with a body only; others are not counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted harm: to the `nth` request that fits, and to the following ones, `times` in all.

    Requests that fit are counted from the moment of arming, in the order in which their heads arrive. For
    REFUSED it is connections that are counted. Raises FaultError when it means nothing.
    """

    id: str
    kind: Kind
    on: str = ANY  # a family, or an operation as `harness.rules.identify` names it
    nth: int = 1
    times: int = 1  # 0: the nth and every one after it
    method: str = ""  # "": any
    container: str = ""  # "": any
    blob: str = ""  # "": any
    status: int = 503  # of ANSWER, as are the next four
    code: str | None = None  # None: neither x-ms-error-code nor a body
    retry_after: int | None = None  # seconds
    echo: bool = True  # x-ms-client-request-id comes back
    seconds: float = 0.0  # of STALL
    bytes_per_second: int = 0  # of SLOW_DRIP
    forward: bool = True  # of RESET_INSIDE_REQUEST: the endpoint gets the half; else nothing
    honest_range: bool = True  # of SHORT_BODY: Content-Range tells of the half; else of the whole

    def __post_init__(self) -> None:
        if not is_known(self.on):
            raise FaultError(f"fault {self.id}: no operation or family is called {self.on!r}")
        if self.nth < 1 or self.times < 0:
            raise FaultError(f"fault {self.id}: nth counts from 1, times from 0")
        if self.kind is Kind.ANSWER and not 200 <= self.status <= 599:
            raise FaultError(f"fault {self.id}: {self.status} is no status of a final answer")
        if self.retry_after is not None and self.retry_after < 0:
            raise FaultError(f"fault {self.id}: retry_after counts seconds from 0")
        if self.code is not None and not _CODE.fullmatch(self.code):
            raise FaultError(f"fault {self.id}: {self.code!r} is no error code")
        if self.kind is Kind.STALL and not 0 < self.seconds < math.inf:
            raise FaultError(f"fault {self.id}: a stall needs seconds above 0")
        if self.kind is Kind.SLOW_DRIP and self.bytes_per_second < 1:
            raise FaultError(f"fault {self.id}: a slow drip needs bytes_per_second above 0")

    def to(
        self,
        on: str,
        *,
        nth: int = 1,
        times: int = 1,
        method: str = "",
        container: str = "",
        blob: str = "",
    ) -> Self:
        """The same harm to other requests."""
        return replace(self, on=on, nth=nth, times=times, method=method, container=container, blob=blob)

    def fits(self, asked: Asked) -> bool:
        """Whether it is meant for requests like this one."""
        who = asked.identity
        return (
            self.kind is not Kind.REFUSED
            and belongs(who.operation, self.on)
            and self.method in ("", asked.method)
            and self.container in ("", who.container)
            and self.blob in ("", who.blob)
            and (asked.length != 0 or self.kind not in NEEDS_REQUEST_BODY)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as its head tells."""

    method: str
    target: str = field(repr=False)  # may carry a signature
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    length: int | None  # bytes of the body; None: chunked
    identity: Identity = field(repr=False)


@dataclass(frozen=True, slots=True)
class Strike:
    """One request that a fault has hit. For REFUSED: one connection; `method` and `target` are empty."""

    fault: str  # its id
    operation: str
    method: str
    target: str  # without secrets
    connection: int
    at: float  # seconds since the epoch
    reached: bool  # the request's bytes went to the endpoint, all of them
    status: int | None  # what the endpoint answered; None: it was not asked, or its answer was not awaited
    exchange: Exchange | None = field(default=None, repr=False)  # as the client saw it
