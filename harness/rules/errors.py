"""Wire rules for refusals: code, body, content type, challenge."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.cases.recipes import crc64_base64, md5_base64
from harness.judge.xml import NotXmlError
from harness.rules.codes import ANY_STATUS, DOCUMENTED, ELEMENTS, KNOWN, RECORDED
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
    return view.refused and not view.bodyless and not view.before_the_service


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


_TIME = re.compile(r"\nTime:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def _bad_time(view: View) -> Broken | None:
    message = _document(view).findtext("Message") or ""
    if _TIME.search(message):
        return None
    return Broken("Time:YYYY-MM-DDThh:mm:ss.fffffffZ", message.rpartition("\n")[2] or "no Message")


def _document(view: View) -> ElementTree.Element:
    assert isinstance(view.xml, ElementTree.Element)
    return view.xml


def _is_document(view: View) -> bool:
    """A body that is no error document is for the rule about the document."""
    return _has_body(view) and (
        view.response.body.data is None
        or (isinstance(view.xml, ElementTree.Element) and view.xml.tag == "Error")
    )


def _out_of_order(view: View) -> Broken | None:
    first = [child.tag for child in _document(view)][:2]
    return (
        None if first == ["Code", "Message"] else Broken("Code, then Message", ", ".join(first) or "nothing")
    )


def _other_phrase(view: View) -> Broken | None:
    message = (_document(view).findtext("Message") or "").partition("\n")[0]
    said = view.response.reason
    return None if said == message else Broken(message or "the first line of a Message", said or "nothing")


def _lacking(view: View) -> Broken | None:
    wanted = ELEMENTS[str(view.code)]
    missing = [name for name in wanted if _document(view).find(name) is None]
    return Broken(", ".join(wanted), f"no {', '.join(missing)}") if missing else None


def _is_short(view: View) -> bool:
    """The shape of the service's newer parts: a line break behind the declaration, and fewer elements."""
    compared = view.code not in _MISMATCHES or view.who.operation in (*_CHECKED, "Put Block From URL")
    return not compared or b"?>\n<Error" in (view.response.body.data or b"")[:80]


def _other_value(view: View) -> Broken | None:
    document = _document(view)
    name, said = document.findtext("QueryParameterName"), document.findtext("QueryParameterValue")
    asked = view.who.query.get((name or "").lower())
    if asked is not None and said is not None and said != asked and _fits_xml(asked):
        return Broken(f"QueryParameterValue {asked}", said or "empty")
    name, said = document.findtext("HeaderName"), document.findtext("HeaderValue")
    asked = view.asked(name) if name else None
    if asked is not None and said is not None and said.strip() != asked.strip():
        return Broken(f"HeaderValue {asked}", said or "empty")
    return None


def _fits_xml(text: str) -> bool:
    """Whether XML can hold it as it is; what a server writes else is its own choice."""
    return all(character >= " " for character in text) and text == text.strip()


def _tells_a_value(view: View) -> bool:
    return _is_document(view) and view.code in (
        "InvalidHeaderValue",
        "InvalidQueryParameterValue",
        "OutOfRangeQueryParameterValue",
    )


_MISMATCHES = {
    "Md5Mismatch": ("Md5", "Content-MD5", md5_base64),
    "Crc64Mismatch": ("Crc", "x-ms-content-crc64", crc64_base64),
}
_CHECKED = frozenset({"Put Blob", "Put Block", "Put Block List", "Append Block"})


def _other_hashes(view: View) -> Broken | None:
    kind, header, computed = _MISMATCHES[str(view.code)]
    sent, document = view.asked(header), _document(view)
    if kind == "Md5" and view.who.operation == "Put Blob":
        sent = view.asked("x-ms-blob-content-md5") or sent  # the one that is looked at first
    if sent is not None and document.findtext(f"UserSpecified{kind}") != sent:
        return Broken(f"UserSpecified{kind} {sent}", document.findtext(f"UserSpecified{kind}") or "absent")
    wanted = computed(view.exchange.request.body.data or b"")
    said = document.findtext(f"ServerCalculated{kind}")
    return None if said == wanted else Broken(f"ServerCalculated{kind} {wanted}", said or "absent")


def _other_status(view: View) -> Broken | None:
    code = str(view.code)
    wanted = sorted(RECORDED.get(code) or DOCUMENTED[code])
    return (
        None
        if view.status in wanted
        else Broken(f"{' or '.join(map(str, wanted))} for {code}", str(view.status))
    )


def _unknown_code(view: View) -> Broken | None:
    return None if view.code in KNOWN else Broken("a code of Azure's list", str(view.code))


def _bad_wait(view: View) -> Broken | None:
    said = view.get("Retry-After") or ""
    return None if said.isdecimal() and int(said) <= 60 else Broken("0 to 60 seconds", said or "empty")


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
        ("errors.document", "versions.error-code-header", "errors.not-modified"),
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
        "error-time",
        Level.EXPECTED,
        "The time in a Message is UTC, to seven digits of a second.",
        ("reference/4.1",),
        ("errors.shape",),
        _is_document,
        _bad_time,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-order",
        Level.EXPECTED,
        "Code and Message come first in the document of an error.",
        ("reference/4.1",),
        ("errors.shape",),
        _is_document,
        _out_of_order,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-phrase",
        Level.EXPECTED,
        "The reason phrase of a refusal is the first line of its Message.",
        ("reference/4.1",),
        ("errors.reason-phrase",),
        lambda view: (
            _is_document(view)
            and view.response.http_version.startswith("HTTP/1")
            and view.code not in ANY_STATUS
        ),
        _other_phrase,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-status",
        Level.REQUIRED,
        "An error code comes with a status that the service was seen to answer it with.",
        ("reference/4.4",),
        ("errors.status-of-code",),
        lambda view: view.refused and view.code in RECORDED,
        _other_status,
    ),
    Rule(
        "documented-error-status",
        Level.EXPECTED,
        "An error code that was never recorded comes with the status that documentation gives it.",
        ("reference/4.4",),
        ("errors.status-of-code",),
        lambda view: view.refused and view.code in DOCUMENTED,
        _other_status,
    ),
    Rule(
        "known-error",
        Level.EXPECTED,
        "An error code is one of Azure's.",
        ("reference/4.4",),
        ("wire.known-error",),
        lambda view: view.refused and view.code is not None,
        _unknown_code,
    ),
    Rule(
        "error-elements",
        Level.EXPECTED,
        "The document of an error has the elements of its code, but for the shorter shape of newer parts.",
        ("reference/4.3",),
        (
            "errors.invalid-header-value",
            "errors.missing-header",
            "errors.invalid-query",
            "errors.out-of-range-query",
            "errors.missing-query",
            "errors.invalid-xml",
            "limits.error",
            "checksums.md5-details",
            "checksums.crc64-details",
        ),
        lambda view: _is_document(view) and view.code in ELEMENTS and not _is_short(view),
        _lacking,
        frozenset({Fact.BODY}),
    ),
    Rule(
        "error-values",
        Level.EXPECTED,
        "An error that names a header or a query parameter tells the value that was sent.",
        ("reference/4.3",),
        ("errors.invalid-header-value", "errors.invalid-query"),
        _tells_a_value,
        _other_value,
        frozenset({Fact.BODY, Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "mismatch-hashes",
        Level.EXPECTED,
        "A mismatch tells the hash that was sent and that of what arrived.",
        ("reference/1.11", "recorded/A12"),
        ("checksums.md5-details", "checksums.crc64-details"),
        lambda view: (
            _is_document(view)
            and view.code in _MISMATCHES
            and view.who.operation in _CHECKED
            and view.asked("x-ms-structured-body") is None
            and not _is_short(view)
        ),
        _other_hashes,
        frozenset({Fact.BODY, Fact.REQUEST_HEADERS, Fact.REQUEST_BODY}),
    ),
    Rule(
        "retry-after",
        Level.EXPECTED,
        "A refusal that asks a client to wait says so in seconds, 60 at most.",
        ("reference/4.2",),
        ("errors.retry-after",),
        lambda view: view.refused and view.get("Retry-After") is not None,
        _bad_wait,
    ),
    Rule(
        "error-type",
        Level.REQUIRED,
        "A refusal with a body is application/xml.",
        ("reference/4.1",),
        ("wire.xml-type", "errors.content-type"),
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
        ("authentication.challenge", "authentication.challenge-fields", "authentication.bearer-refused"),
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
