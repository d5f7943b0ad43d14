"""Scenario files to values: traces/CLIENT/scenarios.yaml, what each client is told to do."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from harness.cases import load
from harness.cases.case import Step
from harness.cases.errors import CaseError
from harness.cases.marks import Marked, read
from harness.cases.marks import Path as Where
from harness.cases.parse import Parser
from harness.endpoint import Style
from harness.recording.scenario import ClientScenario, Fault, Run
from harness.vocabulary import ExitCode

FILE = "scenarios.yaml"
"""Its name, below the folder of the client."""

_HINT = "See docs/record.md."


class UnknownScenarioError(Exception):
    """A scenario that the client's file does not have, or a client without such a file."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def load_scenarios(traces: Path, client: str) -> Mapping[str, ClientScenario]:
    """The scenarios of a client by name, in the order of its file. Raises UnknownScenarioError, CaseError."""
    path = traces / client / FILE
    file = f"{traces.name}/{client}/{FILE}"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(scenario_clients(traces)) or "none"
        raise UnknownScenarioError(
            f"{client} has no scenarios: there is no {file}", f"Clients with scenarios: {known}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(file, 1, f"cannot be read: {error}", _HINT) from None
    return parse_scenarios(file, client, text)


def scenario_clients(traces: Path) -> tuple[str, ...]:
    """The clients that have scenarios."""
    return tuple(sorted(path.parent.name for path in traces.glob(f"*/{FILE}")))


def find_scenario(traces: Path, client: str, name: str) -> ClientScenario:
    """One scenario. Raises UnknownScenarioError, CaseError."""
    known = load_scenarios(traces, client)
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    raise UnknownScenarioError(
        f"{client} has no scenario {name!r}",
        f"Did you mean {close[0]}?" if close else f"blobproof record {client} --list shows them.",
    )


def parse_scenarios(file: str, client: str, text: str) -> Mapping[str, ClientScenario]:
    """The scenarios in a file's text. Raises CaseError, with file and line."""
    try:
        marked = read(file, text)
        whole = _with_expectations(marked.value)
        load.hold(marked, _schema(), whole)
        reader = _Reader(marked, client)
        return {name: reader.scenario(name, value) for name, value in whole.items()}
    except CaseError as error:
        raise CaseError(error.file, error.line, error.message, _HINT) from None


@functools.cache
def _schema() -> dict[str, Any]:
    """Our own schema; the shapes of steps and recipes are those of cases."""
    own: dict[str, Any] = json.loads(Path(__file__).with_name("scenarios.schema.json").read_text("utf-8"))
    return {**own, "$defs": {**load.schema()["$defs"], **own["$defs"]}}


def _with_expectations(value: Any) -> Any:
    """The same with what a premise expects where it does not say so: that something was made."""
    if not isinstance(value, dict):
        return value
    return {name: _expecting(scenario) for name, scenario in value.items()}


def _expecting(scenario: Any) -> Any:
    if not isinstance(scenario, dict) or not isinstance(scenario.get("given"), list):
        return scenario
    given = [
        {"expect": {"status": 201}, **step} if isinstance(step, dict) else step for step in scenario["given"]
    ]
    return {**scenario, "given": given}


class _Reader:
    """Reads one checked file; every complaint names its line."""

    def __init__(self, marked: Marked, client: str) -> None:
        self._marked = marked
        self._client = client
        self._parser = Parser(marked)

    def scenario(self, name: str, value: Mapping[str, Any]) -> ClientScenario:
        """One scenario."""
        here: Where = (name,)
        files = {
            self._file(path, (*here, "files", path)): self._parser.recipe(recipe, (*here, "files", path))
            for path, recipe in value.get("files", {}).items()
        }
        runs = tuple(self._runs(value["run"], (*here, "run")))
        for at, run in enumerate(runs):
            if run.stdin and run.stdin not in files:
                raise self._wrong((*here, "run", at), f"stdin: there is no file {run.stdin!r} among `files`")
        return ClientScenario(
            client=self._client,
            name=name,
            title=value["title"],
            why=" ".join(value["why"].split()),
            flow=value["flow"],
            run=runs,
            signed=value.get("signed", "account-sas"),
            style=Style(value.get("style", "path")),
            secure=value.get("secure", False),
            files=files,
            given=self._given(value.get("given", []), (*here, "given")),
            faults=tuple(_fault(item) for item in value.get("faults", ())),
            permissions=value.get("permissions", ""),
            shuffles=value.get("shuffles", False),
            source=tuple(value.get("source", ())),
        )

    def _given(self, values: list[Any], path: Where) -> tuple[Step, ...]:
        steps = self._parser.steps(values, path)
        load.check_names(self._marked.file, steps)
        return steps

    def _runs(self, value: Any, path: Where) -> Iterator[Run]:
        if isinstance(value, dict) or not isinstance(value[0], (list, dict)):
            yield self._run(value, path)
            return
        for number, item in enumerate(value):
            yield self._run(item, (*path, number))

    def _run(self, value: Any, path: Where) -> Run:
        if isinstance(value, list):
            return Run(self._words(value, path))
        default = Run(())
        return Run(
            words=self._words(value["words"], (*path, "words")),
            exits=tuple(value.get("exits", default.exits)),
            stdin=value.get("stdin", default.stdin),
            env={name: _text(text) for name, text in value.get("env", {}).items()},
            seconds=float(value.get("seconds", default.seconds)),
        )

    def _words(self, values: list[Any], path: Where) -> tuple[str, ...]:
        for number, value in enumerate(values):
            if value is None:
                raise self._wrong((*path, number), "a word is text; write '' for an empty one")
        return tuple(_text(value) for value in values)

    def _file(self, name: str, path: Where) -> str:
        pure = PurePosixPath(name)
        if not name or pure.is_absolute() or ".." in pure.parts or name != pure.as_posix():
            raise self._wrong(path, f"{name!r} is no path below the folder of the local files")
        return name

    def _wrong(self, path: Where, message: str) -> CaseError:
        return CaseError(self._marked.file, self._marked.line(path), message, _HINT)


def _fault(value: Mapping[str, Any]) -> Fault:
    default = Fault("status")
    return Fault(
        kind=value["kind"],
        method=value.get("method", default.method),
        comp=value.get("comp", default.comp),
        path=value.get("path", default.path),
        first=value.get("first", default.first),
        times=value.get("times", default.times),
        status=value.get("status", default.status),
        error=value.get("error", default.error),
        headers=tuple((name, _text(text)) for name, text in value.get("headers", {}).items()),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
