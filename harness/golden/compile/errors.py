"""Why recordings do not become a golden spec."""

from __future__ import annotations

from harness.vocabulary import ExitCode


class CompileError(Exception):
    """A recording that cannot be compiled."""

    exit_code = ExitCode.HARNESS

    def __init__(
        self, what: str, hint: str = "Record again; if it says so again, change the scenario."
    ) -> None:
        super().__init__(what)
        self.hint = hint


class VariesError(CompileError):
    """Two recordings of one scenario are not the same conversation."""
