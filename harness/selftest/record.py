"""The committed record of the self-test: its first full run, which nothing overwrites, and its latest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema

from harness.data import root
from harness.selftest.document import Document, check, render
from harness.vocabulary import ExitCode

NAME = "selftest.json"
"""Where the record stands, below the suites."""

_SCHEMA = "record.schema.json"
_GIT_SECONDS = 20.0


class RecordError(Exception):
    """The record cannot be read or written."""

    exit_code = ExitCode.USAGE
    hint = "Name the committed suites/selftest.json, or a file that is not there yet."


def read(path: Path) -> Document:
    """A record. Raises RecordError."""
    try:
        found: Document = json.loads(path.read_text(encoding="utf-8"))
        check(found, _SCHEMA)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RecordError(f"{path} is no JSON: {error}") from error
    except jsonschema.ValidationError as error:
        raise RecordError(f"{path} is no record of a self-test: {error.message}") from error
    return found


def add(path: Path, run: Document) -> Document:
    """Write a full run into the record: as its latest, and as its first when there is none.

    Raises RecordError.
    """
    before = read(path) if path.exists() else None
    kept = _kept(run)
    record = {
        "schema": "blobproof.selftest-record/1",
        "first": before["first"] if before else kept,
        "latest": kept,
        "reasons": before["reasons"] if before else {},
    }
    check(record, _SCHEMA)
    new = _new(path)
    try:
        new.write_text(render(record), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror}") from error
    return record


def try_place(path: Path) -> None:
    """Find out whether a file can be written there at all, and leave nothing. Raises OSError."""
    _new(path).touch()
    _new(path).unlink()


def _new(path: Path) -> Path:
    """It is written as a whole, and then put in its place."""
    return path.with_name(f".{path.name}.new")


def _kept(run: Document) -> Document:
    return {
        "date": run["date"],
        "commit": commit(root()),
        "blobproof": run["blobproof"],
        "service_version": run["service_version"],
        "suite": run["suite"]["sha256"],
        "cases": run["suite"]["cases"],
        "rules": run["suite"]["rules"],
        "specs": run["suite"]["specs"],
        "mutants": len(run["results"]),
        "killed": run["counts"]["killed"],
        "replayed": run["counts"]["replayed"],
        "rate": run["rate"],
        "results": [_line(one) for one in run["results"]],
    }


def _line(one: Document) -> Document:
    by: dict[str, Any] | None = one["by"]
    said = one["reason"] or ""
    if by is not None and one["outcome"] in ("killed", "replayed"):
        said = f"{by['about']}: {by['verdict']}"
    return {
        "mutant": one["mutant"],
        "breaks": one["breaks"],
        "outcome": one["outcome"],
        "requirement": one["requirement"],
        "case": by and by["case"],
        "said": said,
    }


def commit(where: Path) -> str:
    """What is checked out there, with `+` when something was changed since; empty outside a checkout."""
    try:
        head = _git(where, "rev-parse", "--short=12", "HEAD")
        return f"{head}{'+' if _git(where, 'status', '--porcelain') else ''}"
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(where: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(where), *words], capture_output=True, text=True, timeout=_GIT_SECONDS, check=True
    )
    return done.stdout.strip()
