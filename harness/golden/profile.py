"""What each client asks and depends on: operation shapes, values that it sends back, measured facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.golden.features import Shape, shapes
from harness.golden.reliance import Client, Effect, Fact, Reliance, bindings
from harness.golden.spec import GoldenSpec


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation shape, and the flows that use it."""

    shape: Shape
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentBack:
    """A field of a response that the client sends back."""

    operation: str
    field: str  # "header ETag"
    place: str  # "If-Match"
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One client."""

    client: Client
    versions: tuple[str, ...]
    asked: tuple[Asked, ...]
    sent_back: tuple[SentBack, ...]
    facts: tuple[Fact, ...]  # with an effect, worst first


def profiles(
    specs: Iterable[GoldenSpec], reliance: Reliance, only: frozenset[str] = frozenset()
) -> tuple[Profile, ...]:
    """Every client of the specs and of the table, by name; `only` names some, by id."""
    by_client: defaultdict[str, list[GoldenSpec]] = defaultdict(list)
    for spec in specs:
        by_client[spec.client].append(spec)
    ids = only or {*by_client, *reliance.clients}
    made = (_profile(reliance.client(one), by_client.get(one, ()), reliance) for one in ids)
    return tuple(sorted(made, key=lambda one: one.client.name.lower()))


def _profile(client: Client, specs: Sequence[GoldenSpec], reliance: Reliance) -> Profile:
    asked: defaultdict[Shape, dict[str, None]] = defaultdict(dict)
    back: defaultdict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for spec in specs:
        for golden, shape in shapes(spec):
            if golden.injected is None:
                asked[shape][spec.flow] = None
        for one in bindings(spec):
            back[one.operation, one.field, one.place][spec.flow] = None
    order = list(Effect)
    facts = [fact for fact in reliance.of(client.id) if fact.effect is not Effect.NONE]
    return Profile(
        client,
        tuple(dict.fromkeys(spec.client_version for spec in specs)),
        tuple(Asked(shape, tuple(asked[shape])) for shape in sorted(asked, key=str)),
        tuple(SentBack(*key, tuple(back[key])) for key in sorted(back)),
        tuple(sorted(facts, key=lambda fact: order.index(fact.effect))),
    )
