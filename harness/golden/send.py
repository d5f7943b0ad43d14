"""Making one request of a golden spec: byte for byte as the client sent it, signed for the target anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from harness.cases.case import BatchPart, Step
from harness.cases.recipes import crc64_base64, md5_base64, render_body
from harness.cases.template import Scope, render, render_target
from harness.endpoint import Endpoint, Face
from harness.exchange import Headers, header
from harness.execute import CONTINUE_SECONDS, rendered_auth
from harness.golden.spec import GoldenSpec, Place
from harness.golden.ways import Asked, Way, credential, settled
from harness.rules.identify import identify
from harness.signing import AuthSpec, authorise, face_for, parse_auth
from harness.signing.authorise import effective_auth
from harness.signing.canonical import http_date
from harness.signing.spec import Bearer, Default, SharedKey
from harness.wire.message import WireRequest

_MARK = "{authorization}"


@dataclass(frozen=True, slots=True)
class Manner:
    """How the requests of one replay are signed, and where they go."""

    endpoint: Endpoint
    way: Way  # settled
    signed: str  # how the client signed
    place: Place = "last"

    def auth(self, method: str, target: str, headers: Headers, said: Any, scope: Scope) -> AuthSpec:
        """The credentials of a request; `target` is relative to the account, `said` what its step says."""
        if said != "default":
            return parse_auth(rendered_auth(said, scope))
        who = identify(method, target, headers)
        first, slash, _ = target.partition("?")[0].removeprefix("/").partition("/")
        source = header(headers, "x-ms-copy-source")
        asked = Asked(
            who,
            container=unquote(first) if slash else who.container,
            bare_source=source is not None and "{source-sas" not in source,
        )
        return credential(self.way, self.signed, self.endpoint, asked)

    @property
    def home(self) -> Face:
        """The address that requests go to, unless a step says something else."""
        auth: AuthSpec = Bearer() if self.way is Way.BEARER else Default()
        return self.endpoint.face(face_for(auth, self.endpoint))


def manner(spec: GoldenSpec, endpoint: Endpoint, way: Way) -> Manner:
    """How a spec is replayed at this endpoint."""
    return Manner(endpoint, settled(way, spec.signed, endpoint), spec.signed, spec.sas)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be sent as it is."""

    request: WireRequest
    face: Face
    scope: Scope  # what placeholders meant


def prepare(step: Step, scope: Scope, how: Manner) -> Prepared:
    """Render and sign a step whose headers are all there are.

    Raises CredentialMissingError, CannotMintError, DelegationKeyError; TemplateError where a value that
    the step needs was never saved.
    """
    now = datetime.now(UTC)
    scope = scope.at(now, scope.counter)
    target = render_target(step.target, scope)
    templates = tuple((name, value) for name, value in step.headers if value is not None)
    auth = how.auth(step.method, target, templates, step.auth, scope)
    face = how.endpoint.face(step.face or face_for(auth, how.endpoint))
    scope = replace(scope, host=face.authority)
    body = b"" if step.body is None else render_body(step.body, scope, _sub_request(how, face, now)).data
    scope = replace(scope, length=len(body), hashes=_hashes(templates, body))
    target, headers = _signed(step.method, face.prefix + target, templates, scope, how, auth, face, now)
    expects = header(headers, "Expect") is not None
    request = WireRequest(
        step.method,
        target,
        headers,
        body,
        chunked=step.chunked,
        await_continue=CONTINUE_SECONDS if expects else None,
    )
    return Prepared(request, face, scope)


def _hashes(headers: Headers, body: bytes) -> dict[str, str]:
    """The hashes of the body that the headers mention."""
    makers = {"body-md5": md5_base64, "body-crc64": crc64_base64}
    said = {value for _, value in headers}
    return {name: make(body) for name, make in makers.items() if f"{{{name}}}" in said}


def _sub_request(how: Manner, face: Face, now: datetime) -> Callable[[BatchPart, Scope], bytes]:
    """Makes the bytes of a sub-request of a batch, signed like any other request."""

    def make(part: BatchPart, scope: Scope) -> bytes:
        target = render_target(part.target, scope)
        auth = how.auth(part.method, target, part.headers, part.auth, scope)
        target, headers = _signed(
            part.method, face.prefix + target, part.headers, scope, how, auth, face, now, inner=True
        )
        lines = [f"{part.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode()

    return make


def _signed(
    method: str,
    target: str,
    templates: Headers,
    scope: Scope,
    how: Manner,
    auth: AuthSpec,
    face: Face,
    now: datetime,
    *,
    inner: bool = False,
) -> tuple[str, Headers]:
    """Target and headers with credentials: `Authorization` stands where the client had it."""
    marks = [at for at, (_, value) in enumerate(templates) if value == _MARK]
    at = marks[0] if marks else len(templates)
    own = [(name, render(value, scope)) for name, value in templates if value != _MARK]
    wanted = effective_auth(auth, how.endpoint)
    own[at:at] = added = _wanting(tuple(own), wanted, how.endpoint, now, inner=inner)
    done = authorise(method, target, tuple(own), how.endpoint, auth, now, face=face.name)
    name = templates[at][0] if marks else "Authorization"
    here = at + len(added)
    credentials = [(name, value) for _, value in done.headers[len(own) :]]
    return placed(target, done.target, how.place), (*own[:here], *credentials, *own[here:])


def _wanting(
    headers: Headers, auth: AuthSpec, endpoint: Endpoint, now: datetime, *, inner: bool
) -> list[tuple[str, str]]:
    """The headers that this way of signing needs, and that a client that signs in another does not send."""
    if not isinstance(auth, SharedKey | Bearer):
        return []
    out = []
    dated = header(headers, "x-ms-date") is not None or header(headers, "Date") is not None
    if isinstance(auth, SharedKey) and not dated:
        out.append(("x-ms-date", http_date(now)))
    if header(headers, "x-ms-version") is None and not inner:  # a part of a batch has that of the whole
        out.append(("x-ms-version", endpoint.version))
    return out


def placed(bare: str, signed: str, place: Place) -> str:
    """The target with its SAS where the client puts one; `signed` has it at the end, or has none."""
    if signed == bare or not signed.startswith(bare):
        return signed
    path, _, own = bare.partition("?")
    sas = signed[len(bare) + 1 :]
    together = (own, sas) if place == "last" else (sas, own)
    query = "&".join(part for part in together if part)
    if place == "sorted":
        query = "&".join(sorted(query.split("&"), key=lambda item: item.partition("=")[0]))
    return f"{path}?{query}"
