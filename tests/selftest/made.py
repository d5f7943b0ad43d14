"""A small catalogue and suite in a folder of their own, and mutants that say what they break in it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from harness.cases.case import Case
from harness.cases.load import load_tree
from harness.selftest.mutants import Mutant

_REQUIREMENT = "{id}: {{says: It holds., level: required, source: [reference/1.0], why: A reason.}}\n"

_WRITTEN = """
given:
  - send: PUT /{container}/{blob}
    headers: {x-ms-blob-type: BlockBlob}
    body: {text: "abcd"}
    expect: {status: 201}
"""

CASES = {
    "area/range": """
        operation: Get Blob
        tests: [area.range]
        steps:
          - send: GET /{container}/{blob}
            headers: {x-ms-range: bytes=1-2}
            expect: {status: 206, body: {text: "bc"}}
    """,
    "area/whole": """
        operation: Get Blob
        tests: [area.whole]
        steps:
          - send: GET /{container}/{blob}
            expect: {status: 200, body: {text: "abcd"}}
    """,
    "area/delete": """
        operation: Delete Blob
        tests: [area.whole]
        steps:
          - {send: "PUT /{container}/{blob}", headers: {x-ms-blob-type: BlockBlob}, expect: {status: 201}}
          - send: DELETE /{container}/{blob}
            tests: [area.delete]
            expect: {status: {is: 202, level: expected}}
    """,
    "area/needs-range": """
        operation: Get Blob
        tests: [area.needy]
        needs: [area/range]
        steps:
          - send: GET /{container}/{blob}
            headers: {x-ms-range: bytes=0-0}
            expect: {status: 206, body: {text: "a"}}
    """,
}

IDS = ("area.range", "area.whole", "area.delete", "area.needy", "area.nobody")

KILLED = Mutant("range-ignored", ("area.range",), "Ranges are ignored.")
LENIENT = Mutant("delete-answers-204", ("area.delete",), "The status of a delete is another.")
HOLE = Mutant("range-end-exclusive", ("area.whole",), "The last byte is left out.")
SURVIVOR = Mutant("list-delimiter-ignored", ("area.whole",), "No folders.")
UNTESTED = Mutant("list-skips-last", ("area.nobody",), "An entry too few.")
RULED = Mutant("put-blob-crc-missing", ("wire.put-blob-hashes",), "A header too few.")
BLOCKED = Mutant("range-ignored", ("area.needy",), "What the only case needs is broken as well.")


def suite(folder: Path, cases: dict[str, str] | None = None) -> Path:
    """A suites folder with these cases and the requirements they name."""
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements" / "area.yaml").write_text("".join(_REQUIREMENT.format(id=one) for one in IDS))
    (folder / "sources.yaml").write_text("reference: {title: Notes}\n")
    for name, text in (CASES if cases is None else cases).items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = (
            f"id: {name}\ntitle: A title\nlevel: required\nwhy: A reason.\nsource: [reference/1.0]\n"
            "provenance: {documented: notes}\n"
        )
        path.write_text(head + _WRITTEN.lstrip() + textwrap.dedent(text).lstrip())
    return folder


def cases(folder: Path, only: dict[str, str] | None = None) -> tuple[Case, ...]:
    """The cases of such a folder."""
    return load_tree(suite(folder, only))
