"""Compare runs of the client safety matrix with the known outcomes, and with those that are recorded.

`compare_safety.py RUN...` prints what nothing explains, what is not as known, and what differs from what is
recorded (of cells in several runs also from run to run); with `--write` it records the outcomes of the first.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from harness.faults.catalogue import catalogue
from harness.results.read import read
from harness.safety import recorded
from harness.safety.known import FILE, load
from harness.safety.outcome import Outcome

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "safety" / "recorded.txt"


def main(words: list[str]) -> int:
    """Do it; the exit code."""
    runs = [recorded.outcomes(read(Path(word)).records) for word in words if not word.startswith("--")]
    lines = [line for one, next_ in pairwise(runs) for line in recorded.unlike(one, next_)]
    every: dict[tuple[str, str, str, str], Outcome] = {}
    for one in reversed(runs):  # the first run decides
        every |= one
    if "--write" in words:
        RECORDED.write_text(recorded.written(every, catalogue()), encoding="utf-8")
    else:
        lines += recorded.unlike(recorded.read(RECORDED.read_text(encoding="utf-8")), every)
    lines += recorded.against(every, load(ROOT / "suites" / "safety" / FILE))
    print("\n".join((*lines, f"{len(every)} outcomes, {len(lines)} to look at")))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
