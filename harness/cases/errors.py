"""What can be wrong with a case file, as one error type that names file and line."""

from __future__ import annotations

from harness.vocabulary import ExitCode


class CaseError(Exception):
    """A case file that cannot be used. Nothing is sent while one exists."""

    exit_code = ExitCode.USAGE

    def __init__(self, file: str, line: int, message: str, hint: str = "See docs/case-format.md.") -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message
        self.hint = hint


class CaseTreeError(Exception):
    """Everything that is wrong with a tree of cases, in file order."""

    exit_code = ExitCode.USAGE
    hint = "See docs/case-format.md."

    def __init__(self, errors: tuple[CaseError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors
