"""What can be wrong before anything is sent: one class of error for each, with a hint and an exit code."""

from __future__ import annotations

from typing import ClassVar

from harness.vocabulary import ExitCode


class EndpointError(Exception):
    """The endpoint cannot be used. The text is one line; `hint` says what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UnknownEndpointError(EndpointError):
    """The name is no URL, no connection string, no file and no built-in."""


class BadUrlError(EndpointError):
    """The URL names no Blob service."""


class BadConnectionStringError(EndpointError):
    """The connection string cannot be read."""


class BadFileError(EndpointError):
    """The TOML file cannot be read, or says something that has no meaning."""


class BadCredentialsError(EndpointError):
    """The credentials cannot be right: no base64, or for another account."""


class EnvironmentMissingError(EndpointError):
    """The environment does not say what it was asked for."""


class TokenError(EndpointError):
    """No bearer token could be had."""

    exit_code = ExitCode.INDETERMINATE


class ToolMissingError(EndpointError):
    """The program behind a built-in is not installed."""

    exit_code = ExitCode.NOTHING_VERIFIED


class StartError(EndpointError):
    """A built-in did not start. The text ends with the last words of the process."""

    exit_code = ExitCode.INDETERMINATE


class StartUsageError(StartError):
    """A built-in did not start because of how it was asked for: an unknown mutant, say."""

    exit_code = ExitCode.USAGE
