"""What `run` tells the pytest child and its workers, in one environment variable. It holds no secrets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar

from harness.ledger import Deviation
from harness.results.record import Record


@dataclass(frozen=True, slots=True)
class Session:
    """One run, as its processes need to know it."""

    VARIABLE: ClassVar[str] = "BLOBPROOF_SESSION"

    folder: Path  # the run folder
    suites: Path
    prefix: str  # what names of containers start with
    ids: tuple[str, ...]  # everything to run, in order
    scale: str
    header: Record  # of results.jsonl
    today: date  # for the ledger
    ledger: Mapping[str, Deviation] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text for the environment."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values["ledger"] = {name: dataclasses.asdict(entry) for name, entry in self.ledger.items()}
        return json.dumps(values, default=str)

    @classmethod
    def from_json(cls, text: str) -> Session:
        """The session that `to_json` wrote."""
        values = json.loads(text)
        ledger = {
            name: Deviation(**{**entry, "expires": date.fromisoformat(entry["expires"])})
            for name, entry in values.pop("ledger").items()
        }
        return cls(
            folder=Path(values["folder"]),
            suites=Path(values["suites"]),
            prefix=values["prefix"],
            ids=tuple(values["ids"]),
            scale=values["scale"],
            header=values["header"],
            today=date.fromisoformat(values["today"]),
            ledger=ledger,
        )
