"""What is to go wrong during a run, and when: `busy@10s+5s`, parsed into values. Pure."""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from harness.faults.catalogue import catalogue
from harness.faults.families import ANY
from harness.faults.fault import Fault, FaultError, Kind
from harness.vocabulary import ExitCode

_SHAPE = re.compile(
    r"(?P<what>[a-z0-9-]+)@(?:(?P<phase>[a-z-]+):)?(?P<at>[^+,:]+)(?:\+(?P<during>[^+,:]+))?(?P<rest>(?:,[^,]*)*)"
)
_TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|)")
_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>KB|MB|GB|KiB|MiB|GiB)/s")
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}
_MOST_NODES = 64
_HINT = (
    "For example: busy@10s+5s, slow@10s+20s,delay=200ms, kill-worker@10s, restart@10s+2s. See docs/storms.md."
)


class StormError(Exception):
    """A fault that means nothing, or that cannot be had with this endpoint or fleet. Exit code 2."""

    exit_code = ExitCode.USAGE

    def __init__(self, said: str, hint: str = _HINT) -> None:
        super().__init__(said)
        self.hint = hint


class What(enum.StrEnum):
    """What acts: the proxies between the workers and the endpoint, a signal, or the built-in endpoint."""

    WIRE = "wire"  # answers or connections are harmed on their way
    SLOW = "slow"  # the same, at one of several nodes
    KILL_WORKER = "kill-worker"  # SIGKILL; nothing of its ranks comes back
    RESTART = "restart"  # the endpoint is killed, and started again on the same data and address


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that goes wrong. Seconds count from the begin of `phase`; "": of the first measured phase."""

    text: str  # as it was given
    name: str  # busy, slow, kill-worker, restart, or another name of fixtures/faults.toml
    what: What
    at_s: float
    during_s: float = 0.0  # 0: for KILL_WORKER, which has no end
    phase: str = ""
    fault: Fault | None = None  # what WIRE and SLOW arm
    worker: int = 0  # of KILL_WORKER: which, from 0

    @property
    def end_s(self) -> float:
        """When it is over, seconds after the same begin."""
        return self.at_s + self.during_s

    @property
    def said(self) -> str:
        """In a few words, for a line of the run."""
        return _SAID[self.what].format(act=self)


_SAID: Mapping[What, str] = MappingProxyType(
    {
        What.WIRE: "{act.name} for {act.during_s:g} s",
        What.SLOW: "one node is slow for {act.during_s:g} s",
        What.KILL_WORKER: "worker {act.worker} is killed",
        What.RESTART: "the endpoint is killed and started again {act.during_s:g} s later",
    }
)


@dataclass(frozen=True, slots=True)
class Storm:
    """All that goes wrong in a run. `nodes`: how many proxies share the connections, one after the other."""

    acts: tuple[Act, ...]
    nodes: int = 1

    @property
    def needs_proxy(self) -> bool:
        """Whether something stands between the workers and the endpoint."""
        return any(act.what in (What.WIRE, What.SLOW) for act in self.acts)

    @property
    def longest_s(self) -> float:
        """How long the longest of them lasts."""
        return max(act.during_s for act in self.acts)

    @property
    def needs_restart(self) -> bool:
        """Whether the endpoint must be one that can be killed and started again."""
        return any(act.what is What.RESTART for act in self.acts)


def parse(texts: Sequence[str]) -> Storm | None:
    """What the `--fault` options say; None for none of them. Raises `StormError`."""
    if not texts:
        return None
    nodes: list[int] = []
    acts = [_act(text, nodes) for text in texts]
    if len({*nodes}) > 1:
        raise StormError(
            "two faults speak of different numbers of nodes; a run has one", "Give nodes=N once."
        )
    _check_overlap(acts)
    return Storm(tuple(sorted(acts, key=lambda act: (act.phase, act.at_s))), nodes[0] if nodes else 1)


def check(
    storm: Storm, *, phases: Iterable[str], workers: int, can_restart: bool, elsewhere: int = 0
) -> None:
    """Whether it can be had in this run. Raises `StormError` with what stands against it.

    `workers` are those of this machine, `elsewhere` how many join from others.
    """
    known = [*dict.fromkeys(phases)]
    if storm.needs_proxy and elsewhere:
        raise StormError(
            "faults on the wire need all workers on this machine: the others do not come by here",
            "Leave --expect-workers out, or kill workers and restart the endpoint instead.",
        )
    for act in storm.acts:
        if act.phase and act.phase not in known:
            raise StormError(
                f"--fault {act.text}: this profile has no phase {act.phase!r}",
                f"It has: {', '.join(known)}.",
            )
        if act.what is What.KILL_WORKER and act.worker >= workers:
            raise StormError(
                f"--fault {act.text}: there is no worker {act.worker}; {workers} count from 0",
                "Start more with --workers.",
            )
        if act.what is What.KILL_WORKER and workers + elsewhere < 2:
            raise StormError(
                f"--fault {act.text}: without its only worker a run has nobody left",
                "Start more with --workers.",
            )
        if act.what is What.RESTART and not can_restart:
            raise StormError(
                f"--fault {act.text}: only the built-in reference can be killed and started again",
                "Use the endpoint `reference`, or restart yours by hand while the run goes on.",
            )


def _act(text: str, nodes: list[int]) -> Act:
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise StormError(f"--fault {text}: not of the form WHAT@TIME+DURATION")
    name, phase = match["what"], match["phase"] or ""
    options = _options(text, match["rest"])
    at = _time(text, match["at"])
    during = 0.0 if match["during"] is None else _time(text, match["during"])
    act = Act(text.strip(), name, What.WIRE, at, during, phase)
    if name == "kill-worker":
        if during:
            raise StormError(f"--fault {text}: a killed worker does not come back, so it has no duration")
        act = replace(act, what=What.KILL_WORKER, worker=_count(text, options.pop("worker", "0"), least=0))
    elif name == "restart":
        act = replace(act, what=What.RESTART)
    elif name == "slow":
        nodes.append(_count(text, options.pop("nodes", "4"), least=1, most=_MOST_NODES))
        act = replace(_needs_end(act), what=What.SLOW, fault=_slow(text, options))
    else:
        act = replace(_needs_end(act), fault=_named(text, name, options))
    if options:
        raise StormError(f"--fault {text}: {name} has no option {min(options)!r}")
    return act


def _needs_end(act: Act) -> Act:
    if not act.during_s:
        raise StormError(f"--fault {act.text}: for how long? {act.name}@{act.at_s:g}s+5s, say")
    return act


def _slow(text: str, options: dict[str, str]) -> Fault:
    delay, rate = options.pop("delay", None), options.pop("rate", None)
    if (delay is None) == (rate is None):
        raise StormError(f"--fault {text}: a slow node has either delay=TIME or rate=SIZE/s")
    if delay is not None:
        seconds = _time(text, delay)
        if not seconds:
            raise StormError(f"--fault {text}: a delay of nothing is none")
        return Fault("slow", Kind.STALL, on=ANY, times=0, seconds=seconds)
    match = _RATE.fullmatch(rate or "")
    if match is None:
        raise StormError(f"--fault {text}: {rate!r} is no rate; 10MB/s is one (KB MB GB KiB MiB GiB)")
    per_second = round(float(match["number"]) * _UNITS[match["unit"]])
    if per_second < 1:
        raise StormError(f"--fault {text}: a node that sends nothing is not slow but gone")
    return Fault("slow", Kind.SLOW_DRIP, on="read", times=0, bytes_per_second=per_second)


def _named(text: str, name: str, options: dict[str, str]) -> Fault:
    found = catalogue().get(name)
    if found is None:
        raise StormError(
            f"--fault {text}: no fault is called {name!r}",
            f"There are: slow, kill-worker, restart, {', '.join(catalogue())}. See docs/storms.md.",
        )
    family = options.pop("on", ANY if ANY in found.families else found.families[0])
    try:
        return found.on(family, times=0)
    except FaultError as error:
        raise StormError(f"--fault {text}: {error}", error.hint) from None


def _options(text: str, rest: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in rest.split(",")[1:]:
        key, equals, value = part.partition("=")
        if not (key and equals and value) or key in options:
            raise StormError(f"--fault {text}: {part!r} is not one NAME=VALUE")
        options[key] = value
    return options


def _time(text: str, given: str) -> float:
    match = _TIME.fullmatch(given)
    if match is None:
        raise StormError(f"--fault {text}: {given!r} is no time; 10s, 500ms and 2m are")
    return float(match["number"]) * _SECONDS[match["unit"]]


def _count(text: str, given: str, *, least: int, most: int = 10**6) -> int:
    if not (given.isascii() and given.isdigit() and least <= int(given) <= most):
        raise StormError(f"--fault {text}: {given!r} is no whole number from {least} to {most}")
    return int(given)


def _check_overlap(acts: Sequence[Act]) -> None:
    """A proxy does one harm at a time, and a recovery is told from one fault's end."""
    spans = sorted((act.phase, act.at_s, act.end_s, act.text) for act in acts)
    for (phase, _, end, text), (later_phase, at, _, later) in itertools.pairwise(spans):
        if phase == later_phase and at < end:
            raise StormError(
                f"--fault {later} begins before {text} has ended; one at a time can be told apart",
                "Let the second one begin later, or make two runs.",
            )
