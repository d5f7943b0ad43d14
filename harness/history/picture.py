"""A contradiction as a picture: a lane for each client, a bar from call to return, the impossible one marked.

One SVG that stands alone, light or dark as its reader has it. Time runs to the right in steps: every call and
every return has its place in the order, however far apart they were; the milliseconds stand below.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from harness.history.contradiction import Contradiction
from harness.history.story import answered, asked, milliseconds, title
from harness.history.values import Operation

_LETTER = 7.3  # pixels of a letter, in whatever fixed font the reader has
_LANE = 64
_BAR = 40
_TOP = 74
_STEP = 22
_LEFT = 24
_LINE = 18
_WORDS = 60  # letters of an answer that a bar can show
_LEGEND = (
    "Times are milliseconds since the first call; their distances are not to scale. The red bar finds no "
    "place in any order; without one of the other solid bars it would. "
    "Dashed bars say who wrote, or deleted, what was seen."
)
_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c1f24;--dim:#667085;--line:#d5d9e0;
--bar:#dbe8fb;--edge:#3b6fc4;--faint:#f1f3f6;--faintedge:#a2abba;--bad:#fde0dd;--badedge:#c62f2b}
@media (prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e6e9ee;--dim:#98a2b3;--line:#333a45;
--bar:#1d3357;--edge:#7aa7ee;--faint:#1d2128;--faintedge:#596273;--bad:#4a1d1c;--badedge:#ff8a80}}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--ink)}
.title{font:600 16px system-ui,sans-serif}.said{font:13px system-ui,sans-serif}
.dim{fill:var(--dim)}.small{font-size:11px}.middle{text-anchor:middle}.lane{stroke:var(--line)}.paper{fill:var(--paper)}
.tick{stroke:var(--line);stroke-dasharray:2 4}
rect.kept{fill:var(--bar);stroke:var(--edge)}
rect.context{fill:var(--faint);stroke:var(--faintedge);stroke-dasharray:4 3}
rect.bad{fill:var(--bad);stroke:var(--badedge);stroke-width:2.5}
"""


def picture(found: Contradiction) -> str:
    """The whole SVG document."""
    shown = found.shown
    places = _places(shown)
    clients = list(dict.fromkeys(one.client for one in shown))
    margin = _LEFT + max(len(client) for client in clients) * _LETTER + 16
    right = margin + max(places.values()) + _STEP
    legend = _wrapped(_LEGEND, int((max(right, 640) - 2 * _LEFT) / _LETTER))
    said = _wrapped(found.said, int((max(right, 640) - 2 * _LEFT) / _LETTER))
    top = _TOP + (len(said) - 1) * _LINE
    bottom = top + len(clients) * _LANE
    width, height = max(right, 640.0) + _LEFT, bottom + 40 + len(legend) * _LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title(found))}">',
        f"<title>{escape(title(found))}</title><style>{_STYLE}</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        f'<text class="title" x="{_LEFT}" y="30">{escape(title(found))}</text>',
        *(_text("said", _LEFT, 52 + at * _LINE, line) for at, line in enumerate(said)),
    ]
    for at, client in enumerate(clients):
        middle = top + at * _LANE + _LANE / 2
        parts.append(
            f'<line class="lane" x1="{margin:.0f}" x2="{right:.0f}" y1="{middle}" y2="{middle}"/>'
            + _text("", _LEFT, middle + 4, client)
        )
    parts += _ticks(shown, places, margin, top, bottom)
    parts += [_bar(one, found, places, margin, top + clients.index(one.client) * _LANE) for one in shown]
    parts += [_text("dim small", _LEFT, bottom + 46 + at * _LINE, line) for at, line in enumerate(legend)]
    return "\n".join([*parts, "</svg>", ""])


_Moment = tuple[int, bool, int]


def _start(one: Operation) -> _Moment:
    return one.called, False, one.number


def _end(one: Operation) -> _Moment:
    """Who never heard of its end has it after everybody else."""
    return (one.returned, True, one.number) if one.returned is not None else (2**63, True, one.number)


def _places(shown: Sequence[Operation]) -> dict[_Moment, float]:
    """Where each call and return stands: in their order, with room between for the words of each bar."""
    places: dict[_Moment, float] = {}
    starts = {_end(one): one for one in shown}
    at = 0.0
    for moment in sorted([*(_start(one) for one in shown), *starts]):
        at += _STEP
        one = starts.get(moment)
        if one is not None:
            longest = max(len(_first_line(one)), len(_second_line(one)))
            at = max(at, places[_start(one)] + longest * _LETTER + 18)
        places[moment] = at
    return places


def _ticks(
    shown: Sequence[Operation], places: dict[_Moment, float], margin: float, top: float, bottom: float
) -> list[str]:
    """Dashed lines at calls and returns, with milliseconds where there is room."""
    begin = min(one.called for one in shown)
    parts, free = [], 0.0
    for moment, place in sorted(places.items()):
        x = margin + place
        parts.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom + 6}"/>')
        words = "never" if moment[0] == 2**63 else milliseconds(moment[0] - begin)
        if x - len(words) * _LETTER / 2 >= free:
            parts.append(
                f'<text class="dim small" text-anchor="middle" x="{x:.1f}" y="{bottom + 20}">{words}</text>'
            )
            free = x + len(words) * _LETTER / 2 + 8
    return parts


def _bar(
    one: Operation, found: Contradiction, places: dict[_Moment, float], margin: float, lane: float
) -> str:
    kept = any(one.number == other.number for other in found.operations)
    kind = "bad" if one.number == found.at.number else "kept" if kept else "context"
    x, end = margin + places[_start(one)], margin + places[_end(one)]
    y = lane + (_LANE - _BAR) / 2
    whole = escape(f"#{one.number} {one.client}: {asked(one)} → {answered(one)}")
    return (
        f'<g><rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{end - x:.1f}" height="{_BAR}" rx="5"/>'
        + _text("", x + 8, y + 17, _first_line(one))
        + _text("dim" if kind == "context" else "", x + 8, y + 32, _second_line(one))
        + f"<title>{whole}</title></g>"
    )


def _first_line(one: Operation) -> str:
    return f"#{one.number} {_cut(asked(one))}"


def _second_line(one: Operation) -> str:
    return f"→ {_cut(answered(one))}"


def _cut(words: str) -> str:
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"


def _text(kind: str, x: float, y: float, words: str) -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text{styled} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _wrapped(words: str, letters: int) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
