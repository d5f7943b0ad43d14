"""Which worker plays which ranks, and how a list of ranks is said."""

from __future__ import annotations

from collections.abc import Iterable


def ranks_of(worker: int, workers: int, ranks: int) -> tuple[int, ...]:
    """The ranks of a worker: dealt out one by one, because first ranks often have more to do than last."""
    return tuple(range(worker, ranks, workers))


def spoken(ranks: Iterable[int]) -> str:
    """Ranks in few words: `0, 4, 8-11`."""
    runs: list[tuple[int, int]] = []
    for rank in sorted(set(ranks)):
        if runs and rank == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], rank)
        else:
            runs.append((rank, rank))
    return ", ".join(
        str(first) if first == last else f"{first}-{last}" if last > first + 1 else f"{first}, {last}"
        for first, last in runs
    )
