"""What a run left behind, as the values a report needs: the run, its records, its wires.

The results are read and checked by `harness.results`. The other files of a run folder are not trusted:
run.json and wires may be missing or damaged, and a wire path may point anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results.finding import Finding
from harness.results.read import Results, read
from harness.vocabulary import Level, Verdict

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A case or a client scenario of one run."""

    kind: str  # "case", or "scenario" for what clients do: live, or in a golden spec
    id: str
    title: str
    group: str  # the operation of a case, the client of a scenario
    verdict: Verdict
    why: str
    reason: str | None
    findings: tuple[Finding, ...]
    assertions: int
    wire: str | None
    reproduce: str
    level: Level | None = None  # of a case
    tests: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    logs: str | None = None  # of a scenario
    client_version: str | None = None
    cell: tuple[tuple[str, str], ...] = ()  # of a scenario that is a cell of a matrix: axis and value
    outcome: str = ""  # what became of a client that a fault struck
    seconds: float = 0.0

    @property
    def axes(self) -> dict[str, str]:
        """The values of its cell by axis; empty when it is no cell."""
        return dict(self.cell)

    @property
    def suite(self) -> str:
        """The folder of its suite."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one endpoint."""

    results: Results
    records: tuple[Record, ...]
    config: Json  # run.json; empty when there is none
    name: str
    endpoint: Mapping[str, str]  # name, url, style, server, declared; empty where unknown
    blobproof: str
    service_version: str
    started: str
    ended: str | None
    sets: Mapping[str, Json]  # by name: sha256, items, chosen

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return self.results.complete


@dataclass(frozen=True, slots=True)
class Wire:
    """The recorded exchanges of a record, and how many more there were."""

    exchanges: tuple[Json, ...]
    left_out: int


def load(folder: Path) -> Run:
    """Reads a run folder. Raises harness.results.read.ResultsError."""
    return of(read(folder))


def of(results: Results) -> Run:
    """The values of results that are read already."""
    header = results.header
    return Run(
        results=results,
        records=tuple(_record(line) for line in results.records),
        config=_json(results.folder / "run.json"),
        name=header["run"],
        endpoint={key: value or "" for key, value in header["endpoint"].items()},
        blobproof=header["blobproof"],
        service_version=header["service_version"],
        started=header["started"],
        ended=results.footer["ended"] if results.footer else None,
        sets=header["sets"],
    )


def _record(line: Json) -> Record:
    level = line.get("level")
    return Record(
        kind="scenario" if "client" in line else "case",
        id=line["id"],
        title=line["title"] or line["id"],
        group=_group(line),
        verdict=Verdict(line["verdict"]),
        why=line["why"],
        reason=line["reason"],
        findings=tuple(_finding(finding) for finding in line["findings"]),
        assertions=line["assertions"],
        wire=line["wire"],
        reproduce=line["reproduce"],
        level=Level(level) if level else None,
        tests=tuple(line.get("tests", ())),
        source=tuple(line.get("source", ())),
        provenance=tuple(line.get("provenance", {}).items()),
        logs=line.get("logs"),
        client_version=line.get("client_version"),
        cell=tuple(line.get("cell", {}).items()),
        outcome=line.get("outcome", ""),
        seconds=line["seconds"],
    )


def _group(line: Json) -> str:
    """The row of the matrix: a rule is about every operation, so all rules stand together."""
    if line["kind"] == "rule":
        return "Wire rules, over all exchanges"
    return str(line.get("client") or line["operation"])


def _finding(line: Json) -> Finding:
    return Finding(
        **{
            **line,
            "level": Level(line["level"]),
            "verdict": Verdict(line["verdict"]),
            "source": tuple(line.get("source", ())),
        }
    )


def wire(run: Run, record: Record) -> Wire | None:
    """The wire of a record; None when its file is not there, or cannot be read."""
    folder = run.results.folder.resolve()
    if record.wire is None:
        return None
    try:
        path = (folder / record.wire).resolve()
    except (OSError, ValueError):  # a name that no file can have
        return None
    if not path.is_relative_to(folder):  # results are data: they may not name files outside the run
        return None
    content = _json(path)
    exchanges = content.get("exchanges")
    if not isinstance(exchanges, list):
        return None
    left_out = content.get("left_out")
    return Wire(
        exchanges=tuple(entry for entry in exchanges if isinstance(entry, dict)),
        left_out=left_out if isinstance(left_out, int) else 0,
    )


def _json(path: Path) -> Json:
    """An object from a file; empty when there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):  # a run that was cut off may lack it, and a report says so
        return {}
    return value if isinstance(value, dict) else {}
