"""The client scenarios under `suites/`, listed without importing them: id, title and reason of each.

`def test_small_file` in `suites/azcopy/upload.py` is `azcopy/upload/small-file`; the first line of its
docstring is the title, what follows is why it matters. Where `upload.toml` beside it has a table of that
name, the scenario is a matrix: one for each cell, as `azcopy/upload/small-file[style=path,scheme=http]`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.matrix.cell import Cell, cell_id
from harness.matrix.table import Matrix, tables
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
    cell: Cell | None = None  # of the matrix that it is one of

    @property
    def gate(self) -> str:
        """The folder: the client that the scenario drives."""
        return self.id.partition("/")[0]


def scenario_id(module: Path, function: str) -> str:
    """The id of a test function; `module` is relative to the suites folder. Cells keep their brackets."""
    name, bracket, values = function.partition("[")
    where = f"{module.with_suffix('').as_posix()}/{name.removeprefix('test_')}".replace("_", "-")
    return f"{where}{bracket}{values}"


def list_scenarios(suites: Path, *, scale: str = "normal") -> tuple[Listed, ...]:
    """Every plain scenario, in the order of files and lines. Raises ScenarioError, MatrixError."""
    return tuple(
        listed
        for path in _modules(suites, scale)
        for listed in _in_module(path, suites)
        if listed.cell is None
    )


def list_tested(suites: Path) -> tuple[Listed, ...]:
    """Every scenario, plain or of a matrix, once. Raises ScenarioError, MatrixError."""
    return tuple(listed for path in _modules(suites, "normal") for listed in _in_module(path, suites))


def list_cells(suites: Path, *, scale: str = "normal") -> tuple[Listed, ...]:
    """Every cell of every matrix, in the same order. Raises ScenarioError, MatrixError."""
    return tuple(
        cell
        for path in _modules(suites, scale)
        if path.with_suffix(".toml").is_file()
        for listed in _in_module(path, suites)
        if listed.cell is not None
        for cell in _cells(listed, tables(path)[_function(listed)])
    )


def list_matrices(suites: Path) -> dict[str, Matrix]:
    """The matrices of normal scale, by the id of their scenario. Raises MatrixError."""
    return {
        scenario_id(path.relative_to(suites), name): matrix
        for path in _modules(suites, "normal")
        for name, matrix in tables(path).items()
    }


def _modules(suites: Path, scale: str) -> Iterator[Path]:
    for path in sorted(suites.glob("*/**/*.py")):
        if path.name != "conftest.py" and (path.stem != LARGE or scale == LARGE):
            yield path


def _function(listed: Listed) -> str:
    return listed.id.rpartition("/")[2].replace("-", "_")


def _cells(listed: Listed, matrix: Matrix) -> Iterator[Listed]:
    for cell in matrix.cells():
        yield replace(listed, id=cell_id(listed.id, cell), cell=cell)


def _in_module(path: Path, suites: Path) -> Iterator[Listed]:
    relative = path.relative_to(suites)
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ScenarioError(f"suites/{relative}:{error.lineno or 1}: not Python: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise ScenarioError(f"suites/{relative}: cannot be read: {error}") from error
    in_tables = tables(path)
    there = {node.name.removeprefix("test_") for node in module.body if isinstance(node, ast.FunctionDef)}
    if lost := sorted(set(in_tables) - there):
        raise ScenarioError(f"suites/{relative.with_suffix('.toml')}: there is no scenario test_{lost[0]}")
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
            cell=Cell() if node.name.removeprefix("test_") in in_tables else None,
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
