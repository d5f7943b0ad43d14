"""Where a figure comes from, and what a user may state that no run can measure. Frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from loadgen.substrates.values import Substrate


class Origin(enum.StrEnum):
    """Where a figure comes from: `kind` of a metric. The three never share a cell, a line or a row."""

    MEASURED = "measured"
    MODELLED = "modelled"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Price:
    """What one GPU costs for an hour, as the user states it."""

    amount: float
    currency: str  # three letters: USD
    date: str  # of the price, ISO 8601
    source: str  # a price list, a contract …


@dataclass(frozen=True, slots=True)
class Training:
    """One step of a training: what an accelerator reads for it, and how long it computes."""

    name: str
    bytes_per_step: float
    compute_s: float
    accelerators_per_rank: float = 1.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user states about the fleet that the run stands for. What is not stated is not computed."""

    gpus_per_rank: int = 1
    price: Price | None = None
    mtbf_s: float | None = None  # mean time between interruptions of the whole job, seconds
    cadence_s: float | None = None  # a checkpoint is to be written so often, seconds
    stage_bytes: tuple[int, ...] = ()  # how much is to be staged: time-to-stage is modelled for each
    training: Training | None = None
    account: Substrate | None = None  # a storage account whose limits the run is held against


NOTHING = Given()
