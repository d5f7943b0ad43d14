"""A load profile as values: file sets, phases and lanes whose numbers each say where they come from."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from loadgen.plan.values import Action, Process, Share


class Provenance(enum.StrEnum):
    """Where a number comes from."""

    PUBLISHED = "published"  # a source says it
    CALCULATED = "calculated"  # it follows from published numbers; `why` says how
    ASSUMED = "assumed"  # we chose it; `why` says for what reason
    USER_SUPPLIED = "user-supplied"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number was read."""

    title: str
    url: str
    read: str  # when, ISO date or year-month
    at: str = ""  # commit, version, section


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a profile."""

    value: float
    unit: str  # "bytes", "blobs", "ranks", "requests", "1/s", "s", "rounds", "layers" …
    provenance: Provenance
    source: str = ""  # a key of the profile's sources
    why: str = ""

    @property
    def whole(self) -> int:
        """The number, rounded to an integer."""
        return round(self.value)


class Shrinks(enum.StrEnum):
    """What of a file set becomes less when a profile is scaled down."""

    COUNT = "count"  # fewer blobs of the same size
    BYTES = "bytes"  # as many blobs a rank, each smaller


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file set as a profile describes it. Numbers are names of `Profile.numbers`; "" means the default."""

    name: str
    group: str  # the set that it comes from; lanes may name a whole group
    count: str
    bytes: str
    payload: str
    shrinks: Shrinks
    spread: str = ""
    owners: str = ""
    pattern: str = "{index:08d}"


@dataclass(frozen=True, slots=True)
class Payloads:
    """What the bytes of a training state look like: ids of payload recipes."""

    both: str  # where model and optimizer state share a file
    model: str
    optimizer: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model whose training state makes the files. Numbers are names of `Profile.numbers`."""

    group: str
    payloads: Payloads
    layers: str
    hidden: str
    ffn: str
    vocabulary: str
    heads: str
    kv_heads: str
    tensor: str
    pipeline: str
    data: str
    zero: str


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane as a profile describes it. Numbers are names; "" means the default of `loadgen.plan.values`."""

    name: str
    action: Action
    files: tuple[str, ...]  # names of file sets or of groups; "*": all
    ranks: str = ""  # "": all; lanes of a phase that say it stand side by side
    ranks_divided_by: str = ""
    share: Share = Share.OWN
    block_bytes: str = ""
    single_bytes: str = ""
    range_bytes: str = ""
    page_names: str = ""
    parallel: str = ""
    files_at_once: str = ""
    repeat: str = ""
    rate: str = ""  # of an open loop, tasks a second
    seconds: str = ""
    process: Process = Process.POISSON


@dataclass(frozen=True, slots=True)
class PhaseSpec:
    """A phase as a profile describes it."""

    name: str
    lanes: tuple[LaneSpec, ...]
    measured: bool = True
    deadline_s: str = ""  # "": from bytes and requests
    pause_s: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way of a choice, and the numbers that it sets."""

    title: str
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen in a profile: block sizes, file layout, blocking or asynchronous …"""

    title: str
    default: str
    options: Mapping[str, Option]


@dataclass(frozen=True, slots=True)
class Profile:
    """A load profile at full size."""

    id: str
    title: str
    why: str
    ranks: str
    sources: Mapping[str, Source]
    numbers: Mapping[str, Number]
    files: tuple[FileSpec, ...]
    models: tuple[ModelSpec, ...]
    phases: tuple[PhaseSpec, ...]
    choices: Mapping[str, Choice]
