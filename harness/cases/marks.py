"""YAML to plain values, with the line of every value kept.

A scalar without quotes is an integer, `true`, `false`, `null` or text; nothing else is guessed: `no`, `on`,
dates, times and versions stay text. Keys are text and may stand once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from harness.cases.errors import CaseError

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: several times as fast, the same nodes."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """The plain value of a file, and the line (from 1) at which each part of it begins."""

    file: str
    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of the value at a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(file: str, text: str) -> Marked:
    """Parse one document. Raises CaseError for what is no YAML, two documents, or a repeated key."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        line = min(line, len(text.splitlines()))  # the end of a file may be marked as a line that is none
        raise CaseError(file, line, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise CaseError(file, 1, f"not YAML: {' '.join(str(error).split())}") from None
    if node is None:
        raise CaseError(file, 1, "the file is empty")
    lines: dict[Path, int] = {}
    return Marked(file, _plain(file, node, (), lines, frozenset()), lines)


def _plain(file: str, node: yaml.Node, path: Path, lines: dict[Path, int], above: frozenset[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in above:
        raise CaseError(file, line, "an alias refers to what it stands in")
    above = above | {id(node)}
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(file, item, (*path, i), lines, above) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        here = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise CaseError(file, here, "a key must be text")
        key = str(key_node.value)
        if key in out:
            raise CaseError(file, here, f"the key {key!r} stands twice")
        lines[(*path, key)] = here
        out[key] = _plain(file, value_node, (*path, key), lines, above)
    return out


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style:  # quoted or a block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
