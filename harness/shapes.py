"""Whether a value has the shape that a schema asks for, said fast. What is wrong is for others to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs


class Shape:
    """A compiled JSON Schema."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = jsonschema_rs.validator_for(dict(schema))

    def surely_fits(self, value: object) -> bool:
        """True when the value has the shape; False when it has not, or holds text that is no UTF-8."""
        try:
            return self._validator.is_valid(value)
        except UnicodeEncodeError:
            return False
