"""The command in this process, as the tests of other commands have it."""

from tests.command.conftest import here

__all__ = ["here"]
