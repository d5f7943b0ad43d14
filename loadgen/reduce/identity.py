"""What tells two chunks apart: two checksums, 96 bits together; and a random number made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from awscrt import checksums
from numpy.typing import NDArray

Marks = NDArray[np.uint64]


def identity(chunk: memoryview) -> int:
    """CRC-64/NVME and CRC-32C in one number. Two chunks that nobody forged have the same once in 2^96 times.

    Checksums of a processor's own instructions cost a fiftieth of what a cryptographic hash costs.
    """
    value: int = checksums.crc64nvme(chunk) << 32 | checksums.crc32c(chunk)
    return value


def marks(identities: Sequence[int], salt: int) -> Marks:
    """A number of 64 bits for each identity, which looks random: sampling keeps those below a limit."""
    low = np.array([one >> 32 for one in identities], np.uint64)
    low ^= np.array([(one & 0xFFFFFFFF) * 0x9E3779B1 + salt & _WORD for one in identities], np.uint64)
    low ^= low >> np.uint64(30)
    low *= np.uint64(0xBF58476D1CE4E5B9)
    low ^= low >> np.uint64(27)
    low *= np.uint64(0x94D049BB133111EB)
    low ^= low >> np.uint64(31)
    return low


_WORD = (1 << 64) - 1
