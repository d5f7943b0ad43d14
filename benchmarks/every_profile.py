"""Every load profile against the reference façade, Azurite and the null server, one command each.

    python -m benchmarks.every_profile [--endpoint reference]… [--profile ID]… [--bytes 100e6] [--json]

Each profile is shrunk so that it moves about so many bytes, or fewer where it is made of requests. Prints a
row for each run: exit code, scale, phases and their times from barrier to barrier, errors. Ends with 1 when a
run did not come to its end or an operation failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from loadgen.plan.make import full_plan, plan_for
from loadgen.plan.requests import requests
from loadgen.profiles.read import profile, profiles

ENDPOINTS = ("reference", "azurite", "null")
_MAIN = "import sys; from blobproof.cli import main; main(sys.argv[1:])"
_REQUESTS = 4000
_TIMEOUT = 300.0
_LEAST = 1e-7


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--endpoint", action="append", choices=ENDPOINTS)
    parser.add_argument("--profile", action="append")
    parser.add_argument("--bytes", type=float, default=100e6)
    parser.add_argument("--seconds", type=float, default=3.0, help="of arrivals, where tasks arrive")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="every-profile-") as folder:
        for number, name in enumerate(given.profile or profiles()):
            for endpoint in given.endpoint or ENDPOINTS:
                out = Path(folder) / f"{number}-{endpoint}"
                row = run(name, endpoint, out, scale_for(name, given.bytes), given.seconds)
                rows.append(row)
                if not given.json:
                    print(said(row), flush=True)  # noqa: T201
    if given.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))  # noqa: T201
    good = sum(row["good"] for row in rows)
    print(f"{good} of {len(rows)} runs came to their end without an error", file=sys.stderr)  # noqa: T201
    return 0 if good == len(rows) else 1


def scale_for(name: str, size: float) -> float:
    """A scale at which a profile moves about so many bytes, and makes no more than some thousand requests."""
    full, _ = full_plan(profile(name))
    scale = min(1.0, size / full.full_bytes)
    while (
        scale > _LEAST
        and sum(requests(plan_for(name, scale=scale), measured_only=False).values()) > _REQUESTS
    ):
        scale /= 2
    return scale


def run(name: str, endpoint: str, out: Path, scale: float, seconds: float) -> dict[str, Any]:
    """One run, by the command that users give."""
    arriving = any(lane.arrivals for phase in plan_for(name, scale=scale).phases for lane in phase.lanes)
    command = [
        *(sys.executable, "-c", _MAIN, "bench", name, endpoint, "--scale", repr(scale)),
        *("--workers", "2", "--no-self-test", "--json", "--out", str(out)),
        *(("--seconds", str(seconds)) if arriving else ()),
    ]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    words = done.stdout.splitlines()
    told = json.loads(words[-1]) if words and words[-1].startswith("{") else {}
    phases = told.get("phases", [])
    good = done.returncode == 0 and bool(phases) and not any(phase["errors"] for phase in phases)
    return {
        "profile": name,
        "endpoint": endpoint,
        "good": good,
        "exit_code": done.returncode,
        "scale": told.get("scale"),
        "phases": phases,
        "took_s": round(time.monotonic() - began, 1),
        "said": "" if good else (done.stderr.strip().splitlines() or [""])[-1],
    }


def said(row: dict[str, Any]) -> str:
    """A run in a line."""
    phases = ", ".join(
        f"{one['name']} {one['barrier_s'] or 0:.3f} s, {one['ops']} operations"
        + (f", {one['errors']} errors" if one["errors"] else "")
        for one in row["phases"]
    )
    mark = "ok  " if row["good"] else "FAIL"
    scale = f"{row['scale']:.2g}" if row["scale"] else "-"
    where = f"{row['profile']} on {row['endpoint']}"
    return f"{mark} {where}: exit {row['exit_code']}, scale {scale}; {phases} {row['said']}"


if __name__ == "__main__":
    sys.exit(main())
