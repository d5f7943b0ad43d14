"""Which request of an action a fault is aimed at: found out in a rehearsal without a fault. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.exchange import Exchange
from harness.faults.catalogue import NamedFault
from harness.faults.families import ANY, belongs
from harness.faults.fault import Fault, Kind
from harness.rules.identify import identify

_DRIP_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a client, as far as aiming needs it."""

    operation: str
    method: str
    blob: str  # "": it is about a container, or the account
    up: int  # bytes of the request's body
    down: int  # bytes of the answer's body; 0 where it was refused


@dataclass(frozen=True, slots=True)
class Aim:
    """The request that a fault is to hit: the nth of this operation, on this blob where it is about one."""

    operation: str
    blob: str
    nth: int
    down: int  # bytes of the answer in the rehearsal

    def fault(self, named: NamedFault) -> Fault:
        """The fault, aimed. A slow drip is made fast enough to be over within some seconds."""
        fault = named.fault.to(self.operation, nth=self.nth, blob=self.blob)
        if fault.kind is Kind.SLOW_DRIP:
            fault = replace(fault, bytes_per_second=max(fault.bytes_per_second, self.down // _DRIP_SECONDS))
        return fault


def sent(exchanges: Iterable[Exchange], prefix: str) -> tuple[Sent, ...]:
    """The requests in the order of their beginning; `prefix` is what stands before the container."""
    return tuple(_sent(one, prefix) for one in sorted(exchanges, key=lambda one: one.started))


def aim(requests: Sequence[Sent], on: str) -> Aim | None:
    """The request of this family that matters most; None when there is none.

    Of writes that is the first with the most bytes, so that it is data that is lost, not an empty blob that
    some clients create before; of reads and lists the one with the longest answer, not a probe before it;
    of the others the first that changes something.
    """
    if on == ANY:
        return Aim(ANY, "", 1, 0)
    fitting = [one for one in requests if belongs(one.operation, on)]
    if not fitting:
        return None
    chosen = max(fitting, key=lambda one: _weight(one, on))
    alike = [one for one in fitting if (one.operation, one.blob) == (chosen.operation, chosen.blob)]
    nth = alike.index(chosen) + 1 if on in ("read", "list") else 1
    return Aim(chosen.operation, chosen.blob, nth, chosen.down)


def _sent(exchange: Exchange, prefix: str) -> Sent:
    request, response = exchange.request, exchange.response
    who = identify(request.method, request.target, request.headers, prefix)
    refused = response is None or response.status >= 300
    return Sent(
        operation=who.operation,
        method=request.method,
        blob=who.blob,
        up=request.body.length,
        down=0 if response is None or refused else response.body.length,
    )


def _weight(one: Sent, on: str) -> int:
    if on in ("write", "commit"):
        return one.up
    if on in ("read", "list"):
        return one.down
    return int(one.method not in ("GET", "HEAD"))
