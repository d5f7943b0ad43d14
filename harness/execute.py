"""Sending what a case says, byte for byte, and keeping what came back: case and endpoint in, facts out.

Nothing is judged here, and nothing is ever sent twice: a step that gets no answer ends its case.
"""

from __future__ import annotations

import contextlib
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from types import MappingProxyType, TracebackType
from typing import Any, Self, get_args

from harness.cases.case import BatchPart, Case, Step
from harness.cases.editions import unfit
from harness.cases.recipes import Rendered, render_body
from harness.cases.template import Scope, render, render_target
from harness.endpoint import Endpoint, Face
from harness.exchange import STOPPED, Exchange
from harness.judge.facts import MADE_UP_COMP, Answer, Facts, Section, StepFact, answer
from harness.judge.judge import answered, saved_values
from harness.rules.identify import Depth
from harness.signing import authorise, face_for, parse_auth
from harness.signing.authorise import CredentialMissingError, account_sas
from harness.signing.bearer import CannotMintError
from harness.signing.canonical import http_date
from harness.signing.delegation import DelegationKeyError, secure_face
from harness.signing.spec import AccountSas, Spoilt
from harness.wire.connection import Connection
from harness.wire.dial import dial
from harness.wire.message import WireRequest

STEP_SECONDS = 10.0
"""How long nothing may happen while an answer is awaited; after that the case is indeterminate."""

EXCHANGE_SECONDS = 60.0
"""How long a whole exchange may take, however busily its bytes trickle."""

CONTINUE_SECONDS = 1.0
"""How long a body is held back for the answer to its head."""

_AGAIN_AFTER = 1.0
_SOURCE_SAS_LASTS = timedelta(hours=1)
_BAD_SAS = "{source-sas:"
_OWN_CONTAINER = re.compile(r"\{own-container(?::\d+)?\}")


class NoContainerError(Exception):
    """A container that a case needs could not be made, so the case can say nothing."""


@dataclass(slots=True)
class World:
    """What the cases of one worker share: the endpoint and a container. Connections are a case's own.

    `prefix` is the run's own: only containers whose names start with it are ever written.
    """

    endpoint: Endpoint
    prefix: str
    made_up: Mapping[tuple[str, Depth], Answer] = field(default_factory=lambda: MappingProxyType({}))
    _connections: dict[str | None, Connection] = field(default_factory=dict)
    _cases: int = 0

    def __enter__(self) -> Self:
        scope = self._scope("")
        try:
            self.make_container("{container}", scope)
            self.made_up = MappingProxyType(dict(self._probe(scope)))
        finally:
            self.hang_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connections, so that what one case leaves on the wire is not blamed on another."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def make_container(self, template: str, scope: Scope) -> None:
        """Make a container of the run's own. Raises NoContainerError."""
        made = self.send(Step("PUT", f"/{template}?restype=container"), scope).exchange
        if made.response is None or made.response.status != 201:
            said = made.response.status if made.response else made.failure
            raise NoContainerError(f"Create Container for {render(template, scope)} answered {said}")

    def case_scope(self) -> Scope:
        """Names for one more case."""
        self._cases += 1
        return self._scope(f"{self._cases:04d}")

    def _scope(self, case: str) -> Scope:
        now = datetime.now(UTC)
        return Scope(
            account=self.endpoint.account,
            url=self.endpoint.url,
            container=f"{self.prefix}shared",
            own_container=f"{self.prefix}own-{case}",
            new_containers=f"{self.prefix}new-{case}",
            blobs=f"blob-{case}",
            seed=f"{self.prefix}{case}",
            now=now,
            secure_url=self.endpoint.face(secure_face(self.endpoint)).url,
            source_sas=self._source_sas(now),
        )

    def _source_sas(self, now: datetime) -> str:
        """A query string that may read this account's blobs; empty when nothing can be had."""
        if self.endpoint.key is not None:
            wanted = AccountSas(permissions="r", resources="o", expiry=_SOURCE_SAS_LASTS)
            with contextlib.suppress(CredentialMissingError):  # a version that is older than such SAS
                return account_sas(self.endpoint, wanted, now)
        return self.endpoint.sas.reveal() if self.endpoint.sas is not None else ""

    def bad_source_sas(self, now: datetime) -> Mapping[str, str]:
        """Query strings that must not open a blob of this account. The endpoint has a key."""
        read = AccountSas(permissions="r", resources="o", expiry=_SOURCE_SAS_LASTS)
        bad = {
            "forged": replace(read, spoilt=Spoilt(tamper="signature")),
            "expired": replace(read, start=-_SOURCE_SAS_LASTS, expiry=-_SOURCE_SAS_LASTS / 2),
            "write-only": replace(read, permissions="w"),
        }
        return {name: account_sas(self.endpoint, wanted, now) for name, wanted in bad.items()}

    def _probe(self, scope: Scope) -> Iterator[tuple[tuple[str, Depth], Answer]]:
        """How the endpoint answers operations that nobody documents, for each method and depth.

        The blob exists, so that what is missing is the operation and nothing else.
        """
        blob = "/{container}/probe"
        self.send(Step("PUT", blob, (("x-ms-blob-type", "BlockBlob"),)), scope)
        targets: dict[Depth, str] = {
            "account": f"/?comp={MADE_UP_COMP}",
            "container": f"/{{container}}?restype=container&comp={MADE_UP_COMP}",
            "blob": f"{blob}?comp={MADE_UP_COMP}",
        }
        for depth in get_args(Depth):
            for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
                # A server that overlooks `comp` would delete what the path names.
                if method == "DELETE" and depth != "blob":
                    continue
                exchange = self.send(Step(method, targets[depth]), scope).exchange
                if (exchange.failure or "").startswith("timeout"):
                    return  # whoever lets one of them hang lets the others hang too
                if (said := answer(exchange)) is not None:
                    yield (method, depth), said

    # --- one request ---

    def send(self, step: Step, scope: Scope, *, own_connection: bool = False) -> Sent:
        """Send one step. Raises CredentialMissingError, CannotMintError, DelegationKeyError."""
        now = datetime.now(UTC)
        scope = scope.at(now, scope.counter)
        auth = parse_auth(rendered_auth(step.auth, scope))
        face_name = step.face or face_for(auth, self.endpoint)
        face = self.endpoint.face(face_name)
        target = face.prefix + render_target(step.target, scope)
        body = None if step.body is None else render_body(step.body, scope, self._sub_request(face, now))
        headers = _headers(step, scope, face, body, now, self.endpoint.version)
        signed = authorise(step.method, target, headers, self.endpoint, auth, now, face=face_name)
        # A step that speaks of Authorization itself has its own, or none.
        speaks = any(name.lower() == "authorization" for name, _ in step.headers)
        expects = any(name.lower() == "expect" for name, _ in headers)
        request = WireRequest(
            step.method,
            signed.target,
            headers if speaks else signed.headers,
            body.data if body else b"",
            chunked=step.chunked,
            await_continue=CONTINUE_SECONDS if expects else None,
            stop_after=step.stop_after,
        )
        if own_connection or step.fresh_connection:
            with self._dial(face_name) as connection:
                return Sent(connection.exchange(request), scope, face.prefix)
        return Sent(self._connection(face_name).exchange(request), scope, face.prefix)

    def _connection(self, face: str | None) -> Connection:
        if face not in self._connections:
            self._connections[face] = self._dial(face)
        return self._connections[face]

    def _dial(self, face: str | None) -> Connection:
        return dial(self.endpoint, face, timeout=STEP_SECONDS, deadline=EXCHANGE_SECONDS)

    def _sub_request(self, face: Face, now: datetime) -> Any:
        def make(part: BatchPart, scope: Scope) -> bytes:
            target = face.prefix + render_target(part.target, scope)
            spec = parse_auth(rendered_auth(part.auth, scope))
            own = tuple((name, render(value, scope)) for name, value in part.headers)
            headers = (("x-ms-date", http_date(now)), *own, ("Content-Length", "0"))
            signed = authorise(part.method, target, headers, self.endpoint, spec, now, face=face.name)
            lines = [f"{part.method} {signed.target} HTTP/1.1", *(f"{n}: {v}" for n, v in signed.headers)]
            return "\r\n".join([*lines, "", ""]).encode()

        return make


@dataclass(frozen=True, slots=True)
class Sent:
    """What one step became."""

    exchange: Exchange
    scope: Scope
    prefix: str


def execute(case: Case, world: World) -> Facts:
    """Run a case to its end, or to the first step that gets no answer.

    What a server does never raises, with one exception: NoContainerError when the case wants a container of
    its own and does not get it.
    """
    return staged(case, world, lambda scope, facts: _run(case, world, scope, facts))


def staged(case: Case, world: World, run: Callable[[Scope, list[StepFact]], None]) -> Facts:
    """Set the scene for a case, have `run` send it and add to the facts, and end its connections.

    Raises as `execute` does.
    """
    scope = world.case_scope()
    facts: list[StepFact] = []
    not_applicable = _lacking(case, world.endpoint, scope)
    if not_applicable is not None:
        return Facts(made_up=world.made_up, not_applicable=not_applicable)
    try:
        if world.endpoint.tokens is not None and _uses(case, "{source-bearer}"):
            scope = replace(scope, source_bearer=f"Bearer {world.endpoint.tokens.token().reveal()}")
        if _uses(case, _BAD_SAS):
            scope = replace(scope, bad_source_sas=world.bad_source_sas(scope.now))
        for template in _own_containers(case):
            world.make_container(template, scope)
        run(scope, facts)
    except (CredentialMissingError, CannotMintError) as error:
        not_applicable = str(error)
    except DelegationKeyError as error:
        not_applicable = f"no user delegation key: {error}"
    finally:
        world.hang_up()
    return Facts(tuple(facts), made_up=world.made_up, not_applicable=not_applicable)


def _lacking(case: Case, endpoint: Endpoint, scope: Scope) -> str | None:
    """What the case needs and this endpoint's configuration does not have, as far as can be said before."""
    if (why := unfit(case, endpoint)) is not None:
        return why
    for step in (*case.given, *case.steps):
        try:
            endpoint.face(step.face)
        except LookupError as error:
            return str(error)
    if not scope.source_sas and _uses(case, "{source-sas}"):
        return f"endpoint {endpoint.name} has neither an account key nor a SAS for the copy source"
    if endpoint.key is None and _uses(case, _BAD_SAS):
        return f"endpoint {endpoint.name} has no account key to make a SAS that must be refused"
    if endpoint.tokens is None and _uses(case, "{source-bearer}"):
        return f"endpoint {endpoint.name} has no tokens for the copy source"
    return None


def _run(case: Case, world: World, scope: Scope, facts: list[StepFact]) -> None:
    saved: dict[str, str] = {}
    if send_in_order(world, "given", case.given, scope, saved, facts):
        send_in_order(world, "steps", case.steps, scope, saved, facts)


def send_in_order(
    world: World,
    section: Section,
    steps: Sequence[Step],
    scope: Scope,
    saved: dict[str, str],
    facts: list[StepFact],
) -> bool:
    """Send steps one group after the other; adds to what is saved, and to the facts. False: they end here."""
    for group in _groups(steps):
        known = scope.knowing(saved)
        for sent in _send_group(world, section, group, known):
            facts += sent
            if not all(keep(fact.exchange, steps[fact.index], saved) for fact in sent):
                return False
    return True


def keep(exchange: Exchange, step: Step, saved: dict[str, str]) -> bool:
    """Keep what the step saves. False when it is not there: what follows would be sent with a hole in it."""
    if exchange.failure == STOPPED:
        return True
    response = exchange.response
    if response is None or exchange.failure is not None:
        return False
    for save in step.save:
        values = saved_values(save, response)
        if not values:
            return False
        saved[save.name] = values[0]
    return True


def _groups(steps: Sequence[Step]) -> Iterator[list[tuple[int, Step]]]:
    """Steps that are sent at once: neighbours with the same `parallel`; any other step alone."""
    for name, group in groupby(enumerate(steps), key=lambda item: item[1].parallel or item[0]):
        members = list(group)
        yield from [members] if isinstance(name, str) else [[member] for member in members]


def _send_group(
    world: World, section: Section, group: list[tuple[int, Step]], scope: Scope
) -> Iterator[list[StepFact]]:
    """Send a group; what was sent at once comes together, the rounds of a repeated step one by one."""
    if (wait := max(step.wait for _, step in group)) > 0:  # even a sleep of nothing gives the processor away
        time.sleep(wait)
    if len(group) == 1:
        index, step = group[0]
        for number in range(step.repeat or 1):
            counted = replace(scope, counter=number if step.repeat else None)
            sent = _answered_in_time(world, step, counted)
            round_ = number if step.repeat else None
            yield [StepFact(section, index, sent.exchange, sent.scope, sent.prefix, round_)]
        return
    with ThreadPoolExecutor(len(group)) as pool:
        answers = list(pool.map(lambda item: world.send(item[1], scope, own_connection=True), group))
    yield [
        StepFact(section, index, sent.exchange, sent.scope, sent.prefix)
        for (index, _), sent in zip(group, answers, strict=True)
    ]


def _answered_in_time(world: World, step: Step, scope: Scope) -> Sent:
    """Send a step; where a change may take its time, again until it is seen or the time is over."""
    end = time.monotonic() + (step.within if world.endpoint.settles else 0.0)
    while True:
        sent = world.send(step, scope)
        if time.monotonic() >= end or sent.exchange.failure is not None or answered(step, sent.exchange):
            return sent
        time.sleep(_AGAIN_AFTER)


def _headers(
    step: Step, scope: Scope, face: Face, body: Rendered | None, now: datetime, version: str
) -> tuple[tuple[str, str], ...]:
    own = [
        ("Host", face.authority),
        ("x-ms-date", http_date(now)),
        ("x-ms-version", version),
        ("x-ms-client-request-id", str(uuid.uuid4())),
    ]
    if step.chunked:
        own.append(("Transfer-Encoding", "chunked"))
    elif body is not None or step.method in ("PUT", "POST"):
        own.append(("Content-Length", str(len(body.data) if body else 0)))
    if body is not None and body.content_type:
        own.append(("Content-Type", body.content_type))
    said = {name.lower() for name, _ in step.headers}
    kept = [(name, value) for name, value in own if name.lower() not in said]
    return (*kept, *((name, render(value, scope)) for name, value in step.headers if value is not None))


def rendered_auth(auth: Any, scope: Scope) -> Any:
    """An `auth:` value with its placeholders filled."""
    if isinstance(auth, str):
        return render(auth, scope) if "{" in auth else auth
    if isinstance(auth, Mapping):
        return {key: rendered_auth(value, scope) for key, value in auth.items()}
    if isinstance(auth, list):
        return [rendered_auth(value, scope) for value in auth]
    return auth


def _uses(case: Case, placeholder: str) -> bool:
    """Whether the case mentions the placeholder anywhere: in a target, a header, a body or an expectation."""
    return placeholder in repr((case.given, case.steps))


def _own_containers(case: Case) -> list[str]:
    """The containers of its own that the case mentions anywhere, from the first one on."""
    return sorted(
        set(_OWN_CONTAINER.findall(repr((case.given, case.steps)))), key=lambda one: (len(one), one)
    )
