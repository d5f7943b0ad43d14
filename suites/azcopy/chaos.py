"""AzCopy while things break on the way: what it makes of that is its own affair, the data must be whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from harness.clients.azcopy import AzcopyOutcome
from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, content, digests, read_tree, tree, write_tree
from harness.clients.peers import Peers, beside
from harness.clients.stage import GateFaultError, Stage
from harness.faults.catalogue import catalogue
from harness.faults.fault import Fault
from harness.matrix.cell import Cell
from harness.safety.outcome import Outcome

_FILE = {"chaos +.bin": content(9 * MIB, 33)}
_TREE = {f"tree/{name}": data for name, data in tree(30).items()}


def test_chaos(shaken: AzcopyGate, cell: Cell, peers: Peers, options: Any) -> None:
    """One fault, or a burst of them, and the data are whole

    Services are busy and networks break, most of all when much is moved. AzCopy tries again; what it sent
    twice must be there once, and a commit whose answer was lost must not be a failure.
    """
    match cell["fault"]:
        case "busy-commit":
            _up(shaken, _FILE, _fault("busy", "commit"))
        case "lost-commit":
            _up(shaken, _FILE, _fault("lost-answer", "commit"))
        case "reset-inside-block":
            _up(shaken, _FILE, _fault("reset-inside-request", "write", nth=3))
        case "reset-before-block":
            _up(shaken, _FILE, _fault("reset-before", "write", nth=2, times=3))
        case "stalled-block":
            _up(shaken, _FILE, _fault("stall", "write", nth=4))
        case "refused-connections":
            _up(shaken, _FILE, _fault("refused", "any", times=2))
        case "busy-tree":
            _up(shaken, _TREE, _fault("busy", "write", nth=5, times=12))
        case "busy-read":
            _down(shaken, _FILE, _fault("busy", "read", nth=2))
        case "cut-read":
            _down(shaken, _FILE, _fault("cut-response", "read", nth=2, times=3))
        case "reset-read":
            _down(shaken, _FILE, _fault("reset-inside-response", "read", nth=3))
        case "busy-list":
            _down(shaken, _TREE, _fault("busy", "list"))
        case "busy-copy":
            _from_peer(shaken, _FILE, _fault("busy", "copy", nth=2), peers, options.prefix)
        case "lost-copy":
            _from_peer(shaken, _FILE, _fault("lost-answer", "copy", nth=3), peers, options.prefix)


def _fault(name: str, on: str, *, nth: int = 1, times: int = 1) -> Fault:
    return catalogue()[name].on(on, nth=nth, times=times)


def _up(gate: AzcopyGate, files: Mapping[str, bytes], fault: Fault) -> None:
    folder = write_tree(gate.stage.work / "up", files)
    source = folder / _top(files)
    outcome = _struck(gate, fault, files, str(source), _into(gate.stage, files), "LocalBlob")
    _judge(gate, outcome, files, _stored(gate.stage))


def _down(gate: AzcopyGate, files: Mapping[str, bytes], fault: Fault) -> None:
    _lay(gate.stage, files)
    folder = gate.stage.work / "down"
    folder.mkdir()
    target = folder if len(files) > 1 else folder / _top(files)
    outcome = _struck(gate, fault, files, _from(gate.stage, files), str(target), "BlobLocal")
    found = {name: one for name, one in read_tree(folder).items() if ".azDownload" not in name}
    _judge(gate, outcome, files, found)


def _from_peer(gate: AzcopyGate, files: Mapping[str, bytes], fault: Fault, peers: Peers, prefix: str) -> None:
    with beside(gate.stage, peers, prefix) as other:
        _lay(other, files)
        outcome = _struck(gate, fault, files, _from(other, files), _into(gate.stage, files), "BlobBlob")
    _judge(gate, outcome, files, _stored(gate.stage))


def _struck(
    gate: AzcopyGate, fault: Fault, files: Mapping[str, bytes], source: str, target: str, from_to: str
) -> AzcopyOutcome:
    """The job's outcome. Raises GateFaultError when the fault struck nothing."""
    proxy = gate.stage.reach.faults
    proxy.arm([fault])
    try:
        outcome = gate.copy(source, target, from_to, "--recursive" if len(files) > 1 else "--block-size-mb=1")
    finally:
        strikes = proxy.disarm()
    if not strikes:
        raise GateFaultError(f"the fault {fault.id} struck nothing")
    return outcome


def _judge(
    gate: AzcopyGate, outcome: AzcopyOutcome, files: Mapping[str, bytes], found: Mapping[str, str]
) -> None:
    wanted = digests(files)
    done = outcome.exit == 0 and not outcome.failed
    if done:
        became = Outcome.RECOVERS if found == wanted else Outcome.CORRUPTS_SILENTLY
    else:
        became = Outcome.FAILS_LOUDLY
        wanted = {name: digest for name, digest in wanted.items() if name in found}
    gate.scenario.outcome = became.value
    gate.scenario.check(
        "AzCopy gets over it", "exit 0", outcome.summary, level="observed", source=("azcopy/4.1",), holds=done
    )
    gate.stage.same("what is there", wanted, found)


def _top(files: Mapping[str, bytes]) -> str:
    """The file, or the folder of the tree."""
    return next(iter(files)).partition("/")[0]


def _from(where: Stage, files: Mapping[str, bytes]) -> str:
    return where.url(quote(_top(files)), sas=where.sas())


def _into(where: Stage, files: Mapping[str, bytes]) -> str:
    """A folder goes below the place that is named, a file becomes it."""
    return where.url(quote(_top(files)) if len(files) == 1 else "", sas=where.sas())


def _lay(where: Stage, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        where.truth.put(where.container, name, data)


def _stored(where: Stage) -> Mapping[str, str]:
    found = {}
    for listed in where.truth.names(where.container):
        blob = where.truth.get(where.container, listed.name)
        found[listed.name] = "gone" if blob is None else blob.sha256
    return found
