"""Many clients at once on the same blobs: whatever they are told must have an order that explains it."""

from __future__ import annotations

from typing import Any

from harness.history.prove import NOTHING, Proof, prove
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario

_ABOUT = "an order of everything that explains every answer"
_NONE = "none"


def test_writers(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """Bytes, metadata, type, ETag and length of a read are those of one write

    A shard that is replaced while a rank reads it would be loaded half old and half new.
    """
    proof = _prove(scenario, cell, served, options, "writers")
    scenario.check(
        _ABOUT, NOTHING, proof.said, requirement="histories.no-torn-reads", source=("rest/put-blob",)
    )


def test_updates(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """One alone replaces a version with If-Match, and one alone creates a blob

    Trainers agree on a manifest by its ETag: when two are told that they replaced it, one update is lost.
    """
    proof = _prove(scenario, cell, served, options, "updates")
    scenario.check(
        _ABOUT, NOTHING, proof.said, requirement="histories.no-lost-update", source=("reference/1.2",)
    )


def test_commits(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """Put Block List shows all it commits at one moment, also where others use its block IDs

    A checkpoint that is seen before it is complete, or with another's blocks, is restored broken.
    """
    proof = _prove(scenario, cell, served, options, "commits")
    scenario.check(
        _ABOUT, NOTHING, proof.said, requirement="histories.atomic-commit", source=("rest/put-block-list",)
    )


def test_listings(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """A listing shows what was acknowledged before it began, and nothing that was deleted by then

    A job that lists what another has just finished would miss its last files, or open files that are gone.
    """
    proof = _prove(scenario, cell, served, options, "listings")
    scenario.check(_ABOUT, NOTHING, proof.said, requirement="histories.listings", source=("rest/list-blobs",))


def test_deletions(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """What was deleted does not come back

    A retry that finds the deleted shard again never writes the new one.
    """
    proof = _prove(scenario, cell, served, options, "deletions")
    scenario.check(
        _ABOUT, NOTHING, proof.said, requirement="histories.no-resurrection", source=("rest/delete-blob",)
    )


def test_everything(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """All of it together on one container

    Programs reason about a blob one step after another; so must the storage, whoever else is at work.
    """
    proof = _prove(scenario, cell, served, options, "everything")
    scenario.check(
        _ABOUT, NOTHING, proof.said, requirement="histories.linearisable", source=("reference/1.2",)
    )


def _prove(scenario: Scenario, cell: Cell, served: Served, options: Any, workload: str) -> Proof:
    """Do a workload, and say what of its answers is none of the contract's."""
    proof = prove(scenario, served.endpoint, served.face, options.prefix, workload, seconds=cell.seconds)
    scenario.check(
        "answers that the contract does not have for such requests",
        _NONE,
        proof.surprises or _NONE,
        level="expected",
        why="A client that works with others expects 412, 409 and 404, and knows what to do then.",
    )
    return proof
