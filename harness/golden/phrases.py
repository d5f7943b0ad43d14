"""Impact in words: what an endpoint answered instead of what was due, and what that does to whom."""

from __future__ import annotations

import re

from harness.golden import trouble as t
from harness.golden.harm import Harm, Severity
from harness.golden.trouble import Trouble

SPARED = "the client was seen to go on without it"
"""The effect of what was measured to have none."""

_SHORT = 40  # characters of a value that a sentence may hold
_SEVERAL = re.compile(r"\d+ values|\[")
_VERBS = {
    Severity.DATA_LOSS: "loses data",
    Severity.BREAKS: "breaks",
    Severity.AT_RISK: "is at risk",
    Severity.LOUD: "fails in another way",
}
_NUMBERED = re.compile(r"(\d{3})(?: (\S+))?")


def sentence(client: str, flow: str, harm: Harm) -> str:
    """What happens to whom and why: "AzCopy: resumable upload breaks: Put Block List answers 500 where …"."""
    verb = _VERBS[harm.severity]
    if harm.severity is Severity.DATA_LOSS and not harm.shown:
        verb = "may lose data"
    effect = f", {'but' if harm.effect == SPARED else 'and'} {harm.effect}" if harm.effect else ""
    more = f" and {len(harm.evidence) - 1} more" if len(harm.evidence) > 1 else ""
    return f"{client}: {flow} {verb}: {harm.reason}{effect} ({harm.evidence[0]}{more})"


def phrase(one: Trouble) -> str:
    """What broke: "Put Block List answers 500 where 201 is due"."""
    said = _said(one, one.asked.operation or one.operation)
    if not one.indirect or one.record.startswith(t.GOLDEN):
        return said
    return f"after {one.operation}, {said}"


def _said(one: Trouble, operation: str) -> str:
    if one.refused:
        return f"{one.operation} is not offered ({one.observed})"
    if one.rule is not None:
        return f"{operation} breaks the rule that {_lower(one.says)}"
    if one.about == t.STATUS:
        return f"{operation} answers {_status(one.observed)} where {one.expected} is due"
    what = _what(one.about)
    if what is None:
        return f"{operation} has no whole answer: {one.observed}"
    if one.about.endswith(("Blob/Name", "BlobPrefix/Name")):
        return f"{operation} lists other names than are due"
    if one.expected == "absent":
        return f"{operation} answers with {what}, which is not due"
    if one.missing:
        return f"{operation} answers without {what}"
    if one.about == t.BODY and operation == "Get Blob":
        return f"{operation} gives other bytes than were written"
    if _SEVERAL.match(one.expected) or _SEVERAL.match(one.observed):
        return f"{operation} answers with other {what} elements"
    if max(len(one.expected), len(one.observed)) > _SHORT or one.expected == "present":
        return f"{operation} answers with {_article(what)}"
    return f"{operation} answers with {what} {one.observed} where {one.expected} is due"


def _what(about: str) -> str | None:
    """The name of what a finding is about; None when it is about the answer as a whole."""
    kind, _, rest = about.partition(" ")
    if kind == "header":
        return rest
    if kind == "xml":
        return f"<{rest.rpartition('/')[2].removeprefix('@')}>"
    if about.endswith(" to remember"):
        return kind.rpartition("/")[2]
    if kind == "error":
        return {"Code": "the error code", "Message": "the message", "body": "an error document"}.get(
            rest, rest
        )
    if kind in ("body", "parts", "part"):
        return {"body as XML": "XML", "parts": "parts"}.get(about, about)
    return None


def _article(what: str) -> str:
    return f"other {what[4:]}" if what.startswith("the ") else f"another {what}"


def _status(observed: str) -> str:
    return observed if _NUMBERED.fullmatch(observed) else _short(observed)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 2 * _SHORT else f"{text[: 2 * _SHORT]}…"


def _lower(sentence: str) -> str:
    """A sentence as a clause: names and abbreviations at its beginning stay as they are."""
    text = " ".join(sentence.split()).rstrip(".")
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first.isalpha() and (first[1:].islower() or not first[1:]) else text
