"""Wire rules for refusals: code, body, content type, challenge."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.judge.xml import NotXmlError
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_BOM = b"\xef\xbb\xbf"
_CODES_SINCE = "2017-11-09"
_CHALLENGE_SINCE = "2019-12-12"
_CHALLENGED = frozenset({"NoAuthenticationInformation", "InvalidAuthenticationInfo"})


def _no_code(view: View) -> Broken | None:
    said = view.all("x-ms-error-code")
    return None if len(said) == 1 and said[0] else Broken("one code", ", ".join(said) or "absent")


def _has_body(view: View) -> bool:
    return view.refused and not view.bodyless


def _sent_body(view: View) -> bool:
    """A body that is missing is for the rule about the body: it has no type to be wrong."""
    return _has_body(view) and view.response.body.length > 0


def _bad_body(view: View) -> Broken | None:
    said = view.get("x-ms-error-code")
    wanted = f"an XML Error with Code {said}" if said else "an XML Error with a Code"
    if isinstance(view.xml, NotXmlError):
        return Broken(wanted, str(view.xml))
    if view.xml.tag != "Error":
        return Broken(wanted, f"an XML {view.xml.tag}")
    code = view.xml.findtext("Code")
    if not code or (said is not None and code != said):
        return Broken(wanted, f"Code {code}" if code else "no Code")
    return None


def _no_message(view: View) -> Broken | None:
    said = view.get("x-ms-request-id")
    message = view.xml.findtext("Message") if isinstance(view.xml, ElementTree.Element) else None
    if message and (said is None or f"RequestId:{said}" in message) and "\nTime:" in message:
        return None
    shown = message.replace("\n", " ") if message else "absent"
    return Broken("a Message that ends in RequestId and Time", shown)


def _bad_type(view: View) -> Broken | None:
    said = view.get("Content-Type")
    kind = (said or "").partition(";")[0].strip().lower()
    return None if kind == "application/xml" else Broken("application/xml", said or "absent")


def _no_bom(view: View) -> Broken | None:
    data = view.response.body.data or b""
    return None if data.startswith(_BOM) else Broken("EF BB BF", data[:3].hex(" ").upper() or "no body")


def _typed_head(view: View) -> Broken | None:
    said = view.get("Content-Type")
    return None if said is None else Broken("absent", said)


def _no_challenge(view: View) -> Broken | None:
    said = view.get("WWW-Authenticate")
    if said and said.startswith("Bearer") and "authorization_uri=" in said and "resource_id=" in said:
        return None
    return Broken("Bearer authorization_uri=… resource_id=…", said or "absent")


def _validators(view: View) -> Broken | None:
    found = [name for name in ("ETag", "Last-Modified", "Content-Type") if view.get(name) is not None]
    return Broken("none of ETag, Last-Modified, Content-Type", ", ".join(found)) if found else None


RULES = (
    Rule(
        "error-code",
        Level.REQUIRED,
        "Every refusal names its code in x-ms-error-code, from version 2017-11-09 on.",
        ("reference/4.1",),
        ("errors.document",),
        lambda view: (view.refused or view.status == 304) and view.version >= _CODES_SINCE,
        _no_code,
    ),
    Rule(
        "error-body",
        Level.REQUIRED,
        "The body of a refusal is an XML Error whose Code is the one in the header.",
        ("reference/4.1",),
        ("errors.document",),
        _has_body,
        _bad_body,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-message",
        Level.EXPECTED,
        "The Message of a refusal ends with the request id and the time.",
        ("reference/4.1",),
        ("errors.document",),
        _has_body,
        _no_message,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-type",
        Level.REQUIRED,
        "A refusal with a body is application/xml.",
        ("reference/4.1",),
        ("wire.xml-type",),
        _sent_body,
        _bad_type,
    ),
    Rule(
        "xml-bom",
        Level.EXPECTED,
        "XML bodies begin with a UTF-8 byte-order mark.",
        ("reference/1.0",),
        ("wire.byte-order-mark",),
        lambda view: _sent_body(view) and view.may_be_xml,
        _no_bom,
        frozenset({Fact.BYTES}),
    ),
    Rule(
        "head-error-type",
        Level.EXPECTED,
        "A refused HEAD has no Content-Type.",
        ("reference/1.0",),
        ("errors.head",),
        lambda view: view.refused and view.method == "HEAD",
        _typed_head,
    ),
    Rule(
        "challenge",
        Level.EXPECTED,
        "A 401 for missing or bad credentials says where a token can be had, from version 2019-12-12 on.",
        ("reference/3.3",),
        ("authentication.challenge",),
        # A 401 that only mirrors a copy source's answer is about other credentials.
        lambda view: view.status == 401 and view.code in _CHALLENGED and view.version >= _CHALLENGE_SINCE,
        _no_challenge,
    ),
    Rule(
        "not-modified",
        Level.EXPECTED,
        "A 304 carries neither ETag nor Last-Modified nor Content-Type.",
        ("reference/1.2",),
        ("wire.not-modified",),
        lambda view: view.status == 304 and view.who.operation in ("Get Blob", "Get Blob Properties"),
        _validators,
    ),
)
