"""What AzCopy makes of faults, as cases: run each straight at a faulty server, and through the recorder."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.clients.azcopy import Azcopy
from harness.clients.data import content
from harness.clients.truth import Truth
from harness.endpoint import Endpoint, Secret
from harness.recording.proxy import recorder
from harness.recording.scenario import Fault
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from harness.tools.find import Found, find
from tests.recording.faulty import Asked, FaultyServer

_SMALL = 1000  # bytes
_LARGE = 1_500_000
_AT_ONCE = 6  # AzCopy mostly waits: a job takes 2 s, however small it is
_STEADY = {
    "AZCOPY_CONCURRENCY_VALUE": "1",
    "AZCOPY_CONCURRENT_SCAN": "1",
    "AZCOPY_DISABLE_HIERARCHICAL_SCAN": "true",
}
_COMMANDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "upload": ("copy", ("{small}", "{url}/small.bin?{sas}", "--from-to=LocalBlob")),
    "upload-blocks": ("copy", ("{large}", "{url}/up.bin?{sas}", "--from-to=LocalBlob", "--block-size-mb=1")),
    "download": ("copy", ("{url}/there.bin?{sas}", "{out}", "--from-to=BlobLocal")),
    "list": ("list", ("{url}?{sas}", "--location=Blob")),
    "remove": ("remove", ("{url}/there.bin?{sas}", "--from-to=BlobTrash")),
}
_PINNED = "--content-type=application/octet-stream"


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One command, and what goes wrong meanwhile."""

    name: str
    command: str
    fault: Fault
    exit: int = 0


def _status(
    method: str,
    status: int,
    error: str | None,
    *,
    comp: str | None = None,
    times: int = 1,
    first: int = 1,
    **headers: str,
) -> Fault:
    said = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault("status", method, comp, first=first, times=times, status=status, error=error, headers=said)


CASES: Sequence[FaultCase] = (
    FaultCase("upload-503", "upload", _status("PUT", 503, "ServerBusy")),
    FaultCase("upload-503-twice", "upload", _status("PUT", 503, "ServerBusy", times=2)),
    FaultCase("upload-503-no-code", "upload", _status("PUT", 503, None), exit=1),
    FaultCase("upload-502-no-code", "upload", _status("PUT", 502, None), exit=1),
    FaultCase("upload-429", "upload", _status("PUT", 429, "TooManyRequests")),
    FaultCase("upload-429-no-code", "upload", _status("PUT", 429, None), exit=1),
    FaultCase("upload-500", "upload", _status("PUT", 500, "InternalError")),
    FaultCase("upload-400", "upload", _status("PUT", 400, "InvalidInput"), exit=1),
    FaultCase("upload-403", "upload", _status("PUT", 403, "AuthorizationFailure"), exit=1),
    FaultCase("upload-404", "upload", _status("PUT", 404, "ContainerNotFound"), exit=1),
    FaultCase("upload-409", "upload", _status("PUT", 409, "BlobImmutableDueToPolicy"), exit=1),
    FaultCase("upload-412", "upload", _status("PUT", 412, "LeaseIdMissing"), exit=1),
    FaultCase("upload-501", "upload", _status("PUT", 501, "NotImplemented"), exit=1),
    FaultCase("upload-retry-after", "upload", _status("PUT", 503, "ServerBusy", Retry_After="2")),
    FaultCase(
        "upload-retry-after-long", "upload", _status("PUT", 503, "ServerBusy", Retry_After="120"), exit=1
    ),
    FaultCase("upload-reset-before", "upload", Fault("reset-before", "PUT")),
    FaultCase("upload-reset-response", "upload", Fault("reset-response", "PUT")),
    FaultCase("upload-look-503-no-code", "upload", _status("HEAD", 503, None), exit=1),
    FaultCase("upload-look-403", "upload", _status("HEAD", 403, "AuthorizationFailure")),
    FaultCase("block-503", "upload-blocks", _status("PUT", 503, "ServerBusy", comp="block")),
    FaultCase("block-reset-before", "upload-blocks", Fault("reset-before", "PUT", "block")),
    FaultCase("block-reset-response", "upload-blocks", Fault("reset-response", "PUT", "block")),
    FaultCase(
        "block-400", "upload-blocks", _status("PUT", 400, "InvalidInput", comp="block", first=2), exit=1
    ),
    FaultCase(
        "commit-400", "upload-blocks", _status("PUT", 400, "InvalidBlockList", comp="blocklist"), exit=1
    ),
    FaultCase(
        "commit-409", "upload-blocks", _status("PUT", 409, "LeaseAlreadyPresent", comp="blocklist"), exit=1
    ),
    FaultCase("commit-reset-response", "upload-blocks", Fault("reset-response", "PUT", "blocklist")),
    FaultCase("download-503", "download", _status("GET", 503, "ServerBusy")),
    FaultCase("download-503-no-code", "download", _status("GET", 503, None), exit=1),
    FaultCase("download-404", "download", _status("GET", 404, "BlobNotFound"), exit=1),
    FaultCase("download-412", "download", _status("GET", 412, "ConditionNotMet"), exit=1),
    FaultCase("download-416", "download", _status("GET", 416, "InvalidRange"), exit=1),
    FaultCase("download-reset-before", "download", Fault("reset-before", "GET")),
    FaultCase("download-reset-response", "download", Fault("reset-response", "GET")),
    FaultCase("download-reset-inside", "download", Fault("reset-inside", "GET")),
    FaultCase("download-cut", "download", Fault("cut-body", "GET")),
    FaultCase("download-cut-often", "download", Fault("cut-body", "GET", times=4)),
    FaultCase("download-no-body", "download", Fault("no-body", "GET")),
    FaultCase("download-no-body-ever", "download", Fault("no-body", "GET", times=99), exit=1),
    FaultCase("download-look-403", "download", _status("HEAD", 403, "AuthorizationFailure"), exit=1),
    FaultCase("download-look-503-no-code", "download", _status("HEAD", 503, None), exit=1),
    FaultCase("list-500", "list", _status("GET", 500, "OperationTimedOut", comp="list")),
    FaultCase("list-503-no-code", "list", _status("GET", 503, None, comp="list"), exit=1),
    FaultCase("list-403", "list", _status("GET", 403, "AuthorizationFailure", comp="list"), exit=1),
    FaultCase("list-cut", "list", Fault("cut-body", "GET", "list"), exit=1),
    FaultCase("remove-404", "remove", _status("DELETE", 404, "BlobNotFound")),
    FaultCase("remove-409", "remove", _status("DELETE", 409, "SnapshotsPresent")),
    FaultCase("remove-412", "remove", _status("DELETE", 412, "LeaseIdMissing"), exit=1),
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What can be told of a client from outside, free of names, ports and ids."""

    exit: int | None
    status: str | None
    counts: tuple[int, int | None, int]  # done, failed, skipped
    reasons: tuple[str, ...]
    arrived: bool | None  # whether the file that was to be made is whole; None: none was
    asked: tuple[tuple[Asked, int], ...]  # what the server saw, and how often


@dataclass(frozen=True, slots=True)
class Bench:
    """What all cases share."""

    found: Found
    endpoint: Endpoint  # behind the faulty server; for premises and signatures
    server: FaultyServer
    folder: Path


_number = itertools.count()


def behave(case: FaultCase, bench: Bench, root: str) -> Behaviour:
    """Run the case against this service root, which leads to the faulty server, by whatever way."""
    container = f"bp-{secrets.token_hex(6)}"
    work = bench.folder / f"{next(_number):03d}-{case.name}"
    work.mkdir()
    there = content(_LARGE, 7)
    with Truth(bench.endpoint) as truth:
        truth.create_container(container)
        truth.put(container, "there.bin", there)
        bench.server.arm(container, [case.fault])
        try:
            return _run(case, bench, root, container, work, there)
        finally:
            truth.delete_container(container)


def _run(case: FaultCase, bench: Bench, root: str, container: str, work: Path, there: bytes) -> Behaviour:
    small, large, out = work / "small.bin", work / "large.bin", work / "out.bin"
    small.write_bytes(content(_SMALL, 1))
    large.write_bytes(content(_LARGE, 2))
    sas = Secret(account_sas(bench.endpoint, AccountSas(permissions="rwdlacup"), datetime.now(UTC)))
    values = {"small": small, "large": large, "out": out, "url": f"{root}/{container}", "sas": sas.reveal()}
    command, words = _COMMANDS[case.command]
    arguments = [word.format_map(values) for word in words]
    if "--from-to=LocalBlob" in arguments:
        arguments.append(_PINNED)
    azcopy = Azcopy(bench.found, work, work / "kept", _STEADY)
    outcome = azcopy.run(command, arguments, label=case.name)
    names = {container: "CONTAINER", root: "ROOT", str(work): "WORK", root.split("/")[2]: "HOST"}
    return Behaviour(
        exit=outcome.exit,
        status=outcome.status,
        # A 403 ends the whole job, and whether its last failure is counted before that is a race.
        counts=(
            outcome.completed,
            None if outcome.status == "Cancelled" else outcome.failed,
            outcome.skipped,
        ),
        reasons=tuple(_plain(reason, names) for reason in outcome.reasons),
        arrived=out.read_bytes() == there if out.exists() else None,
        asked=tuple(sorted(bench.server.asked(container).items())),
    )


def _plain(reason: str, names: Mapping[str, str]) -> str:
    for name, word in names.items():
        reason = reason.replace(name, word)
    reason = re.sub(r"127\.0\.0\.1:\d+", "HOST", reason)
    return re.sub(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "GUID", reason)


def both_ways(
    cases: Sequence[FaultCase], endpoint: Endpoint, folder: Path
) -> Iterator[tuple[str, tuple[Behaviour, Behaviour]]]:
    """Each case by name: how AzCopy behaves directly, and how through the recorder. Several run at once.

    The endpoint is in path style, over HTTP. `folder` takes everything that is written.
    """
    found = find("azcopy")
    assert isinstance(found, Found), found
    assert endpoint.connect is not None
    with FaultyServer(endpoint.connect) as server, recorder("reverse", folder) as recording:
        bench = Bench(found, endpoint, server, folder)
        faulty = replace(endpoint, url=f"http://127.0.0.1:{server.address[1]}/{endpoint.account}")
        faulty = replace(faulty, connect=server.address)
        recording.begin(faulty, faulty.face())
        roots = (faulty.url, f"http://{recording.authority}/{endpoint.account}")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pending = [
                (case.name, [pool.submit(behave, case, bench, root) for root in roots]) for case in cases
            ]
            for name, (directly, recorded) in pending:
                yield name, (directly.result(), recorded.result())
