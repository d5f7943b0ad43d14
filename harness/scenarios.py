"""The client scenarios under `suites/`, listed without importing them: id, title and reason of each.

`def test_small_file` in `suites/azcopy/upload.py` is `azcopy/upload/small-file`; the first line of its
docstring is the title, what follows is why it matters.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary import ExitCode

LARGE = "large"
"""Modules of this name hold data sets that are run only with `--scale large`, and are in no manifest."""


class ScenarioError(Exception):
    """A scenario that cannot be listed."""

    exit_code = ExitCode.USAGE
    hint = "See CONTRIBUTING.md, “Add a client”."


@dataclass(frozen=True, slots=True)
class Listed:
    """One scenario, as its source says."""

    id: str
    title: str
    why: str
    file: str  # relative to the suites folder
    line: int
    tests: tuple[str, ...] = ()  # the requirements that its checks name

    @property
    def gate(self) -> str:
        """The folder: the client that the scenario drives."""
        return self.id.partition("/")[0]


def scenario_id(module: Path, function: str) -> str:
    """The id of a test function; `module` is relative to the suites folder."""
    return f"{module.with_suffix('').as_posix()}/{function.removeprefix('test_')}".replace("_", "-")


def list_scenarios(suites: Path, *, scale: str = "normal") -> tuple[Listed, ...]:
    """Every scenario, in the order of the files and of their lines. Raises ScenarioError."""
    return tuple(
        listed
        for path in sorted(suites.glob("*/**/*.py"))
        if path.name != "conftest.py" and (path.stem != LARGE or scale == LARGE)
        for listed in _in_module(path, suites)
    )


def _in_module(path: Path, suites: Path) -> Iterator[Listed]:
    relative = path.relative_to(suites)
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ScenarioError(f"suites/{relative}:{error.lineno or 1}: not Python: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise ScenarioError(f"suites/{relative}: cannot be read: {error}") from error
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        title, _, why = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n")
        if not title or not why.strip():
            raise ScenarioError(f"suites/{relative}:{node.lineno}: {node.name} needs a title and a reason")
        yield Listed(
            id=scenario_id(relative, node.name),
            title=title.strip(),
            why=" ".join(why.split()),
            file=str(relative),
            line=node.lineno,
            tests=tuple(dict.fromkeys(_requirements(node))),
        )


def _requirements(function: ast.FunctionDef) -> Iterator[str]:
    """What `scenario.check(…, requirement="…")` says, where it says it literally."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "requirement"
            and isinstance(node.value, ast.Constant)
        ):
            yield str(node.value.value)
