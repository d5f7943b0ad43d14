"""Golden specs as files: YAML to values and back. Equal specs make equal bytes."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import yaml

from harness.cases import case as c
from harness.cases.errors import CaseError, CaseTreeError
from harness.cases.load import hold
from harness.cases.marks import Marked, read
from harness.cases.parse import Parser
from harness.golden import dump as d
from harness.golden.spec import GoldenSpec, GoldenStep, Injected, Place
from harness.shapes import Shape

_WIDTH = 100_000  # a header stands on one line, as it was sent
FOLDER = "traces"
"""The first part of every id."""


# --- writing ---


class _Dumper(yaml.SafeDumper):
    """Lists of headers with a line each, small mappings on one line, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never an alias: two equal things are shown twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand below their key, indented."""
        super().increase_indent(flow, False)


_Dumper.add_representer(
    d.Lines, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=False)
)
_Dumper.add_representer(
    d.Flow,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True),
)


def dump(spec: GoldenSpec) -> str:
    """The text of a spec."""
    values = plain(spec)
    text: str = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    return text


def plain(spec: GoldenSpec) -> dict[str, Any]:
    """A spec as the plain values of its file."""
    out: dict[str, Any] = {
        "id": spec.id,
        "title": spec.title,
        "why": spec.why,
        "flow": spec.flow,
        "client": d.Flow(name=spec.client, version=spec.client_version),
        "provenance": dict(spec.provenance),
        "signed": spec.signed,
    }
    if spec.sas != "last":
        out["sas"] = spec.sas
    if spec.needs:
        out["needs"] = d.Flow(spec.needs)
    if spec.payloads:
        out["payloads"] = {name: d.recipe(recipe, {}) for name, recipe in spec.payloads.items()}
    if spec.given:
        out["given"] = [d.step(step, spec.payloads) for step in spec.given]
    out["steps"] = [_golden(step, spec.payloads) for step in spec.steps]
    if spec.then:
        out["then"] = [d.step(step, spec.payloads) for step in spec.then]
    if spec.remarks:
        out["remarks"] = d.Lines(spec.remarks)
    return out


def _golden(of: GoldenStep, payloads: d.Payloads) -> dict[str, Any]:
    out: dict[str, Any] = {"name": of.name, "operation": of.operation}
    if of.after:
        out["after"] = d.Lines(of.after)
    if of.racy:
        out["racy"] = True
    if of.injected is not None:
        said = {"fault": of.injected.fault, "status": of.injected.status, "error": of.injected.error}
        out["injected"] = d.Flow({key: value for key, value in said.items() if value is not None})
    if of.stand_in:
        out["stand-in"] = True
    return out | d.step(of.step, payloads)


# --- reading ---


class SpecTreeError(CaseTreeError):
    """Files of a library that are no golden specs."""

    hint = "See docs/golden-specs.md; `blobproof record` makes a spec anew."


def load_tree(traces: Path) -> tuple[GoldenSpec, ...]:
    """Every golden spec under a traces folder, sorted by id. Raises SpecTreeError with all that is wrong."""
    errors: list[CaseError] = []
    specs: list[GoldenSpec] = []
    for path in spec_files(traces):
        try:
            specs.append(load(path, traces))
        except CaseError as error:
            errors.append(error)
    if errors:
        raise SpecTreeError(tuple(errors))
    return tuple(sorted(specs, key=lambda spec: spec.id))


def spec_files(traces: Path) -> Iterator[Path]:
    """The files of a traces folder that hold specs: CLIENT/VERSION/NAME.yaml."""
    yield from sorted(traces.glob("*/*/*.yaml"))


def load(path: Path, traces: Path) -> GoldenSpec:
    """The spec of one file below a traces folder. Raises CaseError."""
    file = f"{FOLDER}/{path.relative_to(traces).as_posix()}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(file, 1, f"cannot be read: {error}") from None
    return parse(file, text)


def parse(file: str, text: str) -> GoldenSpec:
    """The spec in a file's text. Raises CaseError."""
    marked = read(file, text)
    value = marked.value
    if not _shape().surely_fits(value):
        hold(marked, schema(), value)
    if value["id"] != file.removesuffix(".yaml"):
        raise CaseError(
            file, marked.line(("id",)), f"the id must equal the path: {file.removesuffix('.yaml')}"
        )
    recipes = Parser(marked)
    payloads = {
        name: recipes.recipe(said, ("payloads", name)) for name, said in value.get("payloads", {}).items()
    }
    parser = Parser(marked, payloads)
    steps = tuple(_step(said, parser, marked, ("steps", i)) for i, said in enumerate(value["steps"]))
    _check_order(steps, marked)
    return GoldenSpec(
        id=value["id"],
        title=value["title"],
        why=value["why"],
        flow=value["flow"],
        client=value["client"]["name"],
        client_version=value["client"]["version"],
        provenance={key: str(said) for key, said in value["provenance"].items()},
        signed=value["signed"],
        sas=cast("Place", value.get("sas", "last")),
        payloads=payloads,
        given=parser.steps(_with_expect(value.get("given", [])), ("given",)),
        steps=steps,
        then=parser.steps(_with_expect(value.get("then", [])), ("then",)),
        remarks=tuple(value.get("remarks", ())),
        needs=dict(value.get("needs", {})),
        file=file,
    )


def _with_expect(steps: list[Mapping[str, Any]]) -> list[Any]:
    """The parser of cases wants an expectation in every step; a golden one may have none."""
    return [{"expect": {}, **step} for step in steps]


def _step(
    value: Mapping[str, Any], parser: Parser, marked: Marked, path: tuple[str | int, ...]
) -> GoldenStep:
    own = {"name", "operation", "after", "racy", "injected", "stand-in"}
    (step,) = parser.steps([{"expect": {}, **{k: v for k, v in value.items() if k not in own}}], path[:-1])
    said = value.get("injected")
    return GoldenStep(
        name=value["name"],
        operation=value["operation"],
        step=replace(step, exact=True, line=marked.line(path)),
        after=tuple(value.get("after", ())),
        racy=value.get("racy", False),
        injected=None if said is None else Injected(said["fault"], said.get("status"), said.get("error")),
        stand_in=value.get("stand-in", False),
    )


def _check_order(steps: tuple[GoldenStep, ...], marked: Marked) -> None:
    """Names are unique, and `after` names only what stands above: so there is no circle."""
    known: set[str] = set()
    for at, step in enumerate(steps):
        if step.name in known:
            raise CaseError(marked.file, marked.line(("steps", at)), f"two steps are called {step.name}")
        if unknown := sorted(set(step.after) - known):
            line = marked.line(("steps", at, "after"))
            raise CaseError(marked.file, line, f"after: no step above is called {unknown[0]}")
        known.add(step.name)


@functools.cache
def _shape() -> Shape:
    return Shape(schema())


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a golden spec; its expectations and recipes are those of a case."""
    own: dict[str, Any] = json.loads(Path(__file__).with_name("golden.schema.json").read_text("utf-8"))
    cases = Path(c.__file__).with_name("case.schema.json")
    shared: dict[str, Any] = json.loads(cases.read_text("utf-8"))["$defs"]
    return {**own, "$defs": {**shared, **own["$defs"]}}
