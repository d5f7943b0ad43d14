"""AzCopy makes containers. It can do so in host style only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.endpoint import Endpoint, Style
from harness.scenario import Scenario


@pytest.fixture
def named(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[AzcopyGate]:
    """AzCopy, led to the endpoint by host name. No container is made beforehand."""
    face = None
    if endpoint.style is not Style.HOST:
        face = next((name for name in ("host-https", "host") if name in endpoint.also), None)
        if face is None:
            scenario.not_applicable(
                "AzCopy's make cannot use path style, and no host-style address is configured",
                source=["azcopy/1.1"],
            )
    if ".blob" not in endpoint.face(face).authority:
        scenario.not_applicable("AzCopy's make needs a host name that contains .blob", source=["azcopy/1.1"])
    with azcopy_gate(scenario, endpoint, options.prefix, face=face, container=False) as ready:
        yield ready
        ready.stage.truth.delete_container(ready.stage.container)


def test_container(named: AzcopyGate) -> None:
    """A container is made by host name, once

    The account stands in the host name only. Made a second time, it must be refused as already there.
    """
    stage = named.stage
    target = stage.url(sas=stage.sas())
    outcome = named.run("make", target)
    named.asked("Create Container", 1, method="PUT")
    stage.scenario.check("exit code of make", 0, outcome.exit, source=("azcopy/1.1",))
    stage.scenario.check("the container exists", True, stage.truth.has_container(stage.container))
    again = named.run("make", target)
    said = " ".join((*again.messages, *again.reasons))
    stage.scenario.check("exit code of make for what exists", 1, again.exit, source=("azcopy/1.1",))
    stage.scenario.check(
        "AzCopy says that it exists already", True, "already exists" in said, source=("azcopy/1.1",)
    )
