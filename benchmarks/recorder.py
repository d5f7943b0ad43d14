"""A large AzCopy upload, straight to the façade and through the recorder: wall time of both, and memory.

    python -m benchmarks.recorder [--size MIB] [--rounds N]

The two ways alternate, because the machine may change its mind in between; what is printed is the median of
each, the ratio of the medians, and the peak of resident memory of mitmproxy and of the process that records
(VmHWM). Ends with 1 when a recorder's memory passes 300 MiB, or when the outcomes differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from harness.cases.case import Random
from harness.cases.template import Scope
from harness.clients.azcopy import Azcopy, AzcopyOutcome
from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.recording.payload import write_files
from harness.recording.recorders import Recorders, endpoint_and_recorders
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from harness.tools.find import Missing, find

MIB = 1 << 20
LIMIT = 300 * MIB
_SECONDS = 600.0
_CONTAINER = "bp-rec-benchmark"


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, metavar="MIB")
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, endpoint_and_recorders("reference") as (endpoint, before):
        big = Path(folder) / "files" / "big.bin"
        big.parent.mkdir()
        no_names = Scope("", "", "", "", "", "", "", datetime.now(UTC))
        write_files(big.parent, {big.name: Random(wanted.size * MIB, 1)}, no_names)
        with Truth(endpoint) as truth:
            truth.create_container(_CONTAINER)
        upload = _Upload(endpoint, before, big, Path(folder))
        return upload.compare(wanted.rounds)


class _Upload:
    """One file, uploaded again and again."""

    def __init__(self, endpoint: Endpoint, before: Recorders, file: Path, folder: Path) -> None:
        found = find("azcopy")
        if isinstance(found, Missing):
            raise SystemExit(f"{found.reason}. {found.how}")
        self._azcopy = Azcopy(found, folder / "work", folder / "logs")
        self._endpoint = endpoint
        self._recorder = before.of("reverse")
        self._file = file
        self._count = 0

    def compare(self, rounds: int) -> int:
        """Both ways in turns."""
        seconds: dict[str, list[float]] = {"directly": [], "recorded": []}
        said, requests = set(), set()
        for _ in range(rounds):
            for way, url in (("directly", self._endpoint.url), ("recorded", self._recorded_url())):
                done = self._once(url)
                seconds[way].append(done.seconds)
                said.add((done.exit, done.status, done.completed, done.failed, done.bytes_moved))
            requests.add(len(self._recorder.take()))
            _say(f"directly {seconds['directly'][-1]:.1f} s, recorded {seconds['recorded'][-1]:.1f} s")
        medians = {way: statistics.median(values) for way, values in seconds.items()}
        peaks = {"mitmproxy": _peak(str(self._recorder.pid)), "the recording process": _peak("self")}
        _say(f"median: {', '.join(f'{way} {value:.1f} s' for way, value in medians.items())}")
        _say(f"ratio: {medians['recorded'] / medians['directly']:.2f}")
        _say(f"outcomes: {sorted(map(str, said))}, recorded requests a round: {sorted(requests)}")
        for whose, peak in peaks.items():
            _say(f"peak memory of {whose}: {peak / MIB:.0f} MiB")
        return 1 if max(peaks.values()) > LIMIT or len(said) != 1 else 0

    def _recorded_url(self) -> str:
        face = self._endpoint.face()
        self._recorder.begin(self._endpoint, face)
        return f"http://{self._recorder.authority}{face.prefix}"

    def _once(self, url: str) -> AzcopyOutcome:
        self._count += 1
        sas = account_sas(self._endpoint, AccountSas(), datetime.now(UTC))
        return self._azcopy.run(
            "copy",
            [str(self._file), f"{url}/{_CONTAINER}/big.bin?{sas}", "--from-to=LocalBlob"],
            label=str(self._count),
            seconds=_SECONDS,
        )


def _peak(process: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
