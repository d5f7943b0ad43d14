"""A golden spec as values: the steps that a client took, in a partial order, and what is expected back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from harness.cases.case import Recipe, Step

Place = Literal["last", "first", "sorted"]
"""Where a client puts a SAS: behind its own parameters, before them, or all in the order of their names."""

REACHED = frozenset({"reset-response", "cut-body", "short-body", "flipped-byte"})
"""Faults that spoil the answer alone: the server has seen the request, and has done what it says."""


@dataclass(frozen=True, slots=True)
class Injected:
    """What the recorder did to an exchange: to the answer alone, or in the server's place."""

    fault: str  # its name: "503", "reset-response"
    status: int | None = None  # None: no answer at all
    error: str | None = None

    @property
    def reached(self) -> bool:
        """Whether the request reached the server."""
        return self.fault in REACHED


@dataclass(frozen=True, slots=True)
class GoldenStep:
    """One request of the client.

    `step.headers` are all headers as they were sent, in their order; nothing is added to them but what
    another way of signing needs. `step.expect` is what the contract says, not what was recorded.
    """

    name: str  # unique in the spec: "put-block-2"
    operation: str  # as Azure's documentation spells it
    step: Step
    after: tuple[str, ...] = ()  # the steps that must have been answered before it is sent
    racy: bool = False  # a recording shows it at the same time as a step that changes what it sees
    injected: Injected | None = None  # it is replayed only where it reached the server
    stand_in: bool = False  # the body is the client's own invention; ours is as long


@dataclass(frozen=True, slots=True)
class GoldenSpec:
    """What one client does in one scenario."""

    id: str  # the path: "traces/azcopy/10.32.2/upload-blocks"
    title: str
    why: str
    flow: str  # what a user calls it, for sentences such as "AzCopy: resumable upload breaks"
    client: str
    client_version: str
    provenance: Mapping[str, str]  # command, recorded-on, recorder, recordings, date, validated
    signed: str  # how the client signed: shared-key, account-sas, bearer
    sas: Place = "last"
    payloads: Mapping[str, Recipe] = field(default_factory=lambda: MappingProxyType({}))
    given: tuple[Step, ...] = ()  # premises, sent by our own wire before the client starts
    steps: tuple[GoldenStep, ...] = ()
    then: tuple[Step, ...] = ()  # our own reads of what must be there at the end
    remarks: tuple[str, ...] = ()  # where the recorded answer and the contract disagree
    needs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))  # style, scheme
    file: str = ""

    @property
    def operations(self) -> frozenset[str]:
        """The operations that the client uses."""
        return frozenset(step.operation for step in self.steps)

    @property
    def sent(self) -> tuple[GoldenStep, ...]:
        """The steps that a replay sends."""
        return tuple(step for step in self.steps if step.injected is None or step.injected.reached)
