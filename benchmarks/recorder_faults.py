"""What AzCopy makes of every fault that we know, straight at a faulty server and through the recorder.

    python -m benchmarks.recorder_faults [NAME...]

For each case it prints how AzCopy ended, what the server was asked and how often, and whether both ways are
the same. A NAME picks the cases whose names contain it. Ends with 1 when a case differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from harness.endpoints.builtin import reference
from tests.recording.fault_cases import CASES, Behaviour, both_ways


def main() -> int:
    """Run the cases and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME")
    wanted = parser.parse_args().names
    cases = [case for case in CASES if not wanted or any(name in case.name for name in wanted)]
    begun, different = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder, reference() as running:
        for name, (directly, recorded) in both_ways(cases, running.endpoint, Path(folder)):
            same = directly == recorded
            different += not same
            _say(f"{'same' if same else 'DIFFERENT':9} {name:24} {_line(directly)}")
            if not same:
                _say(f"{'':9} {'recorded':24} {_line(recorded)}")
    _say(f"{len(cases)} cases, {different} differ, {time.monotonic() - begun:.0f} s")
    return 1 if different or not cases else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _line(behaviour: Behaviour) -> str:
    asked = ", ".join(
        f"{times}x {method}{comp and f' {comp}'}" for (method, _, comp), times in behaviour.asked
    )
    reasons = "; ".join(behaviour.reasons)
    return f"exit {behaviour.exit} {behaviour.status or 'no job'} {behaviour.counts} [{asked}] {reasons}"


if __name__ == "__main__":
    sys.exit(main())
