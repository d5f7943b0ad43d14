"""What can be wrong with a payload that somebody asks for."""

from __future__ import annotations

from harness.vocabulary import ExitCode


class PayloadError(Exception):
    """A recipe that there is not, or that cannot be made."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
