"""What was seen when a case ran: exchanges, what placeholders meant, what the probes said. Values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from harness.cases.template import Scope
from harness.exchange import Exchange, header
from harness.judge.xml import error_code
from harness.rules.identify import Depth

Section = Literal["given", "steps"]

_TIME = re.compile(r"Time:[^\s<]*")
MADE_UP_COMP = "blobproof-no-such-operation"
"""The `comp` of the probe that shows how an endpoint answers what nobody documents."""


@dataclass(frozen=True, slots=True)
class StepFact:
    """One step (or one round of a repeated step) that was sent."""

    section: Section
    index: int  # into the case's `given` or `steps`
    exchange: Exchange
    scope: Scope  # what placeholders mean in this step's expectations
    prefix: str = ""  # in front of the container in the target
    round: int | None = None
    name: str = ""  # of a step that has one

    @property
    def label(self) -> str:
        """How findings and wires name it: `2`, `given 1`, `3 round 2`, or by its name."""
        name = self.name or f"{'given ' if self.section == 'given' else ''}{self.index + 1}"
        return name if self.round is None else f"{name} round {self.round + 1}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without what differs from request to request."""

    status: int
    code: str | None
    body: str

    def about(self, comp: str) -> Answer:
        """The answer to the made-up `comp`, as it would be if it spoke of this one."""
        return replace(self, body=self.body.replace(MADE_UP_COMP, comp))


def answer(exchange: Exchange) -> Answer | None:
    """The answer of an exchange; None when there is none, or only a piece of one."""
    response = exchange.response
    if response is None or exchange.failure is not None:
        return None
    body = (response.body.data or b"").decode("utf-8", "replace")
    for name in ("x-ms-request-id", "x-ms-client-request-id"):
        if value := header(response.headers, name):
            body = body.replace(value, "ID")
    body = _TIME.sub("Time:", body)
    return Answer(response.status, error_code(response), body)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the judge may look at."""

    steps: tuple[StepFact, ...] = ()
    made_up: Mapping[tuple[str, Depth], Answer] = field(default_factory=lambda: MappingProxyType({}))
    not_applicable: str | None = None  # why this endpoint's configuration cannot run the case
    error: str | None = None  # our own failure, in one line

    def of(self, section: Section) -> tuple[StepFact, ...]:
        """The facts of one section, in the order of sending."""
        return tuple(fact for fact in self.steps if fact.section == section)
