"""The lines of a results file: each is of a kind that has a definition of its own in one JSON Schema."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from harness.shapes import Shape


class LineSchema:
    """The schema in a file, read when it is needed first. It has a definition for each kind of line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shapes: dict[str, Shape] = {}

    @functools.cached_property
    def validator(self) -> Any:
        """Checks one line of any kind, slowly, and says what is wrong."""
        return jsonschema.Draft202012Validator(json.loads(self._path.read_text(encoding="utf-8")))

    def problem(self, kind: str, value: object) -> str | None:
        """What is wrong with a line of this kind and where, in one line; None: nothing.

        `kind` is the name of a definition; a right line is let through fast.
        """
        # The definition alone: in a choice of one, what is wrong would be that no choice fits.
        schema = {"$defs": self.validator.schema["$defs"], "$ref": f"#/$defs/{kind}"}
        if kind not in self._shapes:
            self._shapes[kind] = Shape(schema)
        if self._shapes[kind].surely_fits(value):
            return None
        found = jsonschema.exceptions.best_match(self.validator.evolve(schema=schema).iter_errors(value))
        if found is None:
            return None
        return f"{'/'.join(map(str, found.absolute_path)) or kind}: {found.message[:200]}"
