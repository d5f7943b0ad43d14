"""Why there is no forecast."""

from __future__ import annotations

from harness.vocabulary import ExitCode


class ForecastError(Exception):
    """Runs that no forecast can be made from."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
