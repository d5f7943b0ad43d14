"""The checks of the service itself: its version, and the simplest operations in a container of our own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from harness.doctor.diagnosis import Check, Fault, Outcome
from harness.doctor.session import Answer, NoTimeError, Session
from harness.exchange import Headers, header
from harness.signing.authorise import effective_auth
from harness.signing.delegation import secure_face
from harness.signing.spec import AuthSpec, Bearer, Default

PREFIX = "blobproof-doctor-"
"""What the doctor's containers are called, so that `sweep` finds what a crash left behind."""

_OLDER = "2021-12-02"
_BODY = b"blobproof doctor\n"
_BUSY = (503, 429)


def version_accepted(session: Session, answer: Answer) -> Check:
    """The service accepts the version that our requests name. `answer` is that of a signed request."""
    wanted = session.endpoint.version
    refused = answer.status == 400 and answer.code == "InvalidHeaderValue" and "x-ms-version" in answer.text
    if not refused:
        echoed = header(answer.response.headers, "x-ms-version") if answer.response else None
        if echoed == wanted:
            return Check("version", Outcome.OK, f"{wanted} accepted")
        return Check("version", Outcome.NOTE, f"{wanted} accepted, but the answer says {echoed or 'none'}")
    older = session.call("GET", "/?comp=list&maxresults=1", Default(), version=_OLDER)
    hint = f'It accepts {_OLDER}: set version = "{_OLDER}" in a TOML file.' if older.status == 200 else None
    return Check(
        "version", Outcome.FAIL, f"it refuses x-ms-version {wanted}: {answer.said}", Fault.VERSION, hint
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation, and what must come back."""

    name: str
    method: str
    path: str
    status: int
    headers: Headers = ()
    body: bytes = b""
    wanted: bytes | None = None  # must be in the answer's body; for Get Blob: must be all of it


def minimal_crud(session: Session) -> Check:
    """Create, put, get, list and delete in a new container, which is gone afterwards."""
    auth = effective_auth(Default(), session.endpoint)
    container = f"{PREFIX}{secrets.token_hex(6)}"
    created = False
    try:
        for step in _steps(container):
            answer = _call(session, step, auth)
            if step.name == "Create Container":
                created = answer.response is None or answer.status == step.status
            if (problem := _problem(step, answer)) is not None:
                return problem
            if step.name == "Delete Container":
                created = False
    finally:
        if created:
            _clean_up(session, container, auth)
    return Check("operations", Outcome.OK, "create, put, get, list and delete work")


def _steps(container: str) -> Iterator[_Step]:
    blob = f"/{container}/doctor.txt"
    put: Headers = (("x-ms-blob-type", "BlockBlob"), ("Content-Type", "text/plain"))
    listing = f"/{container}?restype=container&comp=list&prefix=doctor"
    yield _Step("Create Container", "PUT", f"/{container}?restype=container", 201)
    yield _Step("Put Blob", "PUT", blob, 201, put, _BODY)
    yield _Step("Get Blob", "GET", blob, 200, wanted=_BODY)
    yield _Step("List Blobs", "GET", listing, 200, wanted=b"<Name>doctor.txt</Name>")
    yield _Step("Delete Blob", "DELETE", blob, 202)
    yield _Step("Delete Container", "DELETE", f"/{container}?restype=container", 202)


def _call(session: Session, step: _Step, auth: AuthSpec) -> Answer:
    face = session.endpoint.face(secure_face(session.endpoint)) if isinstance(auth, Bearer) else None
    return session.call(step.method, step.path, auth, face=face, headers=step.headers, body=step.body)


def _problem(step: _Step, answer: Answer) -> Check | None:
    if answer.response is None or answer.status in _BUSY:
        return Check(
            "operations",
            Outcome.FAIL,
            f"{step.name} had no result: {answer.said}",
            Fault.NETWORK,
            "Is it overloaded? Try again.",
        )
    if answer.status == 403 and answer.code is not None and answer.code.startswith("Authorization"):
        return Check(
            "operations",
            Outcome.FAIL,
            f"the credentials do not allow {step.name}: {answer.said}",
            Fault.CREDENTIALS,
            "The suites need to create, write, read, list and delete.",
        )
    if answer.status != step.status:
        what = f"{step.name} is answered {answer.said} instead of {step.status}"
        return Check("operations", Outcome.FAIL, what, Fault.ENDPOINT, "Look at the endpoint's own log.")
    got = answer.response.body.data or b""
    if step.wanted is not None and (
        got != step.wanted if step.name == "Get Blob" else step.wanted not in got
    ):
        what = f"{step.name} does not give back what was written"
        return Check("operations", Outcome.FAIL, what, Fault.ENDPOINT, "Look at the endpoint's own log.")
    return None


def _clean_up(session: Session, container: str, auth: AuthSpec) -> None:
    """Best effort: what stays behind carries the prefix that `sweep` removes."""
    try:
        _call(session, _Step("Delete Container", "DELETE", f"/{container}?restype=container", 202), auth)
    except NoTimeError:
        return
