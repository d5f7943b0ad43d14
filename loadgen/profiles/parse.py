"""From a TOML document, already held against the schema, to the values of a profile or of a part of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from loadgen.plan.values import Action, Process, Share
from loadgen.profiles.values import (
    Choice,
    FileSpec,
    LaneSpec,
    ModelSpec,
    Number,
    Option,
    Payloads,
    PhaseSpec,
    Provenance,
    Shrinks,
    Source,
)

_SHAPE = ("layers", "hidden", "ffn", "vocabulary", "heads", "kv_heads", "tensor", "pipeline", "data", "zero")
_FILE = ("count", "bytes", "spread", "owners")
_LANE = (
    *("ranks", "ranks_divided_by", "block_bytes", "single_bytes", "range_bytes", "page_names"),
    *("parallel", "files_at_once", "repeat", "rate", "seconds"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one file describes: a set of files, a flow, or a whole profile."""

    id: str
    title: str
    why: str
    kind: str  # of a set
    of: str  # the kind of set that a flow is for
    use: tuple[str, ...]  # sets that a whole profile takes
    ranks: str
    sources: Mapping[str, Source]
    numbers: Mapping[str, Number]
    files: tuple[FileSpec, ...]
    models: tuple[ModelSpec, ...]
    phases: tuple[PhaseSpec, ...]
    choices: Mapping[str, Choice]


def parse(document: Mapping[str, Any]) -> Part:
    """The part that a document describes. Bare numbers become numbers without a source, the user's own."""
    reader = _Reader({key: _number(one) for key, one in document.get("numbers", {}).items()})
    group = document["id"]
    part = Part(
        id=group,
        title=document["title"],
        why=document["why"],
        kind=document.get("kind", ""),
        of=document.get("of", ""),
        use=tuple(document.get("use", ())),
        ranks=reader.amount(document, "ranks", "ranks"),
        sources={key: Source(**one) for key, one in document.get("sources", {}).items()},
        numbers={},
        files=tuple(reader.file(one, group) for one in document.get("files", ())),
        models=(reader.model(document["model"], group),) if "model" in document else (),
        phases=tuple(reader.phase(one) for one in document.get("phases", ())),
        choices={key: _choice(one) for key, one in document.get("choices", {}).items()},
    )
    return replace(part, numbers=reader.numbers)


def _number(one: Mapping[str, Any]) -> Number:
    return Number(**{**one, "provenance": Provenance(one["provenance"])})


def _choice(one: Mapping[str, Any]) -> Choice:
    options = {
        key: Option(
            option["title"], {name: _number(number) for name, number in option.get("numbers", {}).items()}
        )
        for key, option in one["options"].items()
    }
    return Choice(one["title"], one["default"], options)


class _Reader:
    """Reads one document; gathers the numbers that stand where a name could."""

    def __init__(self, numbers: dict[str, Number]) -> None:
        self.numbers = numbers

    def amount(self, table: Mapping[str, Any], key: str, at: str) -> str:
        """The name of a number; "" where none stands."""
        given = table.get(key, "")
        if isinstance(given, str):
            return given
        self.numbers[at] = Number(given, key.replace("_", " "), Provenance.USER_SUPPLIED)
        return at

    def file(self, table: Mapping[str, Any], group: str) -> FileSpec:
        name = table["name"]
        amounts = {key: self.amount(table, key, f"{name}/{key}") for key in _FILE}
        return FileSpec(
            name=name,
            group=group,
            payload=table["payload"],
            shrinks=Shrinks(table.get("shrinks", "count")),
            pattern=table.get("pattern", "{index:08d}"),
            **amounts,
        )

    def model(self, table: Mapping[str, Any], group: str) -> ModelSpec:
        amounts = {key: self.amount(table, key, f"model/{key}") for key in _SHAPE}
        payloads = Payloads(table["payload"], table["payload_model"], table["payload_optimizer"])
        return ModelSpec(group=group, payloads=payloads, **amounts)

    def phase(self, table: Mapping[str, Any]) -> PhaseSpec:
        name = table["name"]
        return PhaseSpec(
            name=name,
            lanes=tuple(self.lane(one, name) for one in table["lanes"]),
            measured=table.get("measured", True),
            deadline_s=self.amount(table, "deadline_s", f"{name}/deadline_s"),
            pause_s=self.amount(table, "pause_s", f"{name}/pause_s"),
        )

    def lane(self, table: Mapping[str, Any], phase: str) -> LaneSpec:
        name = table["name"]
        amounts = {key: self.amount(table, key, f"{phase}/{name}/{key}") for key in _LANE}
        return LaneSpec(
            name=name,
            action=Action(table["action"]),
            files=tuple(table["files"]),
            share=Share(table.get("share", "own")),
            process=Process(table.get("process", "poisson")),
            **amounts,
        )
