"""The compiler: recordings of a client in, one golden spec out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from harness.cases.case import Batch, BatchPart, BlockListXml, Expect, Recipe, Save, Step, Text
from harness.cases.recipes import content
from harness.cases.template import Scope
from harness.exchange import Headers
from harness.golden.compile.blocks import templates
from harness.golden.compile.bodies import Bodies
from harness.golden.compile.draft import Draft, Drafting
from harness.golden.compile.errors import CompileError, VariesError
from harness.golden.compile.merge import Binding, Merged, merge
from harness.golden.compile.order import arrange, reduced
from harness.golden.compile.redactions import Redaction
from harness.golden.compile.remarks import remarks
from harness.golden.compile.tokens import found, swap
from harness.golden.contract import Predicted, predict
from harness.golden.spec import GoldenSpec, GoldenStep, Place
from harness.recording.flow import Recording
from harness.recording.scenario import ClientScenario, Run

__all__ = ["CompileError", "VariesError", "compile_recordings"]

VALIDATED = "by the contract model, the wire rules and a replay; not against Azure"


def compile_recordings(recordings: Sequence[Recording], *, date: str | None = None) -> GoldenSpec:
    """The golden spec of one scenario, recorded once or several times on the same server.

    `date` is that of the recording, today's by default. Raises VariesError where two recordings are not the
    same conversation, CompileError where one cannot be read.
    """
    first = recordings[0]
    if not first.flows:
        raise CompileError(f"{first.scenario.id}: nothing was recorded")
    payloads = dict(first.scenario.files)
    bodies = Bodies({name: (recipe, content(recipe, _NO_SCOPE)) for name, recipe in payloads.items()})
    blocks = templates(recordings)
    drafts = [_drafts(one, known, bodies) for one, known in zip(recordings, blocks, strict=True)]
    merged = merge(drafts)
    order = arrange(len(merged.steps), merged.edges, merged.keys)
    names = _names([merged.steps[number] for number in order])
    steps = _steps(merged, order, dict(zip(order, names, strict=True)))
    given = first.scenario.given
    said = predict(given, steps, payloads)
    steps = tuple(_expecting(step, number, said) for number, step in enumerate(steps))
    flows = [merged.steps[number].flow for number in order]
    used = {
        name: recipe
        for name, recipe in payloads.items()
        if any(_holds(one.step.body, recipe) for one in steps)
        or any(_expects(one, recipe) for one in said.then)
    }
    return GoldenSpec(
        id=f"traces/{first.scenario.client}/{first.client_version}/{first.scenario.name}",
        title=first.scenario.title,
        why=first.scenario.why,
        flow=first.scenario.flow,
        client=first.scenario.client,
        client_version=first.client_version,
        provenance=_provenance(
            recordings, drafts[0], bool(merged.bindings), date or f"{datetime.now(UTC):%Y-%m-%d}"
        ),
        signed=first.scenario.signed,
        sas=_place(drafts[0]),
        payloads=used,
        given=tuple(
            replace(step, save=(*step.save, *said.given_saves.get(number, ())))
            for number, step in enumerate(given)
        ),
        steps=steps,
        then=said.then,
        remarks=(*remarks(steps, flows, first.prefix), *said.unknown),
    )


_NO_SCOPE = Scope("", "", "", "", "", "", "", datetime(2026, 1, 1, tzinfo=UTC))
"""Payloads are bytes of their own: no name stands in them."""


def _drafts(recording: Recording, blocks: Mapping[tuple[str, str], str], bodies: Bodies) -> tuple[Draft, ...]:
    drafting = Drafting(recording, blocks, bodies)
    for flow in recording.flows:
        if flow.exchange.failure is not None and flow.injected is None and flow.exchange.unsent:
            raise VariesError(f"{recording.scenario.id}: a request broke off: {flow.exchange.failure}")
    return tuple(drafting.draft(number, flow) for number, flow in enumerate(recording.flows))


def _place(drafts: Sequence[Draft]) -> Place:
    """Where the client puts a SAS: sorted is what all requests show, first what one of them does."""
    places = {draft.place for draft in drafts if draft.place is not None}
    if places == {"sorted"}:
        return "sorted"
    return "first" if "first" in places else "last"


def _names(drafts: Sequence[Draft]) -> list[str]:
    """A name for each step: its operation, and a number where there are several."""
    slugs = [re.sub(r"[^a-z]+", "-", draft.who.operation.lower()).strip("-") for draft in drafts]
    total, count = Counter(slugs), Counter[str]()
    names = []
    for slug in slugs:
        count[slug] += 1
        names.append(slug if total[slug] == 1 else f"{slug}-{count[slug]}")
    return names


# --- steps ---


def _steps(merged: Merged, order: Sequence[int], names: Mapping[int, str]) -> tuple[GoldenStep, ...]:
    saves, values = _saves(merged.bindings, order)
    after = reduced(merged.edges, order)
    naming = _Naming()
    out = []
    for number in order:
        draft = _bound(merged.steps[number], values.get(number, ()))
        step = Step(
            method=draft.method,
            target=naming.text(draft.target),
            headers=tuple((name, naming.text(value)) for name, value in draft.headers),
            body=None if draft.body is None else naming.recipe(draft.body),
            chunked=draft.chunked,
            auth=draft.auth,
            save=saves.get(number, ()),
            exact=True,
        )
        out.append(
            GoldenStep(
                name=names[number],
                operation=draft.who.operation,
                step=step,
                after=tuple(names[one] for one in after[number]),
                racy=number in merged.racy,
                injected=draft.injected,
                stand_in=draft.stand_in,
            )
        )
    return tuple(out)


_NAMES = {"etag": "etag", "modified": "modified", "lease": "lease", "copy-id": "copy-id"}


def _saves(
    bindings: Sequence[Binding], order: Sequence[int]
) -> tuple[dict[int, tuple[Save, ...]], dict[int, list[tuple[Binding, str]]]]:
    """What each step saves, and what stands in the slots of each: numbered in the order of the steps."""
    place = {number: at for at, number in enumerate(order)}
    names: dict[tuple[int, str], str] = {}
    count: Counter[str] = Counter()
    saves: dict[int, tuple[Save, ...]] = {}
    values: dict[int, list[tuple[Binding, str]]] = {}
    for one in sorted(bindings, key=lambda one: (place[one.origin.draft], one.origin.path)):
        source = (one.origin.draft, one.origin.path)
        if source not in names:
            count[one.slot.kind] += 1
            names[source] = f"{one.slot.kind}-{count[one.slot.kind]}"
            save = Save(names[source], one.origin.source, one.origin.path)
            saves[one.origin.draft] = (*saves.get(one.origin.draft, ()), save)
        values.setdefault(one.step, []).append((one, names[source]))
    return saves, values


def _bound(draft: Draft, values: Sequence[tuple[Binding, str]]) -> Draft:
    """The draft with the names of bound values in their slots."""
    headers, query = list(draft.headers), list(draft.query)
    for binding, name in values:
        text = f'"{{{name}}}"' if binding.origin.quoted else f"{{{name}}}"
        slots = headers if binding.slot.where == "header" else query
        slots[binding.slot.at] = (slots[binding.slot.at][0], text)
    return replace(draft, headers=tuple(headers), query=tuple(query))


class _Naming:
    """Gives tokens their numbers, in the order in which the steps show them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def text(self, value: str) -> str:
        """A template without tokens."""
        for _, said in found(value):
            self._numbers.setdefault(said, len(self._numbers) + 1)
        return swap(value, lambda kind, said: f"{{{kind}:{self._numbers[said]}}}")

    def recipe(self, of: Recipe) -> Recipe:
        """A recipe without tokens."""
        match of:
            case Text(text):
                return Text(self.text(text))
            case BlockListXml():
                return replace(of, opening=self.text(of.opening), closing=self.text(of.closing))
            case Batch():
                return replace(
                    of,
                    parts=tuple(self._part(part) for part in of.parts),
                    boundary=None if of.boundary is None else self.text(of.boundary),
                )
        return of

    def _part(self, part: BatchPart) -> BatchPart:
        return replace(
            part,
            target=self.text(part.target),
            headers=self._headers(part.headers),
            mime=self._headers(part.mime),
        )

    def _headers(self, headers: Headers) -> Headers:
        return tuple((name, self.text(value)) for name, value in headers)


def _expecting(step: GoldenStep, number: int, said: Predicted) -> GoldenStep:
    """The step with what the contract expects, and what later expectations need to know."""
    saves = (*step.step.save, *said.saves.get(number, ()))
    return replace(step, step=replace(step.step, expect=said.expects[number], save=saves))


def _holds(body: Recipe | None, payload: Recipe) -> bool:
    return body is not None and (body == payload or getattr(body, "of", None) == payload)


def _expects(step: Step, payload: Recipe) -> bool:
    expect: Expect = step.expect
    return expect.body is not None and not isinstance(expect.body.value, str) and expect.body.value == payload


# --- where it comes from ---


def _command(client: str, run: Run) -> str:
    settings = (f"{name}={value}" for name, value in run.env.items())
    return " ".join((*settings, client, *run.words))


def _provenance(
    recordings: Sequence[Recording], drafts: Sequence[Draft], bound: bool, date: str
) -> dict[str, str]:
    first = recordings[0]
    scenario: ClientScenario = first.scenario
    rules = sorted(
        {*(rule for draft in drafts for rule in draft.rules), *((Redaction.BOUND,) if bound else ())}
    )
    out = {
        "command": "; ".join(_command(scenario.client, run) for run in scenario.run),
        "recorded-on": first.server,
        "addressing": f"{scenario.style.value} style, {'https' if scenario.secure else 'http'}",
        "recorder": first.recorder,
        "recordings": str(len(recordings)),
        "date": date,
        "validated": VALIDATED,
        "redacted": ", ".join(rules),
        "not-asserted": "User-Agent, order of headers, request ids",
    }
    if first.left_out:
        out["left-out"] = "; ".join(f"{count} × {reason}" for reason, count in sorted(first.left_out.items()))
    return out
