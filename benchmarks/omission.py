"""Coordinated omission: a server that stalls 1 s in every 10 s, and what load generators say of its latency.

    python -m benchmarks.omission [--seconds 60] [--rate 100] [--json]

The server answers every read after a fixed time, and stands still during its stalls, whose times are known
beforehand. So the latency of every arrival of an open loop is known too: that is the truth. Against it stand,
up together in one run: our client's latency from the intended start, its service time, and what Locust's own
statistics say of HttpUsers with constant_throughput and with constant_pacing that are to offer the same rate.
The server keeps, too, when it answered each of our arrivals, and for how long it was not let run: on a
machine whose processors are taken away it is late itself, and that is no error of whoever measures it.
Ends with 1 when our P99 or P99.9 is more than 2 % from the truth; with 3 when they are, but the server was
not let run for longer than these 2 %: such a run shows nothing, make another.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import math
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from harness.endpoint import Endpoint, Secret, Style
from loadgen.client.engine import Engine
from loadgen.client.target import Target
from loadgen.payload.payloads import Payloads
from loadgen.plan.values import Action, Arrivals, FileSet, Lane, Phase, Plan, Process
from loadgen.record.histogram import Histogram
from loadgen.validity.sampler import Sampler
from loadgen.work.op import Op, Outcome
from loadgen.work.phase import PhaseSource

LIMIT = 0.02
"""How far our P99 and P99.9 may be from the truth."""
IN_TIME = 0.010
"""Seconds after it was due in which a request that was sent has kept its schedule."""
EVERY, STALL, FIRST = 10.0, 1.0, 4.5
"""Seconds: from one stall to the next, of a stall, and to the first one."""
QUANTILES = (50.0, 90.0, 99.0, 99.9)
_NS = 1_000_000_000
_SIZE = 256  # a stall's backlog is answered in next to no time
_LEAD = 6.0  # seconds until everybody is up
_BEAT = 0.002  # seconds after which the server looks at the time, whether anything comes or not
_ANSWER = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes 0-%d/%d\r\n"
    b'Content-Type: application/octet-stream\r\nETag: "0x1"\r\nx-ms-request-id: 1\r\n\r\n'
    % (_SIZE, _SIZE - 1, _SIZE)
) + bytes(_SIZE)


def main() -> int:
    """Run everything together and print what each says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=100.0, help="arrivals a second, of each generator")
    parser.add_argument("--service-ms", type=float, default=5.0, help="what the server takes to answer")
    parser.add_argument(
        "--users",
        type=int,
        default=4,
        help="of Locust, of each kind; more of them meet each stall, so what it reports depends on them",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--as", dest="role", choices=["server", "locust"], help=argparse.SUPPRESS)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role == "server":
        return _serve(given.start, given.service_ms / 1000)
    if given.role == "locust":
        return _locust(given)
    start = time.monotonic_ns() + int(_LEAD * _NS)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_child("server", start, given))
        assert server.stdout is not None
        port = int(server.stdout.readline())
        locust = stack.enter_context(_child("locust", start, given, "--port", str(port)))
        sampler = Sampler()
        seen = _ours(start, given.seconds, given.rate, port)
        machine = sampler.take()
        told, _ = locust.communicate(timeout=given.seconds + 60)
        answered, _ = server.communicate(timeout=60)
    kept = json.loads(answered)
    answers = {int(number): at for number, at in kept["answered_ns"].items()}
    found = _report(seen, json.loads(told.splitlines()[-1]), answers, start, given)
    found["machine"] = {
        "busy": machine["machine"],
        "stolen": machine["stolen"],
        "server_not_run_s": kept["not_run_s"],
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else _table(found))
    if found["within_limit"]:
        return 0
    return 3 if found["machine"]["server_not_run_s"] > LIMIT * found["truth"]["p99"] else 1


# ---------------------------------------------------------------------------------------- the truth


def truth(arrivals: Iterable[float], service: float) -> list[float]:
    """The latency, seconds, of a request at each of these times, seconds from the start of the schedule."""
    return [_answered(at, service) - at for at in arrivals]


def _answered(at: float, service: float) -> float:
    """When a request of this time is answered.

    Work on it begins when it comes, or when the stall in which it came is over; the answer is `service`
    later, or when the stall that began meanwhile is over. Requests do not wait for each other.
    """
    return _awake(_awake(at) + service)


def _awake(at: float) -> float:
    """This time, or the end of the stall that it lies in."""
    into = (at - FIRST) % EVERY
    return at + STALL - into if at >= FIRST and into < STALL else at


def exact(values: list[float], quantile: float) -> float:
    """The value at or below which `quantile` percent are, as the histogram's percentile is defined."""
    return sorted(values)[max(0, math.ceil(Fraction(repr(quantile)) * len(values) / 100) - 1)]


# ----------------------------------------------------------------------------------------- our client


class _Seen:
    """A recorder: latency from the intended start, service time, and how late each request was sent."""

    def __init__(self) -> None:
        self.latency = Histogram()
        self.service = Histogram()
        self.late: list[int] = []  # ns
        self.failed: collections.Counter[str] = collections.Counter()

    def op(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        if outcome.good:
            self.latency.record((outcome.last - op.intended) // 1000)
            self.service.record((outcome.last - outcome.started) // 1000)
            self.late.append(outcome.started - op.intended)
        else:
            self.failed[outcome.failure or str(outcome.status)] += 1


def _ours(start: int, seconds: float, rate: float, port: int) -> _Seen:
    """An open loop of reads at constant intervals, with a connection for whatever a stall holds back."""
    # A blob for each arrival: its name tells the server which one it is.
    files = FileSet("read", math.ceil(rate * seconds), _SIZE, "zeros")
    arrivals = Arrivals(rate, Process.CONSTANT, seconds)
    lane = Lane("reads", Action.DOWNLOAD, ("read",), ranks=1, arrivals=arrivals)
    phase = Phase("read", (lane,), deadline_s=seconds + 30)
    plan = Plan("omission", "A server that stalls", 1.0, 1, 1, 1, 1, "c", "p", (files,), (phase,))
    url = f"http://127.0.0.1:{port}/account"
    endpoint = Endpoint("stalling", url, "account", Style.PATH, key=Secret("a2V5"))
    engine = Engine(Target.build(endpoint, None, plan.container), Payloads(), _connections(rate))
    seen = _Seen()
    source = PhaseSource(plan, phase, [0], start, seen)
    try:
        time.sleep(max(0.0, (start - time.monotonic_ns()) / _NS - 0.1))
        engine.run(source)
    finally:
        engine.close()
    return seen


def _connections(rate: float) -> int:
    """Enough for a stall, and for all that a busy machine adds to it."""
    return int(rate * (STALL + 4.0)) + 64


# --------------------------------------------------------------------------------------------- Locust


def _locust(given: argparse.Namespace) -> int:
    """HttpUsers of Locust, as its documentation has them; prints its own statistics as JSON."""
    # Here alone: importing Locust changes the whole process.
    import gevent
    from locust import HttpUser, constant_pacing, constant_throughput, task
    from locust.env import Environment

    start, users = given.start, given.users
    each = given.rate / users

    def reader(name: str, waits: Any) -> type[Any]:
        class Reader(HttpUser):  # type: ignore[misc]
            """Reads one blob again and again."""

            host = f"http://127.0.0.1:{given.port}"
            wait_time = waits
            fixed_count = users

            @task
            def read(self) -> None:
                """One read."""
                self.client.get("/account/c/b", name=name, headers={"Range": f"bytes=0-{_SIZE - 1}"})

        Reader.__name__ = name
        return Reader

    kinds = {
        "constant_throughput": reader("constant_throughput", constant_throughput(each)),
        "constant_pacing": reader("constant_pacing", constant_pacing(1 / each)),
    }
    environment = Environment(user_classes=[*kinds.values()])
    runner = environment.create_local_runner()
    runner.start(len(kinds) * users, spawn_rate=100)
    gevent.sleep(max(0.0, (start - time.monotonic_ns()) / _NS))
    environment.stats.reset_all()
    gevent.sleep(max(0.0, (start - time.monotonic_ns()) / _NS + given.seconds))
    told = {}
    for name in kinds:
        entry = environment.stats.get(name, "GET")
        told[name] = {
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            **{_p(q): entry.get_response_time_percentile(q / 100) / 1000 for q in QUANTILES},
        }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    runner.quit()
    return 0


# ----------------------------------------------------------------------------------------- the server


def _serve(start: int, service: float) -> int:
    """Answer every request when the truth says so: to the schedule, from when it was read.

    During a stall it reads on and answers nothing. To read what a stall held back only afterwards would take
    it some milliseconds, and every answer would be late by them.
    """
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listening.setblocking(False)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    poll = select.epoll()
    poll.register(listening.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)  # its end is ours
    answered: dict[bytes, int] = {}  # arrivals of our client, and when they were, ns
    known: dict[int, socket.socket] = {}
    unread: dict[int, bytes] = {}
    # In order: every answer takes as long.
    due: collections.deque[tuple[float, int, bytes]] = collections.deque()
    began = start / _NS
    wake, not_run = math.inf, 0.0
    while True:
        now = time.monotonic()
        if now > began:
            not_run = max(not_run, now - wake)
        while due and due[0][0] <= now:
            _, number, head = due.popleft()
            if number in known:
                known[number].sendall(_ANSWER)
                name = head.partition(b"/read/")[2].partition(b" ")[0]
                if name:
                    answered[name] = time.monotonic_ns()
        # It wakes every so often, to see when it was not let.
        wake = min(due[0][0] if due else math.inf, time.monotonic() + _BEAT)
        for number, _ in poll.poll(max(0.0, wake - time.monotonic())):
            if number == listening.fileno():
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sock, _ = listening.accept()
                        sock.setblocking(False)
                        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        known[sock.fileno()], unread[sock.fileno()] = sock, b""
                        poll.register(sock.fileno(), select.EPOLLIN)
                continue
            if number == sys.stdin.fileno():
                told = {name.decode(): at for name, at in answered.items()}
                json.dump({"answered_ns": told, "not_run_s": not_run}, sys.stdout)
                return 0
            try:
                piece = known[number].recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                poll.unregister(number)
                known.pop(number).close()
                continue
            *heads, unread[number] = (unread[number] + piece).split(b"\r\n\r\n")
            answer = began + _answered(time.monotonic() - began, service)
            due.extend((answer, number, head) for head in heads)


# --------------------------------------------------------------------------------------------- report


def _report(
    seen: _Seen, locust: Mapping[str, Any], answers: Mapping[int, int], start: int, given: argparse.Namespace
) -> dict[str, Any]:
    count = math.ceil(given.rate * given.seconds)
    known = truth((number / given.rate for number in range(count)), given.service_ms / 1000)
    true = {_p(q): exact(known, q) for q in QUANTILES}
    late = [(at - start) / _NS - number / given.rate for number, at in answers.items()]
    server = {_p(q): exact(late, q) for q in QUANTILES}
    ours = {_p(q): seen.latency.percentile(q) / 1e6 for q in QUANTILES}
    off = {name: ours[name] / true[name] - 1 for name in true}
    off_server = {name: ours[name] / server[name] - 1 for name in server}
    whole = seen.latency.count == count and not seen.failed
    return {
        "schedule": {
            "seconds": given.seconds,
            "rate_per_s": given.rate,
            "users": given.users,
            "stall_s": STALL,
            "every_s": EVERY,
            "service_s": given.service_ms / 1000,
            "arrivals": count,
        },
        "truth": true,
        "truth_at_the_server": {**server, "requests": len(late)},
        "ours": {
            **ours,
            "requests": seen.latency.count,
            "failures": dict(seen.failed),
            "off": off,
            "off_from_the_server": off_server,
            "schedule_kept": sum(late <= IN_TIME * _NS for late in seen.late) / count,
            "latest_start_s": max(seen.late, default=0) / _NS,
        },
        "ours_service_time": {_p(q): seen.service.percentile(q) / 1e6 for q in QUANTILES},
        **{
            f"locust_{name}": {**one, "schedule_kept": min(1.0, one["requests"] / count)}
            for name, one in locust.items()
        },
        "within_limit": whole and all(abs(off[_p(q)]) <= LIMIT for q in (99.0, 99.9)),
        "limit": LIMIT,
    }


def _table(found: Mapping[str, Any]) -> str:
    schedule = found["schedule"]
    users = schedule["users"]
    rows = [
        f"{schedule['arrivals']:,} arrivals, {schedule['rate_per_s']:g} a second, evenly spaced; the server "
        f"stalls {STALL:g} s in every {EVERY:g} s and else answers in {1000 * schedule['service_s']:g} ms",
        f"{'':42}" + "".join(f"{_p(q):>10}" for q in QUANTILES) + f"{'requests':>10}{'kept':>9}",
    ]
    for title, name in (
        ("the truth, from the schedule", "truth"),
        ("what the server did, by its own clock", "truth_at_the_server"),
        ("ours, from the intended start", "ours"),
        ("ours, service time", "ours_service_time"),
        (f"Locust, {users} HttpUsers, constant_throughput", "locust_constant_throughput"),
        (f"Locust, {users} HttpUsers, constant_pacing", "locust_constant_pacing"),
    ):
        one = found[name]
        figures = "".join(f"{1000 * one[_p(q)]:>7.1f} ms" for q in QUANTILES)
        kept = f"{one['requests']:>10,}{100 * one['schedule_kept']:>7.1f} %" if "schedule_kept" in one else ""
        rows.append(f"{title:42}{figures}{kept}")
    off = ", ".join(f"{_p(q)} {100 * found['ours']['off'][_p(q)]:+.2f} %" for q in (99.0, 99.9))
    rows.append(f"ours against the truth: {off}; limit {100 * LIMIT:g} %")
    near = found["ours"]["off_from_the_server"]
    off = ", ".join(f"{_p(q)} {100 * near[_p(q)]:+.2f} %" for q in (99.0, 99.9))
    rows.append(f"ours against what the server did: {off}")
    rows.append(
        f"kept: of ours, sent within {1000 * IN_TIME:g} ms of when it was due; of Locust's, sent at all"
    )
    busy, stolen = found["machine"]["busy"], found["machine"]["stolen"]
    rows.append(
        f"meanwhile the machine was {100 * busy:.0f} % busy; {100 * stolen:.0f} % of it was taken away; the "
        f"server was not let run for {1000 * found['machine']['server_not_run_s']:.0f} ms on end"
    )
    return "\n".join(rows) + "\n"


def _p(quantile: float) -> str:
    return f"p{quantile:g}"


@contextlib.contextmanager
def _child(role: str, start: int, given: argparse.Namespace, *more: str) -> Any:
    """This module in another role, in a process that is ended with the context."""
    command = [sys.executable, "-m", "benchmarks.omission", "--as", role, "--start", str(start)]
    command += ["--seconds", str(given.seconds), "--rate", str(given.rate)]
    command += ["--service-ms", str(given.service_ms), "--users", str(given.users), *more]
    here = Path(__file__).resolve().parents[1]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=here) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
