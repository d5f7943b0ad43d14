"""Which request is struck: nth and times, families, parallel connections, arming and disarming."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.faults.armory import Armory
from harness.faults.catalogue import catalogue
from harness.faults.families import FAMILIES
from harness.faults.fault import Asked, Fault, FaultError, Kind, Strike
from harness.rules.identify import identify
from tests.faults.conftest import Faulty
from tests.faults.stub import BODY, Got, ask
from tests.tap.wires import SECONDS

_PARALLEL = 8
_BUSY = catalogue()["busy"]


@contextmanager
def _connection(faulty: Faulty) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(*faulty.proxy.address, timeout=SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def _statuses(faulty: Faulty, count: int, method: str = "GET", target: str = "/a/c/b") -> list[int]:
    with _connection(faulty) as connection:
        return [ask(connection, method, target).status for _ in range(count)]


@pytest.mark.parametrize(
    ("nth", "times", "struck"),
    [(1, 1, {0}), (3, 1, {2}), (2, 3, {1, 2, 3}), (4, 0, {3, 4, 5}), (7, 1, set())],
)
def test_nth_and_times(faulty: Faulty, nth: int, times: int, struck: set[int]) -> None:
    faulty.proxy.arm([_BUSY.on("read", nth=nth, times=times)])
    assert {n for n, status in enumerate(_statuses(faulty, 6)) if status == 503} == struck
    assert len(faulty.proxy.disarm()) == len(struck)
    assert set(_statuses(faulty, 3)) == {200}, "disarmed is disarmed"
    assert faulty.proxy.disarm() == ()


def test_only_what_fits_is_counted(faulty: Faulty) -> None:
    faulty.proxy.arm(
        [
            _BUSY.on("commit"),
            _BUSY.on("list", nth=2),
            _BUSY.fault.to("any", container="other", blob="x y", method="PUT"),
        ]
    )
    with _connection(faulty) as connection:

        def status(method: str, target: str) -> int:
            return ask(connection, method, target).status

        assert status("PUT", "/a/c/b") == 201
        assert status("PUT", "/a/c/b?comp=block&blockid=AA") == 201
        assert status("PUT", "/a/c/b?comp=blocklist") == 503
        assert status("PUT", "/a/c/b?comp=blocklist") == 201
        assert status("GET", "/a/c?restype=container&comp=list") == 200
        assert status("GET", "/a/other/x%20y") == 200
        assert status("GET", "/a?comp=list") == 503
        assert status("PUT", "/a/other/x%20y") == 503
    assert [strike.operation for strike in faulty.proxy.disarm()] == [
        "Put Block List",
        "List Containers",
        "Put Blob",
    ]


def test_every_fault_counts_and_the_first_that_is_due_strikes(faulty: Faulty) -> None:
    busy, error = catalogue()["busy"], catalogue()["error-500"]
    faulty.proxy.arm([busy.on("read", nth=2), error.on("any", nth=2, times=2)])
    assert _statuses(faulty, 5) == [200, 503, 500, 500, 200]


def test_arming_again_begins_anew(faulty: Faulty) -> None:
    faulty.proxy.arm([_BUSY.on("read", nth=2)])
    assert _statuses(faulty, 1) == [200]
    faulty.proxy.arm([_BUSY.on("read", nth=2)])
    assert _statuses(faulty, 3) == [200, 503, 200]
    assert len(faulty.proxy.disarm()) == 1


def _together(what: Callable[[int], Counter[int]]) -> Counter[int]:
    gate = threading.Barrier(_PARALLEL)

    def one(number: int) -> Counter[int]:
        gate.wait(SECONDS)
        return what(number)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return sum(pool.map(one, range(_PARALLEL)), Counter[int]())


def test_counting_is_right_under_parallel_connections(faulty: Faulty) -> None:
    """2,000 requests on 8 connections: exactly the scripted number is struck, the rest passes unharmed."""
    faulty.proxy.arm(
        [_BUSY.on("read", nth=100, times=37), catalogue()["error-500"].on("write", nth=1, times=11)]
    )

    def work(number: int) -> Counter[int]:
        with _connection(faulty) as connection:
            seen = Counter[int]()
            for turn in range(250):
                got = (
                    ask(connection, "GET", f"/a/c/{number}")
                    if turn % 2
                    else ask(connection, "PUT", f"/a/c/{number}", BODY)
                )
                seen[got.status] += 1
                assert got.status != 200 or got.body == BODY
            return seen

    assert _together(work) == {200: 1000 - 37, 201: 1000 - 11, 503: 37, 500: 11}
    strikes = faulty.proxy.disarm()
    assert Counter(strike.fault for strike in strikes) == {"busy": 37, "error-500": 11}
    assert faulty.stub.counted() == {"GET": 1000 - 37, "PUT": 1000 - 11}
    assert len(faulty.proxy.take()) == 2000 - 48


def test_connections_that_break_under_parallel_load(faulty: Faulty) -> None:
    """What is reset is reset once; each request that follows on a new connection is answered whole."""
    faulty.proxy.arm(
        [
            catalogue()["lost-answer"].on("write", nth=5, times=10),
            catalogue()["cut-response"].on("read", nth=5, times=10),
            catalogue()["reset-before"].on("delete", nth=5, times=10),
        ]
    )
    verbs = [("PUT", BODY), ("GET", None), ("DELETE", None)]

    def work(number: int) -> Counter[int]:
        seen, connection = Counter[int](), None
        for turn in range(60):
            connection = connection or http.client.HTTPConnection(*faulty.proxy.address, timeout=SECONDS)
            method, body = verbs[turn % 3]
            try:
                seen[ask(connection, method, f"/a/c/{number}", body).status] += 1
            except (OSError, http.client.HTTPException):
                seen[0] += 1
                connection.close()
                connection = None
        if connection:
            connection.close()
        return seen

    assert _together(work) == {0: 30, 201: 150, 200: 150, 202: 150}
    reached = Counter((strike.fault, strike.reached) for strike in faulty.proxy.disarm())
    assert reached == {("lost-answer", True): 10, ("cut-response", True): 10, ("reset-before", False): 10}
    assert faulty.stub.counted() == {"PUT": 160, "GET": 160, "DELETE": 150}


def test_arming_while_requests_run_is_between_requests(faulty: Faulty) -> None:
    """Arm and disarm from another thread, again and again: no request is half struck."""
    stop = threading.Event()
    strikes: list[Strike] = []

    def arm() -> None:
        while not stop.is_set():
            faulty.proxy.arm([_BUSY.on("any", times=0)])
            strikes.extend(faulty.proxy.disarm())

    arming = threading.Thread(target=arm)
    arming.start()

    def work(number: int) -> Counter[int]:
        with _connection(faulty) as connection:
            got: list[Got] = [ask(connection, "PUT", f"/a/c/{number}", BODY) for _ in range(100)]
        assert all(
            one.headers["x-digest"] == hashlib.sha256(BODY).hexdigest() for one in got if one.status == 201
        )
        return Counter(one.status for one in got)

    seen = _together(work)
    stop.set()
    arming.join(SECONDS)
    assert set(seen) <= {201, 503} and seen.total() == 800
    assert len(strikes) == seen[503]
    assert len(faulty.stub.log) == seen[201]


def test_thousands_of_requests_pass_unchanged(faulty: Faulty) -> None:
    """Random bodies both ways, in random pieces; digests on the other side are those of what was sent."""

    def work(number: int) -> Counter[int]:
        chance, seen = random.Random(number), Counter[int]()
        with _connection(faulty) as connection:
            for _ in range(250):
                body = chance.randbytes(chance.choice([0, 1, 100, 20_000]))
                pieces = body if chance.random() < 0.5 else [body[:7], body[7:]] if body else body
                connection.request("PUT", "/a/c/b", pieces, encode_chunked=isinstance(pieces, list))
                answer = connection.getresponse()
                answer.read()
                assert answer.headers["x-digest"] == hashlib.sha256(body).hexdigest()
                seen[answer.status] += 1
        return seen

    faulty.proxy.arm([_BUSY.on("list")])
    assert _together(work) == {201: 2000}
    assert len(faulty.proxy.take()) == 2000 and faulty.proxy.faults == () == faulty.proxy.disarm()


# --- the armory, and the values ---


def _asked(method: str = "GET", target: str = "/c/b", length: int | None = 0) -> Asked:
    return Asked(method, target, (), length, identify(method, target, ()))


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 8), st.integers(0, 6), st.lists(st.sampled_from(["fits", "other", "spared"]), max_size=30)
)
def test_a_fault_strikes_what_is_due_and_nothing_else(nth: int, times: int, requests: list[str]) -> None:
    """`spared` is claimed, but has nothing to spoil: it counts as a request, not as a strike."""
    armory = Armory()
    armory.arm([Fault("f", Kind.FLIPPED_BYTE, on="read", nth=nth, times=times)])
    seen = struck = 0
    for request in requests:
        charge = armory.claim(_asked("PUT" if request == "other" else "GET"), 1)
        seen += request != "other"
        due = request != "other" and seen >= nth and (times == 0 or struck < times)
        assert (charge is not None) == due
        if charge is not None:
            if request == "fits":
                charge.struck()
                struck += 1
            armory.end(charge)
    assert len(armory.clear()) == struck


def test_a_fault_that_means_nothing_is_refused() -> None:
    with pytest.raises(FaultError, match="no operation or family is called 'reed'"):
        Fault("f", Kind.ANSWER, on="reed")
    with pytest.raises(FaultError, match="counts from 1"):
        Fault("f", Kind.ANSWER, nth=0)
    with pytest.raises(FaultError, match="is no status"):
        Fault("f", Kind.ANSWER, status=102)
    with pytest.raises(FaultError, match="seconds above 0"):
        Fault("f", Kind.STALL)
    with pytest.raises(FaultError, match="bytes_per_second above 0"):
        Fault("f", Kind.SLOW_DRIP)


def test_no_operation_is_of_two_families() -> None:
    assert sum(len(family) for family in FAMILIES.values()) == len(frozenset().union(*FAMILIES.values()))
