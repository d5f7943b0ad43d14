"""Wire rules for copies: what their answers name, and what a copied blob shows of its copy."""

from __future__ import annotations

import re

from harness.judge.matching import GUID
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import COPIES, READS
from harness.vocabulary import Level

_STATES = ("pending", "success", "aborted", "failed")
_TOGETHER = ("x-ms-copy-id", "x-ms-copy-source", "x-ms-copy-status", "x-ms-copy-progress")
_PROGRESS = re.compile(r"(\d+)/(\d+)")
_SOURCE_DETAILS_SINCE = "2025-01-05"


def _no_copy(view: View) -> Broken | None:
    name, state = view.get("x-ms-copy-id") or "", view.get("x-ms-copy-status") or ""
    wanted = ("success",) if view.who.operation == "Copy Blob From URL" else ("success", "pending")
    if not GUID.fullmatch(name):
        return Broken("x-ms-copy-id: a GUID", name or "absent")
    if state not in wanted:
        return Broken(f"x-ms-copy-status: {' or '.join(wanted)}", state or "absent")
    return None


def _half_shown(view: View) -> Broken | None:
    missing = [name for name in _TOGETHER if view.get(name) is None]
    if missing:
        return Broken(", ".join(_TOGETHER), f"no {', '.join(missing)}")
    state, progress = view.get("x-ms-copy-status"), view.get("x-ms-copy-progress") or ""
    if state not in _STATES:
        return Broken(f"x-ms-copy-status: {' or '.join(_STATES)}", str(state))
    match = _PROGRESS.fullmatch(progress)
    if match is None or int(match[1]) > int(match[2]):
        return Broken("x-ms-copy-progress: COPIED/TOTAL", progress or "empty")
    if state == "success" and view.get("x-ms-copy-completion-time") is None:
        return Broken("x-ms-copy-completion-time of a copy that is done", "absent")
    return None


def _unexplained(view: View) -> Broken | None:
    said = view.get("x-ms-copy-source-status-code") or ""
    if re.fullmatch(r"[1-5]\d\d", said):
        return None
    return Broken("x-ms-copy-source-status-code: a status", said or "absent")


RULES = (
    Rule(
        "copy-named",
        Level.REQUIRED,
        "A copy that was begun or done has an ID and a status.",
        ("reference/1.1", "recorded/A14"),
        ("copy-blob.copies", "copy-blob.synchronous"),
        lambda view: view.done(COPIES),
        _no_copy,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "copy-shown",
        Level.EXPECTED,
        "A copied blob shows the ID, source, status and progress of its copy together.",
        ("reference/1.5",),
        ("copy-blob.copies",),
        lambda view: view.done(READS) and any(view.get(name) is not None for name in _TOGETHER),
        _half_shown,
    ),
    Rule(
        "copy-source-details",
        Level.EXPECTED,
        "CannotVerifyCopySource tells the source's status, from version 2025-01-05 on.",
        ("reference/1.10",),
        ("put-blob-from-url.error-details",),
        lambda view: (
            view.code == "CannotVerifyCopySource"
            and view.version >= _SOURCE_DETAILS_SINCE
            and view.refused
            and view.status != 412  # a condition that is not met is no failure of the source
        ),
        _unexplained,
    ),
)
