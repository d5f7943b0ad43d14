"""What can be wrong with a profile, or with what is asked of one."""

from __future__ import annotations

from harness.vocabulary import ExitCode


class ProfileError(Exception):
    """A profile that there is not, that cannot be read, or that cannot do what is asked of it."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
