"""Where a scenario of the crowd happens: a container, the crowd before one address, and what it all says."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from harness.clients.data import content
from harness.clients.truth import Truth, digest
from harness.crowd import call
from harness.crowd.call import Answer, Call
from harness.crowd.crowd import Budget, Crowd, UnansweredError
from harness.crowd.limits import make_room
from harness.crowd.listing import ListingError
from harness.crowd.tally import Tally, few
from harness.endpoint import Endpoint, Face
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario
from harness.signing.authorise import CredentialMissingError, effective_auth
from harness.signing.spec import Bearer, Default


@dataclass(slots=True)
class Gathering:
    """What a scenario needs. Made by `gathering`; `run` is where its time goes."""

    scenario: Scenario
    endpoint: Endpoint
    face: Face
    container: str
    parallel: int
    seconds: float
    tally: Tally

    def run(self, work: Callable[[Crowd], Awaitable[None]], *, churn: bool = False) -> None:
        """Let a crowd do it, within the cell's budget. Ends the scenario where nothing more can be said."""
        asyncio.run(self._run(work, churn))

    async def _run(self, work: Callable[[Crowd], Awaitable[None]], churn: bool) -> None:
        try:
            async with (
                asyncio.timeout(self.seconds),
                Crowd(self.endpoint, self.face, churn=churn, tally=self.tally, budget=Budget()) as crowd,
            ):
                await work(crowd)
        except TimeoutError:
            self.scenario.indeterminate(f"it did not end within its budget of {self.seconds:.0f} s")
        except UnansweredError as error:
            self.scenario.indeterminate(f"no answer within the budget: {error}")
        except ListingError as error:
            self.scenario.check("a listing", "pages that can be read and have an end", str(error))

    async def same(self, crowd: Crowd, about: str, wanted: dict[str, bytes]) -> None:
        """Check that blobs hold exactly these bytes, by digest, with reads of our own."""
        wrong: list[str] = []
        for name, data in wanted.items():
            answer = await crowd.ask(call.get(self.container, name))
            if answer.status != 200:
                wrong.append(f"{name}: {answer.said}")
            elif answer.length != len(data) or answer.sha256 != digest(data):
                wrong.append(f"{name}: {answer.length} bytes, sha256 {answer.sha256[:16]}…, for {len(data)}")
        self.all_of(about, len(wanted), wrong)

    def all_of(self, about: str, number: int, wrong: list[str], *, why: str = "") -> bool:
        """Check that nothing is wrong with any of so many."""
        whole = f"all of {number}"
        return self.scenario.check(about, whole, few(wrong) if wrong else whole, why=why)


@contextlib.contextmanager
def gathering(scenario: Scenario, served: Served, cell: Cell, prefix: str) -> Iterator[Gathering]:
    """A container of the scenario's own, and what the crowd's answers had in common as its last findings.

    Ends the scenario as not run where this machine has too few open files for so many connections, and as not
    applicable where the address takes none of the credentials.
    """
    parallel = int(cell["parallel"])
    if said := make_room(parallel):
        scenario.not_run(said)
    endpoint = served.endpoint
    face = endpoint.face(served.face)
    if isinstance(effective_auth(Default(), endpoint), Bearer) and face.scheme == "http":
        scenario.not_applicable("a token is sent over HTTPS only", source=["reference/2.1"])
    tally = Tally()
    container = f"{prefix}{secrets.token_hex(5)}"
    try:
        # No connection of ours is open beside the crowd's: a server may have room for so many and no more.
        with Truth(endpoint) as truth:
            truth.create_container(container)
        try:
            yield Gathering(scenario, endpoint, face, container, parallel, cell.seconds, tally)
        finally:
            with Truth(endpoint) as truth:
                truth.delete_container(container)
            tally.report(scenario)
    except CredentialMissingError as error:
        scenario.not_applicable(str(error))


def difference(wanted: bytes, got: bytes) -> str:
    """Where two texts part, in a few words."""
    if len(wanted) != len(got):
        return f"{len(got)} bytes instead of {len(wanted)}"
    at = next(number for number, (one, other) in enumerate(zip(wanted, got, strict=True)) if one != other)
    return f"other bytes from {at} on, sha256 {digest(got)[:16]}…"


def named(number: int, size: int, seed: int = 0) -> bytes:
    """Bytes that no other number has: what is mixed up shows itself."""
    return content(size, (seed << 32) + number + 1)


def sender(crowd: Crowd) -> Callable[[Call], Awaitable[Answer]]:
    """The crowd, as listings ask it."""
    return lambda asked: crowd.must(asked, 200)
