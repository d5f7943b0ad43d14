"""Whether a line of load.jsonl follows its schema, and if not, what is wrong with it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from harness.shapes import Shape
from loadgen.record.lines import KINDS


@functools.cache
def validator() -> Any:
    """Checks one line of load.jsonl, slowly, and says what is wrong."""
    schema = json.loads(Path(__file__).with_name("load.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def problem(value: object) -> str | None:
    """What is wrong with a line, in one line; None: nothing."""
    kind = value.get("line") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return f"no line of a load run: line {kind!r}"
    if _compiled(kind).surely_fits(value):
        return None
    checker = validator()
    found = jsonschema.exceptions.best_match(
        checker.evolve(schema={**checker.schema, "oneOf": [{"$ref": f"#/$defs/{kind}"}]}).iter_errors(value)
    )
    if found is None:
        return None
    return f"{'/'.join(map(str, found.absolute_path)) or kind}: {found.message[:200]}"


@functools.cache
def _compiled(kind: str) -> Shape:
    return Shape({**validator().schema, "oneOf": [{"$ref": f"#/$defs/{kind}"}]})
