"""One cell of the matrix of clients: the client does its task through a tap, and all is compared."""

from __future__ import annotations

from typing import cast

from harness.clients.stage import GateFaultError, Stage, stage
from harness.drive.action import Action, Told
from harness.drive.client import Client, cannot
from harness.drive.clients import client as named
from harness.drive.place import Auth, place
from harness.drive.scene import Comparison, Scene
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario
from harness.tools.find import Found, Missing, find

_LOOK_SECONDS = 10.0
"""What a cell keeps of its budget for the scene, for ending the client, for looking at what is there."""


def run(scenario: Scenario, cell: Cell, served: Served, prefix: str) -> None:
    """Have the client of the cell do its action, and compare what is there with what must be.

    Ends the scenario as not applicable where the client cannot do it there, as not run where the client is
    missing, as indeterminate when it does not end in time. Raises GateFaultError.
    """
    client, action, auth = named(cell["client"]), Action(cell["action"]), cast(Auth, cell["auth"])
    face = served.endpoint.face(served.face)
    why = cannot(client, action, face.style, face.scheme, auth)
    if why is not None:
        scenario.not_applicable(why.reason, why.source)
    found = installed(scenario, client)
    with stage(scenario, served.endpoint, prefix, face=served.face) as ready:
        where = place(
            served.endpoint, ready.reach, auth, ready.container, home=ready.work / "home", found=found
        )
        scene = Scene.for_action(
            action, ready.truth, ready.container, ready.work / "files", "scene", large=client.large
        )
        with client.session(where) as session:
            told = session.do(scene.task, cell.seconds - _LOOK_SECONDS)
        if told.outcome == "hung":
            scenario.exchanges(ready.reach.tap.take())
            scenario.indeterminate(f"{client.name}: {told.said}")
        _judge(ready, client, told, scene.right(told))


def decline(scenario: Scenario, cell: Cell) -> None:
    """Say why the client of the cell does not do its action, wherever and with whatever credential."""
    why = cannot(named(cell["client"]), Action(cell["action"]))
    if why is None:
        raise GateFaultError(f"{cell['client']} does {cell['action']}: the table is not current")
    scenario.not_applicable(why.reason, why.source)


def installed(scenario: Scenario, client: Client) -> Found:
    """The client's program. Ends the scenario as not run where it is missing."""
    found = find(client.tool)
    if isinstance(found, Missing):
        scenario.not_run(f"{client.name} is missing: {found.reason}. {found.how}")
    scenario.used(client.name, found.version)
    return found


def _judge(ready: Stage, client: Client, told: Told, comparisons: tuple[Comparison, ...]) -> None:
    said = f"{client.name}: {told.said or told.outcome}"
    if told.outcome == "done" and all(one.holds for one in comparisons):
        # It has got over whatever the endpoint does not offer.
        exchanges = ready.reach.tap.take()
        if not exchanges:
            raise GateFaultError(f"nothing went through the tap; {said}")
        ready.scenario.exchanges(exchanges)
    else:
        ready.settle(said)
    word = told.outcome if told.outcome == "done" else f"{told.outcome}: {told.said}"
    ready.scenario.check(f"what {client.name} says", "done", word)
    for one in comparisons:
        ready.scenario.check(one.about, one.expected, one.observed)
