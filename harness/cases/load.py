"""Case files to Case values: one file, or a whole tree with its cross-checks. Nothing is sent from here."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from harness import catalogue
from harness.cases import case as c
from harness.cases import template
from harness.cases.errors import CaseError, CaseTreeError
from harness.cases.marks import Marked, read
from harness.cases.operations import OPERATIONS
from harness.cases.parse import Parser
from harness.cases.sweep import expand
from harness.shapes import Shape
from harness.signing.spec import AuthSpecError, parse_auth

NOT_CASES = frozenset({"requirements", "sources.yaml", "sets.yaml"})
"""What stands at the top of the suites folder and holds no case."""


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a case file."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("case.schema.json").read_text())
    return loaded


@functools.cache
def _compiled() -> Shape:
    return Shape(schema())


def load_tree(suites: Path) -> tuple[c.Case, ...]:
    """Every case under a suites folder, sorted by id.

    Raises CaseTreeError with all that is wrong: unreadable files, and `needs` or `tests` that lead nowhere.
    """
    errors: list[CaseError] = []
    cases: dict[str, c.Case] = {}
    for path in case_files(suites):
        try:
            for case in load_file(path, suites):
                if case.id in cases:
                    raise CaseError(
                        case.file, case.line, f"the id {case.id} is in {cases[case.id].file} already"
                    )
                cases[case.id] = case
        except CaseError as error:
            errors.append(error)
    try:
        requirements = known_requirements(suites)
    except CaseError as error:
        errors.append(error)
        requirements = None
    errors += _dangling(suites, cases.values(), requirements)
    errors += _misnamed(suites)
    if errors:
        once = {str(error): error for error in errors}  # the cases of a sweep have their mistakes in common
        raise CaseTreeError(tuple(sorted(once.values(), key=lambda error: (error.file, error.line))))
    return tuple(cases[name] for name in sorted(cases))


def case_files(suites: Path) -> Iterator[Path]:
    """The case files under a suites folder, sorted."""
    for path in sorted(suites.rglob("*.yaml")):
        relative = path.relative_to(suites)
        if relative.parts[0] not in NOT_CASES and not any(
            part.startswith((".", "_")) for part in relative.parts
        ):
            yield path


def load_file(path: Path, suites: Path) -> tuple[c.Case, ...]:
    """The case of one file, or the cases of a sweep. Raises CaseError."""
    file = path.relative_to(suites).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(file, 1, f"cannot be read: {error}") from None
    return parse_text(file, text)


def parse_text(file: str, text: str) -> tuple[c.Case, ...]:
    """The cases in a file's text. `file` is its path below the suites folder. Raises CaseError."""
    marked = read(file, text)
    _check_shape(marked, whole=not _is_sweep(marked))
    expected = file.removesuffix(".yaml")
    if marked.value["id"] != expected:
        raise CaseError(file, marked.line(("id",)), f"the id must equal the path: {expected}")
    rows = expand(marked) if _is_sweep(marked) else (marked,)
    for row in rows:
        _check_shape(row, whole=True)
    cases = tuple(Parser(row).case(row.value) for row in rows)
    for case in cases:
        _check_operation(case, marked)
        check_names(case.file, (*case.given, *case.steps))
    return cases


def known_requirements(suites: Path) -> frozenset[str] | None:
    """Requirement ids of the catalogue; None when the suites have none. Raises CaseError."""
    return frozenset(catalogue.requirements(suites)) if (suites / catalogue.FOLDER).is_dir() else None


def _is_sweep(marked: Marked) -> bool:
    return isinstance(marked.value, dict) and ("axes" in marked.value or "table" in marked.value)


def _check_shape(marked: Marked, *, whole: bool) -> None:
    """Hold a file to the schema; of a sweep that is not expanded yet, only what is no column's business."""
    value: Any = marked.value
    if whole and _compiled().surely_fits(value):
        return  # the other validator is slow, but says better what is wrong
    wanted = dict(schema())
    if not whole:
        wanted["required"] = ["id", "axes", "table"]
        value = {key: item for key, item in value.items() if key in wanted["required"]}
    hold(marked, wanted, value)


def hold(marked: Marked, wanted: Mapping[str, Any], value: Any) -> None:
    """Hold a value of a file to a JSON Schema. Raises CaseError for the worst that is wrong with it."""
    found = sorted(
        jsonschema.Draft202012Validator(wanted).iter_errors(value),
        key=lambda error: (len(error.path), str(error.path)),
    )
    if not found:
        return
    error = found[0]
    while error.context and not _says_itself(error):
        error = max(error.context, key=lambda inner: len(inner.relative_path))
    path = tuple(error.absolute_path)
    raise CaseError(marked.file, _line_of(marked, path, error), f"{_where(path)}{_say(error)}")


def _says_itself(error: jsonschema.ValidationError) -> bool:
    """Whether a choice of shapes failed as a whole, so that its description is the best message."""
    deepest = max(len(inner.relative_path) for inner in error.context or ())
    return deepest == 0 and isinstance(error.schema, dict) and "description" in error.schema


def _line_of(marked: Marked, path: tuple[str | int, ...], error: jsonschema.ValidationError) -> int:
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        return marked.line((*path, *_unknown(error)[:1]))
    return marked.line(path)


def _where(path: tuple[str | int, ...]) -> str:
    if not path:
        return ""
    said = [f"{part + 1}" if isinstance(part, int) else part for part in path]
    return f"{' '.join(said)}: "


def _unknown(error: jsonschema.ValidationError) -> list[str]:
    allowed = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    instance = error.instance if isinstance(error.instance, dict) else {}
    return [key for key in instance if key not in allowed]


def _say(error: jsonschema.ValidationError) -> str:
    if error.validator == "additionalProperties":
        allowed = sorted(error.schema.get("properties", {})) if isinstance(error.schema, dict) else []
        key = _unknown(error)[0]
        close = difflib.get_close_matches(key, allowed, n=1)
        return f"unknown key {key!r}; " + (
            f"did you mean {close[0]!r}?" if close else f"there are {', '.join(allowed)}"
        )
    if error.validator == "required":
        return error.message.replace(" is a required property", " is missing")
    if error.validator == "pattern":
        return f"{error.instance!r} does not have the right shape ({error.validator_value})"
    if isinstance(error.schema, dict) and "description" in error.schema and error.path:
        return f"{error.instance!r} is not {error.schema['description']}"
    return error.message


def _check_operation(case: c.Case, marked: Marked) -> None:
    if case.operation not in OPERATIONS:
        close = difflib.get_close_matches(case.operation, OPERATIONS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise CaseError(case.file, marked.line(("operation",)), f"unknown operation {case.operation!r}{hint}")


def check_names(file: str, steps: Iterable[c.Step]) -> None:
    """Raises CaseError where a step says a placeholder that means nothing there, or a wrong `auth`."""
    saved: set[str] = set()
    waiting: set[str] = set()
    group: str | None = None
    for step in steps:
        if step.parallel is None or step.parallel != group:
            saved |= waiting
            waiting = set()
        group = step.parallel
        for text, counted, is_regex in _templates(step):
            _check_template(file, step, text, frozenset(saved), counted, is_regex)
        _check_auth(file, step)
        for one in step.save:
            if one.name in template.BUILT_IN:
                raise CaseError(file, step.line, f"{{{one.name}}} is built in; save it under another name")
        waiting |= {one.name for one in step.save}
        for expect in (step.expect, *(expect for _, expect in step.before)):
            for text, counted, is_regex in _expected_templates(expect, step.repeat is not None):
                _check_template(file, step, text, frozenset(saved), counted, is_regex)
        if step.parallel is not None and step.repeat is not None:
            raise CaseError(file, step.line, "a step is sent with others at once or repeated, not both")


def _check_auth(file: str, step: c.Step) -> None:
    parts = step.body.parts if isinstance(step.body, c.Batch) else ()
    for auth in (step.auth, *(part.auth for part in parts)):
        try:
            parse_auth(auth)
        except AuthSpecError as error:
            raise CaseError(file, step.line, str(error)) from None


def _check_template(
    file: str, step: c.Step, text: str, saved: frozenset[str], counted: bool, is_regex: bool
) -> None:
    try:
        found = template.regex_names(text) if is_regex else template.names(text)
    except template.TemplateError as error:
        raise CaseError(file, step.line, str(error)) from None
    for placeholder in found:
        if wrong := template.problem(placeholder, saved, counted):
            raise CaseError(file, step.line, wrong)


_Template = tuple[str, bool, bool]  # text, whether a counter exists, whether it is a regular expression


def _templates(step: c.Step) -> Iterator[_Template]:
    counted = step.repeat is not None
    yield step.target, counted, False
    yield from ((text, counted, False) for _, text in step.headers if text is not None)
    if step.body is not None:
        yield from _recipe_templates(step.body, counted)
    yield from ((text, counted, False) for text in strings(step.auth))


def _expected_templates(expect: c.Expect, counted: bool) -> Iterator[_Template]:
    for _, graded in (*expect.headers, *expect.xml):
        match graded.value:
            case c.Equal(text) | c.Not(text) | c.Contains(text):
                yield text, counted, False
            case c.EqualList(texts) | c.OneOf(texts):
                yield from ((text, counted, False) for text in texts)
            case c.Matches(regex):
                yield regex, counted, True
            case c.Md5Of(recipe) | c.Crc64Of(recipe):
                yield from _recipe_templates(recipe, counted)
    match expect.body.value if expect.body else None:
        case c.Matches(regex):
            yield regex, counted, True
        case None | c.Empty():
            return
        case recipe:
            yield from _recipe_templates(recipe, counted)


def _recipe_templates(recipe: c.Recipe, counted: bool) -> Iterator[_Template]:
    match recipe:
        case c.Text(text) | c.Xml(text):
            yield text, counted, False
        case c.Slice(of, _, _):
            yield from _recipe_templates(of, counted)
        case c.Join(parts):
            for part in parts:
                yield from _recipe_templates(part, counted)
        case c.BlockListXml(entries):
            yield from ((entry.block, counted or entry.count > 1, False) for entry in entries)
        case c.Batch(parts):
            for sub in parts:
                each = counted or sub.count > 1
                yield sub.target, each, False
                yield from ((text, each, False) for _, text in sub.headers)
                yield from ((text, each, False) for text in strings(sub.auth))


def strings(value: Any) -> Iterator[str]:
    """Every text inside a plain value: the values of an `auth`, which may hold placeholders."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def _misnamed(suites: Path) -> list[CaseError]:
    """A case file of another ending would be left out, and nobody would miss it."""
    return [
        CaseError(path.relative_to(suites).as_posix(), 1, "the name of a case file ends in .yaml")
        for path in sorted(suites.rglob("*.yml"))
    ]


def _dangling(suites: Path, cases: Iterable[c.Case], requirements: frozenset[str] | None) -> list[CaseError]:
    found = list(cases)
    ids = {case.id for case in found}
    errors = []
    for case in found:
        for need in case.needs:
            if need not in ids:
                line = _line_that_says(need, case, suites)
                errors.append(CaseError(case.file, line, f"needs {need}, which does not exist"))
        for test in (*case.tests, *(test for step in (*case.given, *case.steps) for test in step.tests)):
            if requirements is not None and test not in requirements:
                line = _line_that_says(test, case, suites)
                errors.append(
                    CaseError(case.file, line, f"tests {test}, which no file of requirements/ lists")
                )
    errors += _circles({case.id: case for case in found})
    return errors


def _line_that_says(text: str, case: c.Case, suites: Path) -> int:
    """The first line of a case's file that names something; cases do not keep the lines of all they name."""
    file = suites / case.file
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    word = re.compile(rf"(?<![\w./-]){re.escape(text)}(?![\w./-])")
    said = (number for number, line in enumerate(lines, 1) if word.search(line.partition(" #")[0]))
    return next(said, case.line)


def _circles(cases: dict[str, c.Case]) -> list[CaseError]:
    errors = []
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " → ".join((*above[above.index(name) :], name))
            errors.append(CaseError(cases[name].file, cases[name].line, f"needs go in a circle: {circle}"))
        elif name not in done and name in cases:
            for need in cases[name].needs:
                visit(need, (*above, name))
            done.add(name)

    for name in cases:
        visit(name, ())
    return errors
