"""What a replay would send: which golden specs, how many requests and bytes. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import manifest as manifests
from harness.cases.recipes import size
from harness.golden.document import FOLDER, load_tree
from harness.golden.spec import GoldenSpec
from harness.manifest import GOLDEN, Manifest
from harness.plan import NothingSelectedError, SelectionError
from harness.rules.tally import rule_ids


@dataclass(frozen=True, slots=True)
class GoldenPlan:
    """The specs of a replay, and the manifest that they are a part of."""

    root: Path  # the traces folder
    specs: tuple[GoldenSpec, ...]
    manifests: Mapping[str, Manifest]  # by set

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything that the replay is to bring, in its order: the wire rules look at all that is sent."""
        return (*(spec.id for spec in self.specs), *rule_ids())

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold them, relative to the traces."""
        return tuple(spec.file.removeprefix(f"{FOLDER}/") for spec in self.specs)

    @property
    def requests(self) -> int:
        """Requests that are sent, premises and reads included."""
        return sum(len(spec.given) + len(spec.sent) + len(spec.then) for spec in self.specs)

    @property
    def bytes(self) -> int:
        """Bytes of their bodies, but for those whose length depends on names."""
        steps = (
            step
            for spec in self.specs
            for step in (*spec.given, *(one.step for one in spec.sent), *spec.then)
        )
        return sum(size(step.body) or 0 for step in steps if step.body is not None)


class NoSuchTraceError(SelectionError):
    """A name that no golden spec, client or version has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no golden spec, client or client version {name!r}")
        self.hint = "blobproof replay reference --dry-run lists what there is."


class NoTracesError(NothingSelectedError):
    """The library is empty: a replay would verify nothing."""

    def __init__(self, traces: Path) -> None:
        super().__init__(f"there are no golden specs in {traces}")
        self.hint = "blobproof record makes them."


def make_plan(traces: Path, only: Sequence[str] = (), *, frozen: bool = True) -> GoldenPlan:
    """The plan of a replay; `only` are ids, clients (`azcopy`) or versions of one (`azcopy/10.32.2`).

    A library that is not `frozen` needs no manifest: all that is there is what there is to verify.
    Raises CaseTreeError, ManifestError, NoTracesError, NoSuchTraceError.
    """
    specs = load_tree(traces)
    if not specs:
        raise NoTracesError(traces)
    ids = [spec.id for spec in specs]
    if frozen:
        listed = manifests.load_one(traces, GOLDEN)
        manifests.check({GOLDEN: listed}, {GOLDEN: ids})
    else:
        listed = manifests.made(GOLDEN, ids)
    whole = replace(listed, ids=tuple(sorted((*listed.ids, *rule_ids()))))
    wanted = [f"{FOLDER}/{name.removeprefix(f'{FOLDER}/').strip('/')}" for name in only]
    for said, name in zip(only, wanted, strict=True):
        if not any(_names(name, spec) for spec in specs):
            raise NoSuchTraceError(said)
    chosen = tuple(spec for spec in specs if not only or any(_names(name, spec) for name in wanted))
    return GoldenPlan(traces, chosen, {GOLDEN: whole})


def manifest_ids(traces: Path) -> tuple[str, ...]:
    """What the manifest must list. Raises CaseTreeError."""
    return tuple(spec.id for spec in load_tree(traces))


def write_manifest(traces: Path) -> int:
    """Write the manifest anew; how many ids it lists. Raises CaseTreeError."""
    ids = manifest_ids(traces)
    manifests.write(traces, {GOLDEN: ids})
    return len(ids)


def _names(name: str, spec: GoldenSpec) -> bool:
    return spec.id == name or spec.id.startswith(f"{name}/")
