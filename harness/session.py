"""What `run` tells the pytest child and its workers, by a file in the run folder. It holds no secrets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar

from harness.golden.ways import Way
from harness.ledger import Deviation
from harness.results.record import Record


@dataclass(frozen=True, slots=True)
class Session:
    """One run, as its processes need to know it."""

    VARIABLE: ClassVar[str] = "BLOBPROOF_SESSION"
    """The environment variable that names the file: thousands of ids do not fit into a variable."""
    WORK: ClassVar[str] = "BLOBPROOF_WORK"
    """The one that names a folder for what scenarios need while they run; it is gone after the run."""

    folder: Path  # the run folder
    root: Path  # the folder that holds what is run: the suites, or the traces
    prefix: str  # what names of containers start with
    ids: tuple[str, ...]  # everything to run, in order
    files: tuple[str, ...]  # that hold it, relative to the root
    scale: str
    header: Record  # of results.jsonl
    again: tuple[str, ...]  # the words of the command that runs any one of them again, without its id
    today: date  # for the ledger
    ledger: Mapping[str, Deviation] = field(default_factory=dict)
    way: Way | None = None  # how golden specs are signed; None: it is the suites that are run
    kept: tuple[str, ...] = ()  # of a run that is gone on with: the ids whose records are there already

    def save(self) -> Path:
        """Write it into the run folder; the file."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values["ledger"] = {name: dataclasses.asdict(entry) for name, entry in self.ledger.items()}
        path = self.folder / "session.json"
        path.write_text(json.dumps(values, default=str) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Session:
        """The session that `save` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        ledger = {
            name: Deviation(**{**entry, "expires": date.fromisoformat(entry["expires"])})
            for name, entry in values.pop("ledger").items()
        }
        return cls(
            folder=Path(values["folder"]),
            root=Path(values["root"]),
            prefix=values["prefix"],
            ids=tuple(values["ids"]),
            files=tuple(values["files"]),
            scale=values["scale"],
            header=values["header"],
            again=tuple(values["again"]),
            today=date.fromisoformat(values["today"]),
            ledger=ledger,
            way=None if values["way"] is None else Way(values["way"]),
            kept=tuple(values["kept"]),
        )
