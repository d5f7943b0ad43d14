"""Values to HTML: the templates, what they may call, and the rule that every string is made safe."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.vocabulary import Verdict
from reports.text import plural, visible

FAMILY: Mapping[Verdict, str] = {
    Verdict.PASS: "good",
    Verdict.KNOWN: "good",
    Verdict.DIFFERS: "bad",
    Verdict.STALE: "bad",
    Verdict.HARNESS_ERROR: "bad",
    Verdict.LENIENT: "warn",
    Verdict.INDETERMINATE: "warn",
    Verdict.UNSUPPORTED: "gap",
    Verdict.BLOCKED: "gap",
    Verdict.NOT_RUN: "gap",
    Verdict.OBSERVED: "none",
    Verdict.NOT_APPLICABLE: "none",
}
"""Which colour a verdict has. A word and a symbol always stand beside it."""


LIBRARY = ("d3.min.js", "plot.umd.min.js")
"""The chart library that a page with charts carries inside, in the order in which it is run."""


def render(template: str, *, script: str = "page.js", charts: bool = False, **values: Any) -> str:
    """The page, as HTML. Every string that comes from `values` is made visible, then escaped.

    `script` is the template folder's file that the page may run; with `charts` it may use the chart library,
    which sets styles as it draws.
    """
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "family": FAMILY.__getitem__,
        "moment": moment,
        "day": day,
        "took": took,
        "listed": listed,
        "pretty": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    }
    environment.tests["has"] = lambda values, one: one in values
    environment.globals |= {"Verdict": Verdict, "plural": plural}
    style, code = (_asset(environment, name) for name in ("style.css", script))
    library = [*map(_library, LIBRARY), _asset(environment, "charts.js")] if charts else []
    styles = "'unsafe-inline'" if charts else _digest(style)
    runs = " ".join(map(_digest, (*library, code)))
    return environment.get_template(template).render(
        style=Markup(style),  # noqa: S704 - our own file, nothing of a run is in it
        script=Markup(code),  # noqa: S704 - our own file
        library=[*map(Markup, library)],
        policy="default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {styles}; script-src {runs}",
        **values,
    )


def _asset(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _library(name: str) -> str:
    return files("reports").joinpath("vendor", name).read_text("utf-8")


def data_block(value: Any) -> Markup:
    """A value as JSON that a script of the page reads; nothing in it can end the block that it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate({ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}))  # noqa: S704


def _digest(text: str) -> str:
    """The CSP source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _shown(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def moment(text: str) -> str:
    """`2026-11-22T15:30:00Z` as `22 November 2026, 15:30 UTC`; anything else as it is."""
    parsed = _parsed(text)
    return f"{parsed.day} {parsed:%B %Y, %H:%M} UTC" if parsed else text


def day(text: str) -> str:
    """The date of a moment: `22 November 2026`."""
    parsed = _parsed(text)
    return f"{parsed.day} {parsed:%B %Y}" if parsed else text


def took(start: str, end: str | None) -> str:
    """The time between two moments: `1 min 40 s`; empty when either is unknown."""
    begun, ended = _parsed(start), _parsed(end or "")
    if begun is None or ended is None:
        return ""
    seconds = round((ended - begun).total_seconds())
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def _parsed(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def spectrum(counts: Mapping[Verdict, int], missing: int) -> list[tuple[str, float, float]]:
    """Family, start and width in per cent of each stretch of a bar of verdicts, best family first."""
    sizes = dict.fromkeys(("good", "bad", "warn", "gap", "none"), 0)
    for verdict, count in counts.items():
        sizes[FAMILY[verdict]] += count
    sizes["gap"] += missing
    total = sum(sizes.values()) or 1
    edges = [0.0]
    for size in sizes.values():
        edges.append(edges[-1] + 100 * size / total)
    return [
        (family, round(start, 2), round(end - start, 2))
        for family, (start, end) in zip(sizes, pairwise(edges), strict=True)
        if end > start
    ]
