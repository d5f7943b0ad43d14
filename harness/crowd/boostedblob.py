"""boostedblob with as many requests at once as it is told: whole trees, unmodified, led here by a proxy."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.clients.process import redacted, run_client
from harness.clients.stage import GateFaultError, Stage
from harness.drive.place import place
from harness.exchange import Exchange
from harness.tools.find import Found

_SCRIPT = Path(__file__).resolve().parents[1] / "clients" / "scripts" / "crowd_boostedblob.py"
_KEPT = 3
"""Exchanges of one kind that are kept as evidence, and judged by the wire rules; thousands are alike."""


@dataclass(frozen=True, slots=True)
class Boosted:
    """boostedblob on a stage."""

    stage: Stage
    found: Found
    parallel: int
    seconds: float

    def tree(self, blob: str) -> str:
        """A tree of the stage's container, as boostedblob names it."""
        return f"az://{self.stage.endpoint.account}/{self.stage.container}/{blob}"

    def copy(self, source: str, target: str, *, chunk: int = 0) -> None:
        """Copy a tree, and check that it says that it has.

        By its command; or by its library, which alone can be told of a `chunk` in bytes (its own are 32 MiB).
        Ends the scenario as indeterminate when it does not end in time.
        """
        stage = self.stage
        home = stage.work / "home"
        where = place(stage.endpoint, stage.reach, "shared-key", stage.container, home=home, found=self.found)
        assert where.key is not None
        env = {
            **where.environment(),
            "AZURE_STORAGE_ACCOUNT": stage.endpoint.account,
            "AZURE_STORAGE_KEY": where.key.reveal(),
            "BBB_DISABLE_CACHE": "1",  # it would keep the key in a file
            "BBB_DEFAULT_CONCURRENCY": str(self.parallel),
        }
        argv, stdin = self._command(source, target, chunk)
        try:
            ran = run_client(
                argv,
                env=env,
                cwd=home,
                seconds=self.seconds,
                stdin=stdin,
            )
        finally:
            shutil.rmtree(home, ignore_errors=True)
        said = " ".join(redacted(ran.stderr, [where.key.reveal()]).split())[-500:]
        exchanges = stage.reach.tap.take()
        if not exchanges:
            raise GateFaultError(f"nothing went through the tap: {said}")
        stage.scenario.exchanges([*_some(exchanges)])
        if ran.exit is None:
            stage.scenario.indeterminate(f"boostedblob did not end within {self.seconds:.0f} s: {said}")
        stage.scenario.check("boostedblob's own word", "done", "done" if ran.exit == 0 else said)

    def _command(self, source: str, target: str, chunk: int) -> tuple[tuple[str, ...], bytes]:
        """What to start, and what it reads."""
        if not chunk:
            return (str(self.found.path), "cptree", "-q", source, target), b""
        wanted = {"source": source, "target": target, "parallel": self.parallel, "chunk": chunk}
        python = str(self.found.path.with_name("python"))
        return (python, "-B", "-u", str(_SCRIPT)), json.dumps(wanted).encode()


def _some(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """A few of each kind."""
    kinds: Counter[tuple[str, str, int]] = Counter()
    for one in exchanges:
        query = one.request.target.partition("?")[2]
        comp = next((part for part in query.split("&") if part.startswith("comp=")), "")
        kind = (one.request.method, comp, one.response.status if one.response is not None else 0)
        kinds[kind] += 1
        if kinds[kind] <= _KEPT:
            yield one
