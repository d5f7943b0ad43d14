"""Cross-origin requests: which rule of an account lets one through, and what a browser is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from reference_impl.protocol import xml_in
from reference_impl.protocol.headers_out import Fields
from reference_impl.protocol.xml_in import Node


@dataclass(frozen=True, slots=True)
class Rule:
    """One CORS rule. Members of `headers` and `exposed` may end in `*`; so may nothing else but be `*`."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: str

    def allows(self, origin: str, method: str) -> bool:
        """Whether pages of an origin may use a method."""
        return ("*" in self.origins or origin in self.origins) and method in self.methods


@lru_cache(maxsize=64)
def rules(part: str) -> tuple[Rule, ...]:
    """The rules of a `Cors` part of service properties."""
    root = xml_in.parse(f"<Cors>{part}</Cors>".encode())
    return tuple(
        Rule(
            _members(node, "AllowedOrigins"),
            _members(node, "AllowedMethods"),
            _members(node, "AllowedHeaders"),
            _members(node, "ExposedHeaders"),
            node.text_of("MaxAgeInSeconds") or "0",
        )
        for node in root.children
    )


def preflight(known: Sequence[Rule], origin: str, method: str, asked: str) -> Fields | None:
    """What answers a preflight that the first fitting rule allows; None: no rule does.

    `asked` is Access-Control-Request-Headers, possibly empty.
    """
    wanted = [name.strip() for name in asked.split(",") if name.strip()]
    for rule in known:
        if rule.allows(origin, method) and all(_covered(name, rule.headers) for name in wanted):
            fields = _origin(rule, origin)
            fields.append(("Access-Control-Allow-Methods", method))
            if wanted:
                fields.append(("Access-Control-Allow-Headers", ",".join(wanted)))
            fields.append(("Access-Control-Max-Age", rule.max_age))
            return fields
    return None


def dressed(known: Sequence[Rule], method: str, origin: str | None, fields: Fields) -> Fields:
    """The headers of an answer with what a browser needs when a rule lets the origin read it."""
    rule = next((rule for rule in known if origin and rule.allows(origin, method)), None)
    if rule is None or origin is None:
        return fields
    exposed = [name for name, _ in fields if _covered(name, rule.exposed)]
    more = _origin(rule, origin)
    if exposed:
        more.append(("Access-Control-Expose-Headers", ",".join(exposed)))
    return [*fields[:-1], *more, fields[-1]]


def _origin(rule: Rule, origin: str) -> Fields:
    if "*" in rule.origins:
        return [("Access-Control-Allow-Origin", "*")]
    return [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]


def _covered(name: str, patterns: Sequence[str]) -> bool:
    lowered = name.lower()
    return any(
        lowered.startswith(pattern[:-1].lower()) if pattern.endswith("*") else lowered == pattern.lower()
        for pattern in patterns
    )


def _members(node: Node, name: str) -> tuple[str, ...]:
    return tuple(part for part in (node.text_of(name) or "").split(",") if part)
