"""A service, a world on it that does not say hello, and cases from a few lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from harness.cases.case import Case
from harness.cases.load import parse_text
from harness.execute import World
from tests.execute.service import Service, service


@pytest.fixture(name="service")
def _service() -> Iterator[Service]:
    with service() as made:
        yield made


@pytest.fixture
def world(service: Service) -> Iterator[World]:
    """A world whose container and probes are left out, so that a test sees only what its case sends."""
    made = World(service.endpoint, "bp-t-")
    yield made
    made.hang_up()


def make_case(steps: str, *, given: str = "", operation: str = "Get Blob") -> Case:
    """A case with these steps (YAML), as the loader makes it."""
    head = (
        f"id: area/one\ntitle: t\noperation: {operation}\nlevel: required\nwhy: w\n"
        "tests: [area.one]\nsource: [reference/1.0]\nprovenance: {recorded: here}\n"
    )
    premises = f"given:\n{textwrap.indent(textwrap.dedent(given), '  ')}\n" if given else ""
    body = textwrap.indent(textwrap.dedent(steps), "  ")
    (case,) = parse_text("area/one.yaml", f"{head}{premises}steps:\n{body}\n")
    return case
