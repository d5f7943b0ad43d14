"""A fault proxy between a client and the reference façade: either style, with and without TLS, every kind."""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.clients.reach import Reach, reach
from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.endpoints import builtin
from harness.faults.catalogue import NamedFault, catalogue
from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy
from harness.rules.check import check
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from harness.vocabulary import Verdict
from tests.faults.stub import Got, ask
from tests.tap.wires import SECONDS

_BODY = bytes(range(256)) * 240  # 60 KiB
_FACES = ["main", "https", "host", "host-https"]
_CONTAINER = "bp-faults"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """The façade, with a container and a blob in it."""
    with builtin.reference() as running:
        with Truth(running.endpoint) as truth:
            truth.create_container(_CONTAINER)
            truth.put(_CONTAINER, "there", _BODY)
        yield running.endpoint


@dataclass(frozen=True, slots=True)
class _Client:
    """Talks to the endpoint as a client of this reach does."""

    face: str
    there: Reach
    sas: str

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """One connection, by the proxy that the environment names."""
        parts, tunnel = urlsplit(self.there.url), self.there.env.get("HTTPS_PROXY")
        if parts.scheme == "http":
            connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        else:
            trust = ssl.create_default_context(cafile=str(self.there.ca_file))
            through = urlsplit(tunnel).netloc if tunnel else parts.netloc
            connection = http.client.HTTPSConnection(through, timeout=SECONDS, context=trust)
            if tunnel:
                connection.set_tunnel(parts.hostname or "", parts.port or 443)
        try:
            yield connection
        finally:
            connection.close()

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        blob: str,
        body: bytes | None = None,
        **query: str,
    ) -> Got:
        """One request about a blob."""
        words = "&".join([*(f"{name}={value}" for name, value in query.items()), self.sas])
        target = f"{urlsplit(self.there.url).path}/{_CONTAINER}/{blob}?{words}"
        headers = {"x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob"}
        return ask(connection, method, target, body, headers)


@pytest.fixture(scope="module", params=_FACES)
def through(
    request: pytest.FixtureRequest, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Client]:
    """A client in front of each address of it."""
    sas = account_sas(endpoint, AccountSas(permissions="rwdlac"), datetime.now(UTC))
    with reach(endpoint, tmp_path_factory.mktemp("reach"), request.param, faulty=True) as there:
        yield _Client(request.param, there, sas)


_KINDS = [named for named in catalogue().values() if named.fault.kind is not Kind.STALL]


@pytest.mark.parametrize("named", _KINDS, ids=[named.id for named in _KINDS])
def test_every_fault_in_every_style(through: _Client, endpoint: Endpoint, named: NamedFault) -> None:
    """One request is struck, the next one on a new connection is not, and nothing half-written is seen."""
    proxy, fault = through.there.faults, named.fault
    on_write = "write" in named.families
    proxy.arm([named.on("any" if fault.kind is Kind.REFUSED else "write" if on_write else "read")])
    method, blob, body = ("PUT", f"{through.face}-{named.id}", _BODY) if on_write else ("GET", "there", None)
    got: Got | None = None
    try:
        with through.connected() as connection:
            got = through.ask(connection, method, blob, body)
    except (OSError, http.client.HTTPException):
        assert got is None
    [strike] = proxy.disarm()
    assert strike.fault == named.id
    with Truth(endpoint) as truth:
        written = truth.get(_CONTAINER, blob)
    if fault.kind is Kind.ANSWER:
        assert got is not None and got.status == fault.status
    elif fault.kind is Kind.SLOW_DRIP:
        assert got is not None and got.body == _BODY
    elif fault.kind is Kind.SHORT_BODY:
        assert got is not None and got.body == _BODY[: len(_BODY) // 2]
    elif fault.kind is Kind.FLIPPED_BYTE:
        assert got is not None and len(got.body) == len(_BODY) and got.body != _BODY
    elif fault.kind not in (Kind.CUT_RESPONSE, Kind.RESET_INSIDE_RESPONSE):
        assert got is None  # with those two, http.client takes half a head for a whole one
    if on_write:
        assert (written is not None) == strike.reached
        assert written is None or written.length == len(_BODY)
    with through.connected() as connection:
        after = through.ask(connection, "GET", "there")
    assert after.status == 200 and hashlib.sha256(after.body).digest() == hashlib.sha256(_BODY).digest()


@pytest.mark.parametrize("name", ["cut-response", "reset-inside-response"])
def test_half_a_body_in_every_style(through: _Client, name: str) -> None:
    """The half arrives, however the connection ends: Python's TLS takes an RST for an end."""
    through.there.faults.arm([catalogue()[name].on("read")])
    with through.connected() as connection:
        sas = f"{urlsplit(through.there.url).path}/{_CONTAINER}/there?{through.sas}"
        connection.request("GET", sas, headers={"x-ms-version": "2021-12-02"})
        answer, got = connection.getresponse(), bytearray()
        with pytest.raises((OSError, http.client.IncompleteRead)) as ended:
            while piece := answer.read1(1000):
                got += piece
            raise http.client.IncompleteRead(b"")
    if isinstance(ended.value, http.client.IncompleteRead):
        got += ended.value.partial
    assert got == _BODY[: len(_BODY) // 2]
    assert len(through.there.faults.disarm()) == 1


def test_what_no_fault_touched_is_judged_as_ever(through: _Client) -> None:
    """`take` hands out what the endpoint answered itself: the wire rules hold for all of it."""
    proxy = through.there.faults
    proxy.take()
    proxy.arm([catalogue()["busy-no-code"].on("read", nth=2), catalogue()["flipped-byte"].on("read", nth=4)])
    with through.connected() as connection:
        for _ in range(6):
            through.ask(connection, "GET", "there")
    assert len(proxy.disarm()) == 2
    taken = proxy.take()
    assert len(taken) == 4
    assert {finding.verdict for finding in check(taken, urlsplit(through.there.url).path).findings} == {
        Verdict.PASS
    }


def test_a_commit_that_was_lost_is_there(through: _Client, endpoint: Endpoint) -> None:
    proxy = through.there.faults
    blob = f"{through.face}-blocks"
    proxy.arm([catalogue()["lost-answer"].on("commit")])
    with through.connected() as connection:
        assert through.ask(connection, "PUT", blob, b"data", comp="block", blockid="AA%3D%3D").status == 201
        commit = b"<BlockList><Latest>AA==</Latest></BlockList>"
        with pytest.raises(OSError):
            through.ask(connection, "PUT", blob, commit, comp="blocklist")
    [strike] = proxy.disarm()
    assert (strike.operation, strike.reached, strike.status) == ("Put Block List", True, 201)
    with Truth(endpoint) as truth:
        stored = truth.get(_CONTAINER, blob)
    assert stored is not None and stored.length == 4


def test_reach_without_faults_is_a_plain_tap(endpoint: Endpoint, tmp_path: Path) -> None:
    with reach(endpoint, tmp_path) as there:
        assert not isinstance(there.tap, FaultProxy)
        with pytest.raises(LookupError, match="faulty=True"):
            _ = there.faults


def test_a_stall_over_tls(through: _Client) -> None:
    through.there.faults.arm([Fault("f", Kind.STALL, seconds=0.1)])
    with through.connected() as connection:
        assert through.ask(connection, "GET", "there").body == _BODY
    [strike] = through.there.faults.disarm()
    assert strike.status == 200
