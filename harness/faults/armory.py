"""Which fault is due for which request: counts what fits, hands each harm out once. No I/O, one thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.exchange import Exchange
from harness.faults.fault import Asked, Fault, Kind, Strike
from harness.redact import redact_target


@dataclass(slots=True)
class _Armed:
    """A fault and how far it has come."""

    fault: Fault
    left: int  # times it may still strike; meaningless when the fault lasts
    seen: int = 0

    @property
    def due(self) -> bool:
        return self.seen >= self.fault.nth and (self.fault.times == 0 or self.left > 0)


@dataclass(eq=False, slots=True)
class Charge:
    """A fault that was handed out for one request."""

    armed: _Armed
    connection: int
    asked: Asked | None  # None: a connection
    at: float = 0.0  # when it struck; 0: not yet
    reached: bool = False
    status: int | None = None
    exchange: Exchange | None = None
    ended: bool = field(default=False)

    @property
    def fault(self) -> Fault:
        """What was handed out."""
        return self.armed.fault

    def struck(self) -> None:
        """The harm is being done now."""
        self.at = time.time()

    def strike(self) -> Strike:
        """What is to be told of it."""
        asked = self.asked
        return Strike(
            fault=self.fault.id,
            operation="" if asked is None else asked.identity.operation,
            method="" if asked is None else asked.method,
            target="" if asked is None else redact_target(asked.target),
            connection=self.connection,
            at=self.at,
            reached=self.reached,
            status=self.status,
            exchange=self.exchange,
        )


class Armory:
    """The faults that are armed now, and what was handed out since the last disarming."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._charges: list[Charge] = []

    @property
    def armed(self) -> bool:
        """Whether any fault may strike."""
        return bool(self._armed)

    @property
    def pending(self) -> tuple[Charge, ...]:
        """What was handed out and has not ended."""
        return tuple(charge for charge in self._charges if not charge.ended)

    def arm(self, faults: Sequence[Fault]) -> None:
        """From now on these, and no others; counting begins anew."""
        self._armed = [_Armed(fault, fault.times) for fault in faults]

    def clear(self) -> tuple[Strike, ...]:
        """What struck, in the order of striking; from now on it is forgotten."""
        struck = sorted((charge for charge in self._charges if charge.at), key=lambda charge: charge.at)
        self._charges = []
        return tuple(charge.strike() for charge in struck)

    def forget(self) -> int:
        """How many have struck and ended; they are forgotten here. What is armed stays so."""
        before = len(self._charges)
        self._charges = [charge for charge in self._charges if not charge.ended]
        return before - len(self._charges)

    def claim(self, asked: Asked, connection: int) -> Charge | None:
        """The fault that hits this request. Every fault that fits counts it; the first that is due hits."""
        return self._hand_out([one for one in self._armed if one.fault.fits(asked)], asked, connection)

    def claim_connection(self, connection: int) -> Charge | None:
        """The same, for a connection that was just made."""
        return self._hand_out(
            [one for one in self._armed if one.fault.kind is Kind.REFUSED], None, connection
        )

    def end(self, charge: Charge) -> None:
        """Nothing more comes of it. One that did no harm is due again, for the next request that fits."""
        if not charge.ended and not charge.at and charge in self._charges:
            charge.armed.left += 1
            self._charges.remove(charge)
        charge.ended = True

    def _hand_out(self, fitting: list[_Armed], asked: Asked | None, connection: int) -> Charge | None:
        for one in fitting:
            one.seen += 1
        chosen = next((one for one in fitting if one.due), None)
        if chosen is None:
            return None
        chosen.left -= 1
        charge = Charge(chosen, connection, asked)
        self._charges.append(charge)
        return charge
