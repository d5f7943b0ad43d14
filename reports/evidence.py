"""What a run left behind, as the values a report needs: the run, its records, its wires.

Nothing in a run folder is trusted: a results file may be cut off or damaged, and a wire path may point
anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.vocabulary import ExitCode, Level, Verdict

Json = Mapping[str, Any]


class EvidenceError(Exception):
    """A run that cannot be reported on; `hint` says what to do."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Finding:
    """One assertion, and whether it held."""

    about: str
    level: Level
    verdict: Verdict
    expected: str
    observed: str
    step: str = ""
    requirement: str | None = None
    source: tuple[str, ...] = ()
    why: str = ""
    rule: str | None = None
    exchange: int | None = None  # index into the wire file
    count: int = 1  # how many times the same assertion was made

    @property
    def broken(self) -> bool:
        """Whether this finding explains a verdict that is not a pass."""
        return self.verdict not in (Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Record:
    """A case or a client scenario of one run."""

    kind: str  # "case" or "scenario"
    id: str
    title: str
    group: str  # the operation of a case, the client of a scenario
    verdict: Verdict
    level: Level | None = None
    why: str = ""
    tests: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    assertions: int = 0
    exchanges: int = 0
    seconds: float | None = None
    wire: str | None = None
    logs: str | None = None
    reproduce: str | None = None
    client_version: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one endpoint."""

    folder: Path
    name: str  # the run's own name
    endpoint: Mapping[str, str]  # name, url, style, server, declared
    blobproof: str
    service_version: str
    started: str
    ended: str | None
    manifest: Mapping[str, str]
    listed: int  # items of the manifest
    records: tuple[Record, ...]
    complete: bool
    config: Json  # run.json, redacted by whoever wrote it


def load(folder: Path) -> Run:
    """Reads a run folder. Raises EvidenceError when there is nothing to report on."""
    path = folder / "results.jsonl"
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise EvidenceError(
            f"No results in {folder}: {error.strerror or error}",
            "Give the folder of a run: the one that holds results.jsonl.",
        ) from error
    parsed = list(_parsed(lines))
    header = next((line for line in parsed if line.get("kind") == "header"), None)
    if header is None:
        raise EvidenceError(
            f"{path} has no header line", "The file is damaged or is no results file; run again."
        )
    footer = next((line for line in parsed if line.get("kind") == "footer"), None)
    records = tuple(record(line) for line in parsed if line.get("kind") in ("case", "scenario"))
    manifest = _mapping(header.get("manifest"))
    listed = manifest.get("items")
    return Run(
        folder=folder,
        name=_text(header.get("run")) or folder.name,
        endpoint={key: _text(value) for key, value in _mapping(header.get("endpoint")).items()},
        blobproof=_text(header.get("blobproof")),
        service_version=_text(header.get("service_version")),
        started=_text(header.get("started")),
        ended=_text(footer.get("ended")) if footer else None,
        manifest={key: _text(value) for key, value in manifest.items()},
        listed=listed if isinstance(listed, int) else len(records),
        records=records,
        complete=footer is not None and footer.get("complete") is True,
        config=_config(folder / "run.json"),
    )


def _parsed(lines: Sequence[str]) -> list[Json]:
    """The lines that are whole; a run that was cut off may end in the middle of one."""
    found: list[Json] = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def record(line: Json) -> Record:
    """A case or scenario line as a value; fields that are missing or of a wrong type become empty."""
    kind = _text(line.get("kind"))
    scenario = kind == "scenario"
    identity = _text(line.get("id"))
    group = line.get("client") if scenario else line.get("operation")
    return Record(
        kind=kind,
        id=identity,
        title=_text(line.get("title")) or identity,
        group=_text(group) or identity.partition("/")[0],
        verdict=_verdict(line.get("verdict")),
        level=_level(line.get("level")),
        why=_text(line.get("why")),
        tests=_texts(line.get("tests")),
        source=_texts(line.get("source")),
        provenance=tuple((key, _text(value)) for key, value in _mapping(line.get("provenance")).items()),
        reason=_text(line.get("reason")) or None,
        findings=tuple(_finding(item) for item in line.get("findings") or () if isinstance(item, dict)),
        assertions=_number(line.get("assertions")),
        exchanges=_number(line.get("exchanges")),
        seconds=line["seconds"] if isinstance(line.get("seconds"), int | float) else None,
        wire=_text(line.get("wire")) or None,
        logs=_text(line.get("logs")) or None,
        reproduce=_text(line.get("reproduce")) or None,
        client_version=_text(line.get("client_version")) or None,
    )


def _finding(line: Json) -> Finding:
    exchange = line.get("exchange")
    return Finding(
        about=_text(line.get("about")),
        level=_level(line.get("level")) or Level.REQUIRED,
        verdict=_verdict(line.get("verdict")),
        expected=_text(line.get("expected")),
        observed=_text(line.get("observed")),
        step=_text(line.get("step")),
        requirement=_text(line.get("requirement")) or None,
        source=_texts(line.get("source")),
        why=_text(line.get("why")),
        rule=_text(line.get("rule")) or None,
        exchange=exchange if isinstance(exchange, int) else None,
        count=_number(line.get("count")) or 1,
    )


def exchanges(run: Run, item: Record) -> list[Json] | None:
    """The recorded exchanges of a record; None when its wire file is not there or cannot be read."""
    if item.wire is None:
        return None
    path = (run.folder / item.wire).resolve()
    if not path.is_relative_to(run.folder.resolve()):  # a results file is data: it may not name other files
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return None
    listed = value.get("exchanges") if isinstance(value, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else None


def _config(path: Path) -> Json:
    """run.json; empty when there is none, as in a run that was cut off early."""
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8", errors="surrogateescape")))
    except (OSError, ValueError):
        return {}


def _verdict(value: object) -> Verdict:
    try:
        return Verdict(_text(value))
    except ValueError:  # a word we do not know says nothing about the endpoint
        return Verdict.HARNESS_ERROR


def _level(value: object) -> Level | None:
    try:
        return Level(_text(value))
    except ValueError:
        return None


def _mapping(value: object) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(_text(item) for item in value) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
