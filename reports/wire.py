"""One recorded exchange as a listing: heads exactly as on the wire, bodies as text or hex, lines marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from harness.exchange import Headers
from harness.redact import redact_headers, redact_text
from harness.results.finding import Finding
from reports.evidence import Json
from reports.marks import Marks, marks
from reports.text import hex_dump, visible

TEXT_LIMIT = 1500  # characters of a body that are shown
HEX_LIMIT = 64  # bytes of a binary body that are shown
REPEATED = 256  # bytes of a body from which on it is shown only once
HEX_LIMIT_MARKED = 128  # and when a finding is about that body


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a listing; `mark` says what is wrong with it, in a word, or is empty."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One exchange, ready to be shown."""

    index: int
    step: str
    request: tuple[Segment, ...]
    response: tuple[Segment, ...]
    facts: tuple[str, ...]  # time, framing, where it was seen
    failure: str | None
    anomalies: tuple[str, ...]  # what was wrong with the answer's form
    broken: str  # "differs" or "decides" when a finding is about this exchange, else empty

    @property
    def title(self) -> str:
        """Which exchange this is: its step and its two first lines, without the versions."""
        step = self.step or f"exchange {self.index + 1}"
        step = step if step[:1].isalpha() else f"step {step}"
        request = _first_line(self.request).removesuffix(" HTTP/1.1")
        status = _first_line(self.response).partition(" ")[2]
        return f"{step}: {request}" + (f" → {status}" if status else "")

    @property
    def size(self) -> int:
        """Characters this listing takes in a page, escapes and marking included."""
        return (
            sum(len(escape(one.text)) + 40 * bool(one.mark) for one in (*self.request, *self.response)) + 400
        )


def listing(exchange: Json, index: int, findings: Sequence[Finding], seen: set[str]) -> Listing:
    """The listing of one exchange of a wire file, with what the broken findings are about marked.

    A long body whose digest is in `seen` is not shown again; digests of the bodies shown are added.
    """
    request = _mapping(exchange.get("request"))
    response = _mapping(exchange.get("response"))
    about = [finding for finding in findings if finding.exchange == index and not finding.held]
    elapsed = exchange.get("elapsed")
    facts = [
        f"{elapsed * 1000:,.1f} ms" if isinstance(elapsed, int | float) else "",
        f"body framed by {response['framing']}" if response.get("framing") else "",
        f"seen by {exchange['fidelity']}" if exchange.get("fidelity") else "",
    ]
    return Listing(
        index=index,
        step=str(exchange.get("step") or ""),
        request=_merge(_message(request, Marks(), seen)),
        response=_merge(_message(response, marks(about, _headers(response)), seen)) if response else (),
        facts=tuple(fact for fact in facts if fact),
        failure=str(exchange["failure"]) if exchange.get("failure") else None,
        anomalies=tuple(str(one) for one in exchange.get("anomalies") or ()),
        broken=marks(about, ()).word if about else "",
    )


def _message(message: Mapping[str, Any], marks: Marks, seen: set[str]) -> Iterable[Segment]:
    line = _line(redact_text(str(message.get("line") or "")))
    yield Segment(line, marks.word if marks.line else "")
    yield Segment("\n")
    for name, value in _headers(message):
        yield Segment(_line(f"{name}: {value}"), marks.word if name.lower() in marks.present else "")
        yield Segment("\n")
    for name in marks.absent:
        yield Segment(_line(f"{name}:"), "absent")
        yield Segment("\n")
    yield from _body(_mapping(message.get("body")), marks, seen)


def _body(body: Mapping[str, Any], marks: Marks, seen: set[str]) -> Iterable[Segment]:
    length, digest = body.get("length"), str(body.get("sha256", ""))
    word = marks.word if marks.body else ""
    if not isinstance(length, int) or length == 0:
        if word:
            yield Segment("\n")
            yield Segment("(empty body)", word)
        return
    yield Segment("\n")
    text, raw = body.get("text"), _bytes(body.get("hex"))
    if not word and length >= REPEATED and digest in seen:
        yield Segment(f"({length:,} bytes, the same as above, sha256 {digest})")
        return
    seen.add(digest)
    if isinstance(text, str) and text:
        shown = visible(redact_text(text[:TEXT_LIMIT]))
        yield from _marked_text(shown, marks) if word else [Segment(shown)]
        if len(text) > TEXT_LIMIT or length > len(text.encode("utf-8", "surrogatepass")):
            yield Segment(f"\n… {length:,} bytes in all, sha256 {digest}")
        return
    data = raw[: HEX_LIMIT_MARKED if word else HEX_LIMIT]
    if data:
        yield Segment(hex_dump(data), word)
    if length > len(data):
        part = f"… first {len(data):,} of {length:,} bytes" if data else f"({length:,} bytes, not kept)"
        yield Segment(f"\n{part}, sha256 {digest}")


def _marked_text(text: str, marks: Marks) -> Iterable[Segment]:
    """The body with what was observed marked where it stands; all of a short body when it stands nowhere."""
    for observed in marks.observed:
        at = text.find(observed) if len(observed) >= 3 else -1
        if at >= 0:
            end = at + len(observed)
            return [Segment(text[:at]), Segment(text[at:end], marks.word), Segment(text[end:])]
    return [Segment(text, marks.word if len(text) <= 300 else "")]


def _first_line(segments: Sequence[Segment]) -> str:
    return segments[0].text.partition("\n")[0] if segments else ""


def _merge(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbours without a mark become one segment, and empty ones go, so that a page stays small."""
    merged: list[Segment] = []
    for segment in segments:
        if not segment.text:
            continue
        if merged and not segment.mark and not merged[-1].mark:
            merged[-1] = Segment(merged[-1].text + segment.text)
        else:
            merged.append(segment)
    return tuple(merged)


def _line(text: str) -> str:
    """One line of a head: a line break inside it is shown, never obeyed."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _headers(message: Mapping[str, Any]) -> Headers:
    pairs = message.get("headers")
    if not isinstance(pairs, list):
        return ()
    listed = [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    return redact_headers(tuple(listed))  # the writer did; a page that travels is worth a second look


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _bytes(value: object) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
