"""The checks below Blob: name resolution, TCP, TLS, and whether what answers is a Blob service at all."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from email.utils import parsedate_to_datetime

from harness.doctor.diagnosis import Check, Fault, Outcome
from harness.doctor.session import Answer, Session
from harness.endpoint import Face
from harness.endpoints.address import is_literal
from harness.exchange import header
from harness.signing.spec import Anonymous
from harness.wire.dial import tls_context

_SKEW_NOTED = 60.0  # seconds
_SKEW_REFUSED = 15 * 60.0  # what the service itself tolerates
_ALERT = ascii("\x15\x03")[:-1]  # how the codec shows a TLS alert that comes instead of a status line
_HTTPS_WANTED = re.compile(r"https|SSL-enabled|TLS", re.IGNORECASE)


def name_resolution(session: Session, face: Face) -> Check:
    """The host name has an address."""
    name = "name"
    host, port = face.address
    if is_literal(host) and host != "localhost":
        return Check(name, Outcome.OK, f"connects to {host} without resolving a name")
    found: list[str] = []
    problem: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except OSError as error:
            problem.append(error.strerror or str(error))

    # The resolver has no time-out of its own that we could set, so it runs where nobody waits for it.
    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(session.left())
    if found:
        # An IPv4 address first: many test servers listen on nothing else.
        best = min(found, key=lambda address: ":" in address)
        session.addresses[host] = (best, port)
        return Check(name, Outcome.OK, f"{host} is {best}")
    why = problem[0] if problem else f"no answer within {session.patience:g} s"
    return Check(
        name,
        Outcome.FAIL,
        f"the host name {host} cannot be resolved: {why}",
        Fault.NETWORK,
        "Check the URL, or say where to connect in a TOML file: connect.",
    )


def tcp(session: Session, face: Face) -> Check:
    """Somebody listens there."""
    host, port = session.address(face)
    try:
        socket.create_connection((host, port), session.left()).close()
    except TimeoutError:
        return Check(
            "tcp",
            Outcome.FAIL,
            f"no TCP connection to {host} port {port} within {session.patience:g} s",
            Fault.NETWORK,
            "A firewall, or a wrong address.",
        )
    except OSError as error:
        return Check(
            "tcp",
            Outcome.FAIL,
            f"nobody listens at {host} port {port}: {error.strerror or error}",
            Fault.NETWORK,
            "Is the server running? Check host and port.",
        )
    return Check("tcp", Outcome.OK, f"{host} port {port} accepts connections")


def tls(session: Session, face: Face) -> Check:
    """A TLS session can be had, where HTTPS was said."""
    if face.scheme == "http":
        return Check("tls", Outcome.OK, "plain HTTP, as the URL says")
    context = tls_context(session.endpoint.ca_file)
    try:
        with (
            socket.create_connection(session.address(face), session.left()) as plain,
            context.wrap_socket(plain, server_hostname=face.server_name) as secured,
        ):
            return Check("tls", Outcome.OK, f"{secured.version()}, certificate trusted")
    except ssl.SSLCertVerificationError as error:
        return Check(
            "tls",
            Outcome.FAIL,
            f"the certificate of {face.server_name} is not trusted: {error.verify_message}",
            Fault.TLS,
            "Give the authority's certificate in a TOML file: ca_file.",
        )
    except TimeoutError:
        return Check(
            "tls",
            Outcome.FAIL,
            f"no TLS handshake within {session.patience:g} s",
            Fault.TLS,
            "Is this port an HTTPS port?",
        )
    except OSError as error:  # ssl.SSLError is one
        if _speaks_plain_http(session, face):
            return Check(
                "tls",
                Outcome.FAIL,
                f"the URL says https, but {face.authority} speaks plain HTTP",
                Fault.TLS,
                f"Try {face.url.replace('https:', 'http:', 1)}",
            )
        words = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        return Check(
            "tls",
            Outcome.FAIL,
            f"the TLS handshake failed: {words or error}",
            Fault.TLS,
            "Is this port an HTTPS port?",
        )


def blob_service(session: Session, face: Face) -> tuple[Check, Answer]:
    """What answers there is a Blob service: an anonymous listing shows its marks."""
    answer = session.call("GET", "/?comp=list&maxresults=1", Anonymous(), face=face)
    response = answer.response
    if response is None:
        return _no_http(session, face, answer), answer
    server = header(response.headers, "Server")
    named = f" (Server: {server})" if server else ""
    if _marks(answer):
        return Check("service", Outcome.OK, f"a Blob service{named}"), answer
    if face.scheme == "http" and response.status == 400 and _HTTPS_WANTED.search(answer.text):
        return _wants_https(face), answer
    moved = header(response.headers, "Location")
    hint = f"It redirects to {moved}." if moved else "Check host and port: nothing of Blob is in its answer."
    return (
        Check(
            "service",
            Outcome.FAIL,
            f"{face.authority} is no Blob service{named}: it answers {answer.said}",
            Fault.SERVICE,
            hint,
        ),
        answer,
    )


def clock(answer: Answer) -> Check:
    """Both clocks agree."""
    said = header(answer.response.headers, "Date") if answer.response else None
    if said is None:
        return Check("clock", Outcome.SKIP, "the answer has no Date header")
    try:
        theirs = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return Check("clock", Outcome.SKIP, f"its Date header is no date: {said[:40]!r}")
    ours = answer.exchange.started + answer.exchange.elapsed / 2
    skew = theirs - ours
    if abs(skew) <= _SKEW_NOTED:
        return Check("clock", Outcome.OK, f"within {max(2.0, abs(skew)):.0f} s of ours")
    direction = "ahead of" if skew > 0 else "behind"
    what = f"the endpoint's clock is {_span(abs(skew))} {direction} ours"
    if abs(skew) <= _SKEW_REFUSED:
        return Check("clock", Outcome.NOTE, what, hint="Signed requests tolerate 15 minutes.")
    return Check("clock", Outcome.FAIL, what, Fault.CLOCK, "Set the clock of whichever is wrong (NTP).")


def _marks(answer: Answer) -> bool:
    response = answer.response
    assert response is not None
    named = any(header(response.headers, name) for name in ("x-ms-request-id", "x-ms-version"))
    xml = "<EnumerationResults" in answer.text or ("<Error>" in answer.text and "<Code>" in answer.text)
    return named or (xml and "RequestId:" in answer.text)


def _no_http(session: Session, face: Face, answer: Answer) -> Check:
    failure = answer.exchange.failure or ""
    # A TLS server answers a plain request with an alert, or closes; anything else needs no second look.
    perhaps_tls = failure.startswith(("closed-early", "reset")) or _ALERT in failure
    if face.scheme == "http" and perhaps_tls and _speaks_tls(session, face):
        return _wants_https(face)
    if failure.startswith("timeout"):
        return Check(
            "service",
            Outcome.FAIL,
            f"{face.authority} accepts connections but does not answer within {session.patience:g} s",
            Fault.NETWORK,
            "Is it overloaded, or no HTTP server?",
        )
    if failure.startswith("protocol"):
        return Check(
            "service",
            Outcome.FAIL,
            f"{face.authority} does not speak HTTP: {failure.partition(': ')[2]}",
            Fault.SERVICE,
            "Check host and port.",
        )
    return Check(
        "service", Outcome.FAIL, f"{face.authority} gave no answer: {failure}", Fault.NETWORK, "Try again."
    )


def _wants_https(face: Face) -> Check:
    return Check(
        "service",
        Outcome.FAIL,
        f"the URL says http, but {face.authority} speaks HTTPS",
        Fault.TLS,
        f"Try {face.url.replace('http:', 'https:', 1)}",
    )


def _speaks_plain_http(session: Session, face: Face) -> bool:
    """Whether a plain request gets an HTTP answer that does not itself ask for TLS."""
    answer = _first_bytes(
        session, face, f"HEAD / HTTP/1.1\r\nHost: {face.authority}\r\nConnection: close\r\n\r\n"
    )
    return answer.startswith(b"HTTP/") and not _HTTPS_WANTED.search(answer.decode("latin-1"))


def _first_bytes(session: Session, face: Face, request: str) -> bytes:
    try:
        with socket.create_connection(session.address(face), session.left()) as plain:
            plain.settimeout(session.left())
            plain.sendall(request.encode("latin-1"))
            return plain.recv(4096)
    except OSError:
        return b""


def _speaks_tls(session: Session, face: Face) -> bool:
    """Whether a TLS handshake succeeds when nobody asks whose certificate it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(session.address(face), session.left()) as plain:
            context.wrap_socket(plain, server_hostname=face.server_name).close()
            return True
    except OSError:
        return False


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def timed(check: Check, started: float) -> Check:
    """The same check with its duration; `started` is from `time.monotonic`."""
    return Check(
        check.name, check.outcome, check.what, check.fault, check.hint, round(time.monotonic() - started, 4)
    )
