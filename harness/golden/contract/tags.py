"""Conditions on tags: whether an expression of x-ms-if-tags holds for the tags of a blob."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.golden.contract.conditions import Truth

_TERM = re.compile(r"""\s*"([^"]*)"\s*(<>|<=|>=|=|<|>)\s*'([^']*)'\s*""")
_WORD = re.compile(r"(AND|OR)(?=[\s\"])")


def holds(expression: str, tags: Mapping[str, str]) -> Truth | None:
    """Whether it holds; None: it is no expression. AND binds closer than OR."""
    either: list[Truth] = []
    all_of: list[Truth] = []
    at = 0
    while True:
        term = _TERM.match(expression, at)
        if term is None:
            return None
        all_of.append(_term(term[1], term[2], term[3], tags))
        at = term.end()
        word = _WORD.match(expression, at)
        if word is None or word[1] == "OR":
            either.append(_every(all_of))
            all_of = []
        if word is None:
            return _some(either) if at == len(expression) else None
        at = word.end()


def _term(key: str, operator: str, value: str, tags: Mapping[str, str]) -> Truth:
    if key not in tags:
        return Truth.NO if operator == "=" else Truth.MAYBE
    said = tags[key]
    found = {
        "=": said == value,
        "<>": said != value,
        "<": said < value,
        "<=": said <= value,
        ">": said > value,
        ">=": said >= value,
    }[operator]
    return Truth.YES if found else Truth.NO


def _every(found: list[Truth]) -> Truth:
    if Truth.NO in found:
        return Truth.NO
    return Truth.MAYBE if Truth.MAYBE in found else Truth.YES


def _some(found: list[Truth]) -> Truth:
    if Truth.YES in found:
        return Truth.YES
    return Truth.MAYBE if Truth.MAYBE in found else Truth.NO
