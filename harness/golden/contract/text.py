"""Templates as values: what can be said about a text of which some pieces are known only at the replay.

A canonical text is a template whose literal pieces are decoded. It is a name in the model, and can stand in
an expectation as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

from harness.cases.template import Placeholder, parts

_NO_SLASH = ("{guid", "{block", "{id", "{n}", "{new-container", "{own-container", "{container", "{blob")
_LONGEST, _DEEPEST = 1024, 254  # characters of a name, and its segments
_SURROGATES = "\ud800"  # code units of what is beyond the first plane begin here


def placeholder(part: Placeholder) -> str:
    """The placeholder as a template writes it."""
    if not part.argument:
        return f"{{{part.name}}}"
    return f"{{{part.name}{'' if part.argument[0] in '+-' else ':'}{part.argument}}}"


def canonical(template: str, *, encoded: bool = False) -> str:
    """The canonical text of a template; `encoded`: its literal pieces are percent-encoded."""
    return untokenised(tokens(template, encoded=encoded))


def tokens(template: str, *, encoded: bool = False) -> tuple[str, ...]:
    """The characters of the literal pieces, and each placeholder as one item (longer than a character)."""
    out: list[str] = []
    for part in parts(template):
        if isinstance(part, Placeholder):
            out.append(placeholder(part))
        else:
            out.extend(unquote(part) if encoded else part)
    return tuple(out)


def untokenised(items: Iterable[str]) -> str:
    """The template of tokens."""
    return "".join(item * 2 if item in ("{", "}") else item for item in items)


def literal(template: str) -> str | None:
    """What a text says, where no placeholder is in it."""
    items = tokens(template)
    return "".join(items) if all(len(item) == 1 for item in items) else None


def symbol(template: str) -> str | None:
    """The name of the placeholder where a text is nothing else, quotation marks around it aside."""
    items = tokens(template.strip().removeprefix("W/").strip('"'))
    only = items[0] if len(items) == 1 else ""
    return only[1:-1] if len(only) > 1 else None


def in_path(text: str) -> str:
    """A canonical text as it is written into the path of a target."""
    return "".join(item if len(item) > 1 else quote(item, safe="/") for item in tokens(text))


def compare(first: str, second: str) -> int | None:
    """The order of two canonical texts: negative, zero, positive; None where it depends on values."""
    one, two = tokens(first), tokens(second)
    for a, b in zip(one, two, strict=False):
        if a == b:
            continue
        if len(a) > 1 or len(b) > 1:
            return None
        if max(a, b) >= _SURROGATES and max(a, b) > "\uffff" and min(a, b) > _SURROGATES:
            return None  # by code points or by UTF-16 code units: nobody has recorded which
        return -1 if a < b else 1
    return len(one) - len(two)


def begins(text: str, prefix: str) -> bool | None:
    """Whether a canonical text begins with another; None where it depends on values."""
    one, two = tokens(text), tokens(prefix)
    for a, b in zip(one, two, strict=False):
        if a != b:
            return None if len(a) > 1 or len(b) > 1 else False
    return len(one) >= len(two)


def rolled_up(text: str, prefix: str, delimiter: str) -> str | None:
    """What a listing rolls a name up into: the prefix and what follows it up to the first delimiter.

    None: the name stays. Raises ValueError where that depends on values.
    """
    items, ends = tokens(text), tokens(delimiter)
    for at in range(len(tokens(prefix)), len(items)):
        if items[at : at + len(ends)] == ends:
            return untokenised(items[: at + len(ends)])
        if len(items[at]) > 1 and not items[at].startswith(_NO_SLASH):
            raise ValueError(items[at])
    return None


def plain(text: str) -> bool:
    """Whether a name is kept and listed as it is, by every service: nothing in it is odd or too long."""
    items = tokens(text)
    said = "".join(item for item in items if len(item) == 1)
    segments = said.split("/")
    if len(items) > _LONGEST or len(segments) > _DEEPEST:
        return False
    if any(segment.endswith(".") for segment in segments):
        return False  # a dot at the end is stripped, or kept
    return all(
        char >= " " and char not in "\ufffd\ufffe\uffff\\" and not "\x7f" <= char <= "\x9f" for char in said
    )


def in_order(texts: Sequence[str]) -> list[str] | None:
    """Canonical texts in their order; None where it depends on values."""
    if any(compare(one, other) is None for at, one in enumerate(texts) for other in texts[at + 1 :]):
        return None
    return sorted(texts, key=functools.cmp_to_key(_ordered))


def _ordered(one: str, other: str) -> int:
    return compare(one, other) or 0
