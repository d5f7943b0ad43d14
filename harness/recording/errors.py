"""What can go wrong with a recording: one class for each, with a line, a hint and an exit code."""

from __future__ import annotations

from typing import ClassVar

from harness.vocabulary import ExitCode


class RecordingError(Exception):
    """There is no recording. The text is one line; `hint` says what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.INDETERMINATE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class ClientMissingError(RecordingError):
    """The client is not installed here."""

    exit_code = ExitCode.NOTHING_VERIFIED


class ClientFailedError(RecordingError):
    """The client ended in another way than the scenario says, or could not be started."""


class ClientTimedOutError(RecordingError):
    """The client did not end in its time."""


class NeverConnectedError(RecordingError):
    """The client ended as it should, but nothing went through the recorder."""


class CutOffError(RecordingError):
    """The endpoint did not answer a request wholly, so that the recording has a hole."""


class FaultMissedError(RecordingError):
    """A fault of the scenario hit nothing, so that the scenario shows nothing."""


class NoAgreementError(RecordingError):
    """However often it is recorded, the client does not do the same twice."""


class PremiseFailedError(RecordingError):
    """What the scenario gives to the client could not be put on the endpoint."""


class UnfitEndpointError(RecordingError):
    """The endpoint lacks an address or a credential that the scenario needs."""

    exit_code = ExitCode.USAGE
