"""The checks of who may come in: nobody without credentials, and we with ours, by the addressing as given."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness.doctor.diagnosis import Check, Fault, Outcome
from harness.doctor.session import Answer, Session
from harness.endpoint import Endpoint, Face, Style
from harness.endpoints.address import is_literal
from harness.endpoints.config import CREDENTIALS_HINT
from harness.endpoints.errors import TokenError
from harness.signing.authorise import effective_auth
from harness.signing.canonical import query_pairs
from harness.signing.delegation import secure_face
from harness.signing.spec import Anonymous, AuthSpec, Bearer, Default, SharedKey

_LIST = "/?comp=list&maxresults=1"
_DATE_REFUSED = re.compile(r"date header too old|request date|RequestTimeTooSkewed", re.IGNORECASE)
_NOT_IN_TIME = re.compile(r"time frame|expired|lifetime", re.IGNORECASE)
_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True, slots=True)
class SasFacts:
    """What a SAS says about itself."""

    start: datetime | None
    expiry: datetime | None
    account: bool  # an account SAS, not one of a container or blob
    resources: str  # srt
    permissions: str  # sp
    protocol: str  # spr


def sas_facts(token: str) -> SasFacts:
    """The fields of a SAS. Times that are no times count as not given."""
    fields = {name.lower(): value for name, value in query_pairs(token)}
    return SasFacts(
        start=_time(fields.get("st")),
        expiry=_time(fields.get("se")),
        account="srt" in fields,
        resources=fields.get("srt", ""),
        permissions=fields.get("sp", ""),
        protocol=fields.get("spr", ""),
    )


def anonymous_refused(endpoint: Endpoint, answer: Answer) -> Check:
    """Whoever has no credentials sees nothing. `answer` is that of an anonymous listing of containers."""
    if effective_auth(Default(), endpoint) == Anonymous():
        return _uncredentialed(answer)
    if answer.status and answer.status < 300:
        return Check(
            "anonymous",
            Outcome.FAIL,
            f"it lists the account's containers to anybody: {answer.said}",
            Fault.ENDPOINT,
            "No client would notice that its credentials are wrong.",
        )
    return Check("anonymous", Outcome.OK, f"refused: {answer.said}")


def _uncredentialed(answer: Answer) -> Check:
    """Without credentials of ours, anonymous requests are all that there is."""
    if answer.status == 200:
        return Check("anonymous", Outcome.NOTE, "no credentials are configured, and none are asked for")
    return Check(
        "anonymous",
        Outcome.FAIL,
        f"no credentials are configured, and anonymous requests are refused: {answer.said}",
        Fault.CREDENTIALS,
        CREDENTIALS_HINT,
    )


def sas_in_time(endpoint: Endpoint, now: datetime) -> Check | None:
    """The configured SAS is valid now, by its own fields; None when no SAS would be used."""
    if effective_auth(Default(), endpoint) != Default() or endpoint.sas is None:
        return None
    facts = sas_facts(endpoint.sas.reveal())
    hint = "Make a new SAS."
    if facts.expiry is not None and facts.expiry <= now:
        return _bad(f"the SAS expired at {facts.expiry:%Y-%m-%d %H:%M:%SZ} (se)", hint)
    if facts.start is not None and facts.start > now:
        return _bad(f"the SAS is valid only from {facts.start:%Y-%m-%d %H:%M:%SZ} on (st)", hint)
    if facts.protocol == "https" and endpoint.url.startswith("http:"):
        return _bad("the SAS is for https only (spr), and the URL says http", "Use the https address.")
    return None


def authentication(session: Session) -> tuple[Check, Answer | None]:
    """Our credentials are accepted: a signed listing of one container."""
    endpoint = session.endpoint
    auth = effective_auth(Default(), endpoint)
    if auth == Anonymous():
        return Check("authentication", Outcome.SKIP, "no credentials are configured"), None
    if (stale := sas_in_time(endpoint, datetime.now(UTC))) is not None:
        return stale, None
    if auth == Default() and endpoint.sas is not None:
        facts = sas_facts(endpoint.sas.reveal())
        if not (facts.account and "s" in facts.resources and "l" in facts.permissions):
            what = "the SAS may not list containers, so it cannot be tried without a container"
            return Check("authentication", Outcome.SKIP, what), None
    face = endpoint.face(secure_face(endpoint)) if isinstance(auth, Bearer) else None
    return _try(session, auth, face)


def bearer_accepted(session: Session) -> Check | None:
    """Where there is a key and a token source: the token is accepted too. None: nothing more to try."""
    endpoint = session.endpoint
    if endpoint.tokens is None or endpoint.key is None:
        return None
    check, _ = _try(session, Bearer(), endpoint.face(secure_face(endpoint)))
    return replace(check, name="bearer")


def addressing(session: Session, works: bool) -> Check:
    """The configured style works, and whether the other one does; or only the other one does."""
    endpoint = session.endpoint
    here = endpoint.style
    auth = effective_auth(Default(), endpoint)
    other = other_face(session)
    if auth == Anonymous() or isinstance(auth, Bearer):
        return Check("addressing", Outcome.SKIP, "only a signed request could tell")
    answer = session.call("GET", _LIST, auth, face=other)
    if works:
        also = "works too" if answer.status == 200 else f"does not ({answer.said})"
        return Check("addressing", Outcome.OK, f"{here} style works; {other.style} style {also}")
    if answer.status == 200:
        return Check(
            "addressing",
            Outcome.FAIL,
            f"{here} style is refused, {other.style} style works",
            Fault.ADDRESSING,
            f"Use {other.url}",
        )
    return Check("addressing", Outcome.SKIP, f"{other.style} style does not work either ({answer.said})")


def other_face(session: Session) -> Face:
    """The same service by the other addressing style, at the same socket address."""
    endpoint = session.endpoint
    wanted = Style.HOST if endpoint.style is Style.PATH else Style.PATH
    main = endpoint.face()
    address = session.address(main)
    for name in endpoint.also:
        face = endpoint.face(name)
        if (face.style, face.scheme, face.address[1]) == (wanted, main.scheme, address[1]):
            return replace(face, address=address)
    if wanted is Style.PATH:
        # By its address, because a host name that begins with the account could only mean host style.
        number = f"[{address[0]}]" if ":" in address[0] else address[0]
        return replace(
            main,
            name="path",
            authority=f"{number}:{address[1]}",
            address=address,
            prefix=f"/{endpoint.account}",
            style=wanted,
        )
    port = main.authority.rpartition(":")[2]
    suffix = f":{port}" if main.authority.endswith(f":{port}") and port.isdigit() else ""
    host = main.server_name
    # An IP address takes no labels in front of it; any host name with "blob" in it says the same.
    domain = "blob.localhost" if is_literal(host) else host
    named = f"{endpoint.account}.{domain}"
    return replace(main, name="host", authority=f"{named}{suffix}", prefix="", style=wanted)


def _try(session: Session, auth: AuthSpec, face: Face | None) -> tuple[Check, Answer | None]:
    try:
        answer = session.call("GET", _LIST, auth, face=face)
    except TokenError as error:
        return _bad(error.what, error.hint), None
    if answer.response is None:
        what = f"no answer to a signed request: {answer.said}"
        return Check("authentication", Outcome.FAIL, what, Fault.NETWORK, "Try again."), answer
    if answer.status == 200:
        return Check("authentication", Outcome.OK, f"{_credential(auth)} accepted"), answer
    if answer.status in (401, 403):
        return _refused(session.endpoint, auth, answer), answer
    if answer.status == 404:
        what = f"account {session.endpoint.account} is not there: {answer.said}"
        return _bad(what, "Check the account's name and the addressing style."), answer
    what = f"a signed listing is answered {answer.said}"
    return Check("authentication", Outcome.FAIL, what, Fault.ENDPOINT, "It should be 200."), answer


def _refused(endpoint: Endpoint, auth: AuthSpec, answer: Answer) -> Check:
    about = answer.detail or answer.text
    if _DATE_REFUSED.search(about):
        return Check(
            "authentication",
            Outcome.FAIL,
            f"refused for its date: {answer.said}",
            Fault.CLOCK,
            "Set the clock of whichever is wrong (NTP).",
        )
    if answer.code == "AuthorizationPermissionMismatch":
        return _bad(f"{_credential(auth)} may not list containers: {answer.said}", "Grant it more.")
    if auth == Default() and _NOT_IN_TIME.search(about):
        return _bad(f"the SAS is not valid now, says the endpoint: {answer.said}", "Make a new SAS.")
    if auth == Default():
        return _bad(f"the SAS is refused: {answer.said}", "Copy the whole SAS, or make a new one.")
    if isinstance(auth, Bearer):
        return _bad(
            f"the bearer token is refused: {answer.said}", "Check tenant, audience and role assignments."
        )
    return _bad(
        f"the key is not the key of account {endpoint.account}: {answer.said}", "Check account and key."
    )


def _credential(auth: AuthSpec) -> str:
    if isinstance(auth, SharedKey):
        return "the account key"
    return "the bearer token" if isinstance(auth, Bearer) else "the SAS"


def _bad(what: str, hint: str) -> Check:
    return Check("authentication", Outcome.FAIL, what, Fault.CREDENTIALS, hint)


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
