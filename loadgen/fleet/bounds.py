"""What the substrate under an endpoint cannot exceed, for the check of physics."""

from __future__ import annotations

from loadgen.substrates.ceiling import ceiling
from loadgen.substrates.values import Substrate
from loadgen.validity.world import Bound


def bounds(substrate: Substrate) -> tuple[Bound, ...]:
    """A bound for each direction; none where parameters are missing or assumed: those lead to no verdict."""
    if not substrate.may_judge:
        return ()
    most = ceiling(substrate)
    said = substrate.provenance.value
    return (
        Bound(f"{substrate.id} ({most.read_limited_by})", most.read_bytes_per_s, "read", said),
        Bound(f"{substrate.id} ({most.write_limited_by})", most.write_bytes_per_s, "write", said),
    )
