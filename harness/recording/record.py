"""From a scenario to a golden spec: recorded until enough recordings agree, compiled, written or compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from harness.endpoint import Endpoint
from harness.golden import library
from harness.golden.compile import VariesError, compile_recordings
from harness.golden.document import dump
from harness.golden.guard import check
from harness.golden.spec import GoldenSpec
from harness.recording.drivers import Driver
from harness.recording.errors import NoAgreementError
from harness.recording.flow import Recording
from harness.recording.recorders import Recorders
from harness.recording.scenario import ClientScenario
from harness.recording.session import Watch, record_once
from harness.tools.find import Found

RECORDINGS = 2
"""How many recordings must agree."""

MOST = 5
"""How many are made before we give up, where fewer must agree."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario that has become a golden spec."""

    spec: GoldenSpec
    made: int  # recordings
    varied: tuple[str, ...]  # what kept some of them from agreeing
    secrets: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text of the spec, past the guard. Raises LeakError."""
        text = dump(self.spec)
        check(text, self.secrets, self.spec.id)
        return text


def record(
    scenario: ClientScenario,
    endpoint: Endpoint,
    recorders: Recorders,
    *,
    recordings: int = RECORDINGS,
    watch: Watch = lambda words: None,
    how: Driver | None = None,
    found: Found | None = None,
) -> Recorded:
    """Record until so many recordings agree. Raises what `record_once` does, and NoAgreementError."""
    made: list[Recording] = []
    varied: list[str] = []
    most = max(MOST, recordings)
    while len(made) < most:
        said = f"recording {len(made) + 1}"
        made.append(
            record_once(
                scenario,
                endpoint,
                recorders,
                watch=lambda words, said=said: watch(f"{said}: {words}"),  # type: ignore[misc]
                how=how,
                found=found,
            )
        )
        if len(made) >= recordings and (spec := _agreed(made, recordings, varied)) is not None:
            secrets = tuple({secret for one in made for secret in one.secrets})
            return Recorded(spec, len(made), tuple(dict.fromkeys(varied)), secrets)
    raise NoAgreementError(
        f"{scenario.id}: no {recordings} of {most} recordings agree: {varied[-1]}",
        "Calm the scenario: fewer connections, one file less, no listing beside a write.",
    )


def _agreed(made: Sequence[Recording], wanted: int, varied: list[str]) -> GoldenSpec | None:
    """The spec of the newest recording with as many others as are wanted; None, and the reasons, without."""
    *earlier, newest = made
    for others in combinations(earlier, wanted - 1):
        try:
            return compile_recordings((*others, newest))
        except VariesError as error:
            varied.append(str(error).removeprefix(f"{newest.scenario.id}: "))
    return None


def write(recorded: Recorded, traces: Path) -> Path:
    """Put the spec into a library; its path. Raises LeakError, OSError."""
    return library.write(recorded.spec, traces, recorded.secrets)


def differs(recorded: Recorded, traces: Path) -> str | None:
    """In which line the library's spec differs, its date aside; None where it does not. Raises LeakError."""
    path = library.path_of(recorded.spec, traces)
    try:
        there = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "there is none in the library"
    text = recorded.text
    if library.same(there, text):
        return None
    for number, (old, new) in enumerate(zip(there.splitlines(), text.splitlines(), strict=False), 1):
        if not library.same(f"{old}\n", f"{new}\n"):
            return f"line {number}: {old.strip()!r} is now {new.strip()!r}"
    return "one has lines that the other has not"
