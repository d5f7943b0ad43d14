"""Whether the figures of a run, merged from its workers, are those of the raw operation logs, pooled.

    blobproof bench PROFILE ENDPOINT --op-log --workers 4 --out RUN
    python -m benchmarks.merged_and_pooled RUN [--json]

For every histogram of `load.jsonl` the same one is made of the logs of all workers together, and its
percentiles (P50 … P99.9) are held against exact order statistics of the pooled raw durations as well.
Prints the greatest relative differences. Ends with 1 when a histogram is not the pooled one, or a
percentile is outside of its bucket (1/1024) or above the greatest duration; with 2 for a run that cannot be
compared: a worker that was lost has written more into its log than it told.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadgen.record.histogram import Histogram
from loadgen.record.oplog_read import frame, logs, pooled
from loadgen.record.read import HistogramKey, LoadError, read

_HINT = "Give a run that was made with --op-log and in which no worker was lost."
_QS = (50, 90, 95, 99, 99.9)
_BUCKET = 1 / 1024
_COLUMNS = {
    "latency": "latency_us",
    "failed": "latency_us",
    "service": "service_us",
    "first_byte": "first_byte_us",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen."""

    workers: int
    operations: int
    histograms: int
    same: int  # histograms that are equal to the pooled ones, bucket by bucket
    from_pooled: float  # the greatest relative difference of a percentile from that of the pooled histogram
    from_exact: float  # … from the exact order statistic of the raw durations
    above_max: int  # percentiles above the greatest duration

    @property
    def holds(self) -> bool:
        """Whether merging lost nothing."""
        return self.same == self.histograms and self.from_exact <= _BUCKET and not self.above_max


def main() -> int:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    try:
        run = read(wanted.run)
        files = logs(wanted.run)
        if any(event.what == "worker-lost" for event in run.events):
            raise LoadError("a worker was lost in this run: its log holds more than it told", _HINT)
        if len(files) < run.header.workers or not run.histograms:
            raise LoadError(
                f"{run.header.workers} workers, {len(files)} operation logs: run it with --op-log"
            )
        result = compare(run.histograms.items(), files)
    except LoadError as error:
        sys.stderr.write(f"{error}\n  {error.hint}\n")
        return 2
    _say(json.dumps({**asdict(result), "holds": result.holds}) if wanted.json else _spoken(result))
    return 0 if result.holds else 1


def compare(merged: Iterable[tuple[HistogramKey, Histogram]], files: tuple[Path, ...]) -> Result:
    """Hold each histogram against the logs."""
    raw = [frame(path) for path in files]
    same = count = above = 0
    from_pooled = from_exact = 0.0
    for key, histogram in merged:
        count += 1
        again = pooled(files, key.metric, phase=key.phase, iteration=key.iteration, lane=key.lane, op=key.op)
        same += histogram == again
        exact = np.sort(np.concatenate([_durations(one, key) for one in raw]))
        found, other = histogram.percentiles(_QS), again.percentiles(_QS)
        true = [int(exact[max(-(-round(q * 10) * len(exact) // 1000), 1) - 1]) for q in _QS]
        from_pooled = max(from_pooled, *map(_difference, found, other))
        from_exact = max(from_exact, *map(_difference, found, true))
        above += sum(one > exact[-1] for one in found)
    return Result(len(files), sum(map(len, raw)), count, same, from_pooled, from_exact, above)


def _durations(raw: pd.DataFrame, key: HistogramKey) -> NDArray[np.int64]:
    """The raw durations of one log that the key names, whole microseconds."""
    wanted = (raw["phase"] == key.phase) & (raw["iteration"] == key.iteration)
    wanted &= (raw["lane"] == key.lane) & (raw["op"] == key.op)
    wanted &= raw["good"] != (key.metric == "failed")
    return raw.loc[wanted, _COLUMNS[key.metric]].dropna().to_numpy(dtype=np.int64)


def _difference(found: int, true: int) -> float:
    return abs(found - true) / max(true, 1)


def _spoken(result: Result) -> str:
    return (
        f"{result.operations:,} operations in the logs of {result.workers} workers\n"
        f"{result.same} of {result.histograms} merged histograms equal those of the pooled logs\n"
        f"greatest difference of a percentile: {result.from_pooled:.6f} from the pooled histogram, "
        f"{result.from_exact:.6f} from the exact order statistic (a bucket: {_BUCKET:.6f})\n"
        f"percentiles above the greatest duration: {result.above_max}"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
