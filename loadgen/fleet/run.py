"""A load run from its endpoint to its last line: self-test, container, fleet, checks, metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol

from harness.endpoint import Endpoint
from harness.endpoints.errors import EndpointError
from loadgen.fleet.after import Done, conclude
from loadgen.fleet.child import Row
from loadgen.fleet.container import held
from loadgen.fleet.launch import FleetError, fly
from loadgen.fleet.wish import Wish, authorised, header_of, job_of
from loadgen.record.lines import Event, Footer, Header, from_json
from loadgen.record.write import LoadWriter
from loadgen.storm.follow import Follow
from loadgen.storm.recoveries import RECOVERY
from loadgen.storm.run import Restartable, Tempest
from loadgen.validity.checks import CEILING
from loadgen.validity.selftest import CeilingError, measure_ceiling


class Watch(Protocol):
    """Who is shown how a run goes."""

    def step(self, said: str) -> None:
        """Something takes a while."""
        ...

    def progress(self, row: Row) -> None:
        """How far a phase is: phase, iteration, t_s, begin_s, ops, bytes, errors."""
        ...

    def say(self, said: str) -> None:
        """Something that people should see at once: a lost worker, an interrupt."""
        ...


def bench(wish: Wish, endpoint: Endpoint, watch: Watch, restartable: Restartable | None = None) -> Done:
    """Make a run against an endpoint that is there. The run's folder must be there and hold no run.

    `restartable` is the endpoint itself, for a storm in which it is killed.

    Raises `WishError`, `ContainerError`, `FleetError`, and `OSError` where the disk is full; then what was
    written until then is kept, as a run that was cut off.
    """
    endpoint, auth = authorised(endpoint, wish.auth)
    header = header_of(wish, endpoint, auth)
    events = _self_test(wish, header.endpoint["scheme"] == "https", watch)
    with contextlib.ExitStack() as stack:
        watch.step("making the container")
        stack.enter_context(
            held(
                endpoint,
                wish.plan.container,
                keep=wish.keep,
                stayed=lambda why: watch.say(f"the container {wish.plan.container} stays: {why}"),
            )
        )
        follow = None
        if wish.storm is not None:
            tempest = Tempest(wish.storm, endpoint, wish.folder / "logs", restartable)
            endpoint = stack.enter_context(tempest).endpoint
            follow = Follow(tempest, wish.plan)
        writer = LoadWriter(wish.folder, header, checked=True)
        writer.add(*events)
        watch.step("waiting for the workers")
        try:
            over = fly(
                job_of(wish, endpoint, auth),
                endpoint,
                wish.formation,
                wish.folder,
                _hear(writer, watch, follow, join=wish.expected > 0),
            )
        except (FleetError, KeyboardInterrupt) as error:
            writer.close(complete=False, why=str(error) or "interrupted twice")
            raise
        except OSError as error:
            # The writer knows a descriptor only; people want to know which disk is full.
            raise OSError(error.errno, error.strerror, error.filename or str(writer.path)) from error
        if follow is not None:
            writer.add(*follow.told())
        watch.step("checking and measuring")
        done = conclude(wish, writer, over)
        for event in done.run.events:
            if event.what == RECOVERY:
                watch.say(event.said)
        return done


def _hear(writer: LoadWriter, watch: Watch, follow: Follow | None, *, join: bool) -> Callable[[Row], None]:
    def hear(row: Row) -> None:
        for event in () if follow is None else follow.hear(row):
            writer.add(event)
            watch.say(event.said)
        match row["row"]:
            case "line":
                line = from_json(row["line"])
                if isinstance(line, Header | Footer):
                    raise FleetError(f"the master sent a {line.line}", "Its log says more.")
                writer.add(line)
                if isinstance(line, Event) and line.what not in _QUIET:
                    watch.say(line.said)
            case "progress":
                watch.progress(row)
            case "listening" if join:
                watch.say(f"workers join at port {row['port']}")
            case "ended":
                if row["code"]:
                    watch.say(f"{row['name']} ended with exit code {row['code']}: {row['said']}")

    return hear


_QUIET = ("clock", "contents", "fleet", "usage", "op-logs")


def _self_test(wish: Wish, https: bool, watch: Watch) -> list[Event]:
    """The generator's ceiling, as an event; or why it is not known."""
    if wish.ceiling is not None:
        said = "what the generator can do at most, measured before an earlier run"
        return [Event(0.0, CEILING, said, wish.ceiling.to_json())]
    if not wish.self_test:
        return []
    if wish.expected:
        return [Event(0.0, "no-ceiling", "workers of other machines take part: their ceiling is unknown")]
    watch.step("measuring what the generator can do at most")
    try:
        ceiling = measure_ceiling(wish.plan, wish.workers, wish.folder / "logs", https=https)
    except (CeilingError, EndpointError) as error:
        watch.say(f"the generator's ceiling is not known: {error}")
        return [Event(0.0, "no-ceiling", str(error))]
    return [Event(0.0, CEILING, "what the generator can do at most", ceiling.to_json())]
