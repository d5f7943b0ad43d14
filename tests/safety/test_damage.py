"""What is wrong with bytes is said in a few words."""

from __future__ import annotations

import random

import pytest

from harness.safety.damage import damage

DATA = random.Random(3).randbytes(20_000)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (DATA, ""),
        (None, "missing"),
        (b"", "empty, 20000 bytes wanted"),
        (DATA[:9000], "short: the first 9000 of 20000 bytes"),
        (DATA[:5000] + DATA[6000:], "a hole: 1000 of 20000 bytes are missing at 5000"),
        (DATA[:5000] + DATA, "written twice: 5000 bytes before 5000 are there again, 25000 instead of 20000"),
        (
            DATA[:9000] + DATA[5000:],
            "written twice: 4000 bytes before 9000 are there again, 24000 instead of 20000",
        ),
        (DATA + b"more", "4 bytes too many at the end, 20004 instead of 20000"),
        (DATA[:7] + bytes([DATA[7] ^ 1]) + DATA[8:], "1 of 20000 bytes is wrong, first at 7"),
        (DATA[:5000] + bytes(15_000), "other bytes from 5000 on, the length is right"),
        (b"x" + DATA[2:], "other content: 19999 instead of 20000 bytes, the first 0 are right"),
    ],
)
def test_damage(found: bytes | None, said: str) -> None:
    assert damage(DATA, found) == said


def test_nothing_is_wrong_with_nothing() -> None:
    assert damage(b"", b"") == ""
    assert damage(b"", b"abc") == "3 bytes too many at the end, 3 instead of 0"


def test_what_is_written_twice_as_a_whole() -> None:
    assert damage(b"abcdef", b"abcdefabcdef").startswith("written twice: 6 bytes before 6")
