"""The client against the façade: every credential and address, and authorities."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.endpoints import builtin
from harness.endpoints.builtin import Running
from loadgen.client import Engine, Target
from loadgen.work.listing import next_marker
from loadgen.work.op import Blob, Keep, Kind, Op, Outcome
from tests.endpoints.test_builtin import call, status
from tests.load.scripted import (
    PATTERN,
    Pattern,
    Work,
    put,
)


@pytest.fixture(scope="module")
def facade() -> Iterator[Running]:
    """The façade with a container."""
    with builtin.reference() as running:
        assert status(call(running.endpoint, "PUT", "/con?restype=container")) == (201, None)
        yield running


MIB = 1 << 20


@pytest.mark.parametrize(
    ("face", "auth"),
    [(None, "shared-key"), ("host", "shared-key"), ("https", "shared-key"), ("https", "bearer")],
)
def test_round_trip(facade: Running, face: str | None, auth: str) -> None:
    """Blocks up, sealed, read back by ranges and compared, fetched by the endpoint, listed, and removed."""
    target = Target.build(facade.endpoint, face, "con", auth=auth)  # type: ignore[arg-type]
    made = Engine(target, Pattern(), 4, timeout_s=30)
    folder = f"{face}-{auth}/"
    blob = Blob(f"{folder}a b%+ü?#&.bin", 5 * MIB + 7, "pattern", 1)
    copy = blob._replace(name=f"{folder}copy")
    offsets = list(range(0, blob.size, MIB))

    def do(*ops: Op) -> list[tuple[Op, Outcome]]:
        work = Work(*ops)
        made.run(work)
        for op, outcome in work.done_ops:
            assert outcome.good, (op.kind, outcome, made.trouble)
        return work.done_ops

    def parts(kind: Kind, of: Blob, *, keep: Keep = Keep.NOTHING, source: str = "") -> list[Op]:
        return [
            Op(kind, 3, "l", of, at, min(MIB, of.size - at), number, source=source, keep=keep)
            for number, at in enumerate(offsets)
        ]

    def listed(limit: int, marker: str = "") -> bytes:
        op = Op(Kind.LIST_BLOBS, 3, "l", Blob(folder, 0, "", 0), marker=marker, limit=limit, keep=Keep.BODY)
        return do(op)[0][1].body

    try:
        do(*parts(Kind.PUT_BLOCK, blob))
        do(Op(Kind.PUT_BLOCK_LIST, 3, "l", blob, block=len(offsets)))
        read = do(*parts(Kind.GET_BLOB, blob, keep=Keep.BODY))
        whole = b"".join(outcome.body for _, outcome in sorted(read, key=lambda pair: pair[0].offset))
        assert whole == PATTERN[: blob.size]
        do(*parts(Kind.PUT_BLOCK_FROM_URL, copy, source=blob.name))
        do(Op(Kind.PUT_BLOCK_LIST, 3, "l", copy, block=len(offsets)))
        (fetched,) = do(Op(Kind.GET_BLOB, 3, "l", copy, 0, copy.size, keep=Keep.BODY))
        assert fetched[1].body == whole
        do(Op(Kind.PUT_BLOB, 3, "l", Blob(f"{folder}small", 20_000, "pattern", 1), 0, 20_000))
        first = listed(2)
        assert first.count(b"<Blob>") == 2
        rest = listed(2, next_marker(first))
        assert (rest.count(b"<Blob>"), next_marker(rest)) == (1, "")
        do(Op(Kind.SET_METADATA, 3, "l", blob), Op(Kind.GET_PROPERTIES, 3, "l", copy))
        do(Op(Kind.DELETE_BLOB, 3, "l", blob), Op(Kind.DELETE_BLOB, 3, "l", copy))
        assert listed(10).count(b"<Blob>") == 1
    finally:
        made.close()


def test_wrong_authority(facade: Running, tmp_path: Path) -> None:
    """A server whose certificate nobody vouches for gets no request."""
    stranger = dataclasses.replace(facade.endpoint, ca_file=None)
    made = Engine(Target.build(stranger, "https", "con"), Pattern(), 1)
    made.run(work := Work(put(3)))
    assert work.outcomes[0].failure == "protocol"
    assert "certificate" in made.trouble.lower()
    made.close()
