"""What a writer does next: drawn from a seed, within a budget of bytes. Pure."""

from __future__ import annotations

import enum
import itertools
import random

from harness.soak.ledger import State

KIB = 1024
MIB = 1024 * KIB


class Kind(enum.StrEnum):
    """The writes of a soak."""

    PUT = "put-blob"
    COMMIT = "put-block-list"
    METADATA = "set-metadata"
    DELETE = "delete"


_NEW = ((Kind.PUT, 60), (Kind.COMMIT, 40))
_OLD = ((Kind.PUT, 30), (Kind.COMMIT, 30), (Kind.METADATA, 22), (Kind.DELETE, 18))
_SIZES = ((0, 0, 8), (1, 8 * KIB, 50), (8 * KIB, 128 * KIB, 30), (128 * KIB, 2 * MIB, 12))
"""From, to, and how many of a hundred."""

BLOCKS = 7  # of a block list, at most


def kind(chance: random.Random, now: State, *, full: bool) -> Kind:
    """What to do with a blob in this state; where the budget is used up, make room."""
    if full and now.there:
        return Kind.DELETE
    offers = _OLD if now.there else _NEW
    return chance.choices([one for one, _ in offers], [weight for _, weight in offers])[0]


def size(chance: random.Random, *, full: bool) -> int:
    """Bytes of a new content."""
    least, most, _ = chance.choices(_SIZES, [weight for *_, weight in _SIZES])[0]
    return 0 if full else chance.randint(least, most)


def cuts(chance: random.Random, length: int) -> list[tuple[int, int]]:
    """Where the blocks of a content begin and end; one of no bytes is a list of no blocks."""
    if not length:
        return []
    inner = {chance.randrange(length) for _ in range(chance.randrange(BLOCKS))} - {0}
    return list(itertools.pairwise([0, *sorted(inner), length]))
