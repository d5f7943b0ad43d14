"""A self-test as JSON: selftest.json, and what it says about itself."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema

from harness.cases.load import case_files
from harness.catalogue import FOLDER
from harness.results.write import utc_now
from harness.rules.check import RULES
from harness.selftest.notices import Notice
from harness.selftest.results import Outcome, Result, Verified

FILE = "selftest.json"

WITNESSES = ("both", "cases", "replays")
"""Who may look at the mutants; first what a whole run takes."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for. Without names, every mutant."""

    mutants: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    all_cases: bool = False
    at_least: float = 0.0  # percent
    witnesses: str = "both"

    @property
    def whole(self) -> bool:
        """Whether that is every mutant, and everything that may notice it."""
        return not (self.mutants or self.requirements) and self.witnesses == WITNESSES[0]


def document(verified: Verified, asked: Asked, digest: str) -> Document:
    """A self-test that has just ended. `digest` is that of the suite."""
    made: Document = {
        "schema": "blobproof.selftest/1",
        "date": utc_now(),
        "blobproof": version("blobproof"),
        "service_version": verified.version,
        "suite": {"sha256": digest, "cases": verified.suite, "rules": len(RULES), "specs": verified.specs},
        "selection": {
            "whole": asked.whole,
            "mutants": list(asked.mutants),
            "requirements": list(asked.requirements),
        },
        "all_cases": asked.all_cases,
        "baseline": {"ran": len(verified.baseline), "not_applicable": list(verified.inapplicable)},
        "at_least": asked.at_least,
        "met": verified.rate >= asked.at_least,
        "rate": round(verified.rate, 2),
        "counts": {outcome.value: len(verified.of(outcome)) for outcome in Outcome},
        "results": [_result(one) for one in verified.results],
    }
    check(made, "selftest.schema.json")
    return made


def suite_digest(suites: Path) -> str:
    """SHA-256 over all case files and requirements, with their names, in the order of these."""
    digest = hashlib.sha256()
    for path in (*case_files(suites), *sorted((suites / FOLDER).glob("*.yaml"))):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(suites).as_posix()}\n{len(data)}\n".encode() + data)
    return digest.hexdigest()


def check(value: Any, schema: str) -> None:
    """Hold a value to one of our schemas. Raises jsonschema.ValidationError."""
    jsonschema.Draft202012Validator(_schema(schema)).validate(value)


def render(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON for files that people read and compare."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


@functools.cache
def _schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return loaded


def _result(one: Result) -> Document:
    return {
        "mutant": one.mutant.name,
        "about": one.mutant.about,
        "breaks": list(one.mutant.breaks),
        "outcome": one.outcome.value,
        "requirement": one.requirement,
        "by": one.by and _notice(one.by),
        "reason": one.reason or None,
        "own_cases": one.own_cases,
        "ran": one.ran,
        "noticed_by": [_notice(notice) for notice in one.noticed],
    }


def _notice(notice: Notice) -> Document:
    return {
        "case": notice.case,
        "requirements": list(notice.requirements),
        "about": notice.about,
        "verdict": notice.verdict.value,
        "expected": notice.expected,
        "observed": notice.observed,
        "step": notice.step,
        "rule": notice.rule,
    }
