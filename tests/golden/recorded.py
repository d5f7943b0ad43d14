"""Recordings made by hand: what a client would have sent, without a client."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.cases.case import Random, Recipe, Step
from harness.cases.recipes import random_bytes
from harness.exchange import Exchange, Fidelity, Framing, Headers, Request, Response
from harness.golden.spec import Injected
from harness.recording.flow import HEAD, Flow, Recording
from harness.recording.scenario import ClientScenario, Run
from harness.wire.body import body_of

BIG = Random(3000, 7)
DATA = random_bytes(7, 0, 3000)
SECRET = base64.b64encode(hashlib.sha512(b"a key").digest()).decode()
SAS = "sv=2025-07-05&ss=b&srt=sco&se=2026-11-22T23%3A00%3A00Z&sp=rwdlac&sig=" + "Q" * 42 + "%3D"


@dataclass
class Conversation:
    """Collects flows; a clock of its own says when each began and ended."""

    container: str = "bp-rec-0a1b2c3d-own-container"
    port: int = 40001
    request_id: int = 1
    flows: list[Flow] = field(default_factory=list)

    def flow(
        self,
        begun: float,
        ended: float,
        send: str,
        status: int,
        *,
        headers: Headers = (),
        body: bytes = b"",
        answer: Headers = (),
        content: bytes = b"",
        injected: Injected | None = None,
        sas: bool = True,
    ) -> None:
        """One exchange. `{c}` in `send` is the container."""
        method, _, target = send.format(c=self.container).partition(" ")
        if sas:
            target += ("&" if "?" in target else "?") + SAS
        self.request_id += 1
        sent = (
            ("Host", f"127.0.0.1:{self.port}"),
            ("User-Agent", "Tester/1"),
            ("Content-Length", str(len(body))),
            ("X-Ms-Client-Request-Id", f"00000000-0000-4000-8000-{self.request_id:012d}"),
            ("x-ms-version", "2025-07-05"),
            *headers,
        )
        response = Response(status, "", answer, body_of(content), Framing.LENGTH)
        exchange = Exchange(
            request=Request(method, f"/acct{target}", sent, body_of(body, 2048)),
            response=response,
            fidelity=Fidelity.MITMPROXY,
            scheme="http",
            started=begun,
            elapsed=ended - begun,
        )
        self.flows.append(Flow(exchange, f"127.0.0.1:{self.port}", body[:HEAD], injected))

    def recording(
        self, *, given: Sequence[Step] = (), files: Mapping[str, Recipe] | None = None
    ) -> Recording:
        """All of it."""
        scenario = ClientScenario(
            client="tester",
            name="scenario",
            title="A scenario",
            why="Because.",
            flow="upload of a file",
            run=(Run(("copy", "{file:big.bin}", "{url}/{own-container}/big.bin?{sas}")),),
            files=files if files is not None else {"big.bin": BIG},
            given=tuple(given),
        )
        return Recording(
            scenario=scenario,
            client_version="1.0",
            flows=tuple(sorted(self.flows, key=lambda flow: flow.exchange.started)),
            containers={self.container: "own-container"},
            roots=(f"http://127.0.0.1:{self.port}/acct",),
            account="acct",
            prefix="/acct",
            server="a server",
            recorder="nobody",
            secrets=(SECRET,),
        )


def block_id(job: str, number: int) -> str:
    """A block id of a client that makes a new one for each job."""
    return base64.b64encode(f"{job:>16}{number:05d}".encode()).decode()


def upload(job: str, order: Sequence[int], **kwargs: int | str) -> Conversation:
    """Three blocks of 1,000 bytes sent at once in this order, the list, a look at the blob, a ranged read."""
    talk = Conversation(**kwargs)  # type: ignore[arg-type]
    ids = [block_id(job, number) for number in range(3)]
    for place, number in enumerate(order):
        part = DATA[number * 1000 : number * 1000 + 1000]
        quoted = ids[number].replace("=", "%3D").replace("+", "%2B").replace("/", "%2F")
        target = f"PUT /{{c}}/big.bin?blockid={quoted}&comp=block"
        talk.flow(1 + place / 10, 2 + place / 10, target, 201, body=part)
    listed = "".join(f"<Latest>{one}</Latest>" for one in ids)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<BlockList>{listed}</BlockList>'
    validators = (("ETag", f'"{job}"'), ("Last-Modified", f"Sun, 22 Nov 2026 10:00:{len(job):02d} GMT"))
    talk.flow(3, 4, "PUT /{c}/big.bin?comp=blocklist", 201, body=text.encode(), answer=validators)
    talk.flow(4, 5, "HEAD /{c}/big.bin", 200, answer=(*validators, ("Content-Length", "3000")))
    ranged = (
        ("x-ms-range", "bytes=0-999"),
        ("If-Unmodified-Since", validators[1][1]),
        ("If-Match", f'"{job}"'),
    )
    talk.flow(5, 6, "GET /{c}/big.bin", 206, headers=ranged, answer=validators, content=DATA[:1000])
    return talk
