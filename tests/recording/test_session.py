"""Whole recordings with small clients of our own: what is kept, what goes wrong, what is left behind."""

from __future__ import annotations

import base64
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

import pytest

from harness.cases.case import Expect, Graded, Random, Save, Step, Text
from harness.containers import containers
from harness.endpoint import Endpoint, Secret, Style
from harness.golden.guard import LeakError
from harness.recording.drivers import Driver
from harness.recording.errors import (
    ClientFailedError,
    ClientMissingError,
    ClientTimedOutError,
    FaultMissedError,
    NeverConnectedError,
    NoAgreementError,
    PremiseFailedError,
    RecordingError,
    UnfitEndpointError,
)
from harness.recording.place import Command, Place, script_input
from harness.recording.record import differs, record, write
from harness.recording.recorders import Recorders
from harness.recording.scenario import ClientScenario, Fault, Run
from harness.recording.session import INNER, record_once
from harness.recording.stage import PREFIX
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from harness.tools.find import Found

Ground = tuple[Endpoint, Recorders]

_CLIENT = """
import http.client, json, os, random, socket, ssl, sys, time, urllib.parse
told = json.load(sys.stdin)
url = urllib.parse.urlsplit(told["url"])
own = url.path + "/" + told["containers"]["own-container"]

def connect():
    trust = ssl.create_default_context(cafile=told["ca"])
    proxy = os.environ.get("HTTPS_PROXY")
    if proxy:
        at = urllib.parse.urlsplit(proxy)
        made = http.client.HTTPSConnection(at.hostname, at.port, context=trust, timeout=20)
        made.set_tunnel(url.hostname, url.port or 443)
        return made
    if url.scheme == "https":
        return http.client.HTTPSConnection(url.hostname, url.port, context=trust, timeout=20)
    return http.client.HTTPConnection(url.hostname, url.port, timeout=20)

def ask(method, target, body=None, **headers):
    if told["sas"]:
        target += ("&" if "?" in target else "?") + told["sas"]
    if told["token"]:
        headers["Authorization"] = "Bearer " + told["token"]
    connection = connect()
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, {"x-ms-version": "2025-07-05", "User-Agent": "tiny/1", **more})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status

def put(name="a.bin", data=b"x", **headers):
    status = ask("PUT", own + "/" + name, data, x_ms_blob_type="BlockBlob", **headers)
    assert status == 201, status
"""


@dataclass(frozen=True)
class Tiny:
    """A client whose runs are Python: the words are its lines."""

    tool: str = "tiny"

    def command(self, run: Run, place: Place) -> Command:
        program = _CLIENT + "\n".join(run.words)
        return Command(
            (sys.executable, "-c", program), place.environment(run), place.home, script_input(run, place)
        )


TINY: Driver = Tiny()
FOUND = Found("tiny", Path(sys.executable), "1.0")


def _scenario(
    *lines: str, seconds: float = 30.0, exits: tuple[int, ...] = (0,), **more: Any
) -> ClientScenario:
    run = Run(lines, seconds=seconds, exits=exits)
    return replace(ClientScenario("tiny", "one", "A title", "A reason", "a flow", (run,)), **more)


@pytest.fixture
def nothing_left(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails when a recording left a container or a file."""
    ground[1].of("reverse")  # its folder is there for all
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert containers(ground[0], PREFIX) == ()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("nothing_left")
def test_a_recording_holds_what_the_client_did_and_how(ground: Ground) -> None:
    scenario = _scenario(
        "put(data=open(told['files']['dir/a.bin'], 'rb').read())",
        "ask('GET', url.path + '/' + told['containers']['own-container:2'] + '/given')",
        files={"dir/a.bin": Random(70_000, 3)},
        given=(
            Step(
                "PUT",
                "/{own-container:2}/given",
                (("x-ms-blob-type", "BlockBlob"),),
                Text("hello"),
                expect=Expect(status=Graded((201,))),
                save=(Save("tag", "header", "ETag"),),
            ),
        ),
    )
    recording = record_once(scenario, *ground, how=TINY, found=FOUND)
    put, get = (flow.exchange for flow in recording.flows)
    assert put.request.body.length == 70_000
    assert put.request.body.data is None
    assert get.response is not None
    assert get.response.body.data == b"hello"
    names = {symbol: name for name, symbol in recording.containers.items()}
    assert put.request.target.startswith(f"/blobproof/{names['own-container']}/a.bin?")
    assert {name.split("-")[1] for name in names.values()} == {"rec"}
    assert recording.prefix == "/blobproof"
    assert recording.roots[0].startswith("http://127.0.0.1:")
    assert (recording.server, recording.recorder) == ("blobproof reference façade", "mitmproxy 11.0.2")
    assert recording.client_version == "1.0"
    assert recording.outcomes[0].exit == 0
    assert recording.secrets


@pytest.mark.parametrize(
    ("style", "secure", "signed", "root"),
    [
        (Style.PATH, False, "shared-key", "http://127.0.0.1:"),
        (Style.PATH, True, "bearer", "https://127.0.0.1:"),
        (Style.HOST, False, "account-sas", "https://blobproof.blob.localhost:"),
    ],
)
def test_each_way_to_the_endpoint(ground: Ground, style: Style, secure: bool, signed: str, root: str) -> None:
    lines = ["assert bool(told['key']) == %r" % (signed == "shared-key"), "ask('GET', own + '/none')"]
    scenario = _scenario(*lines, style=style, secure=secure, signed=signed)
    recording = record_once(scenario, *ground, how=TINY, found=FOUND)
    assert recording.roots[0].startswith(root)
    assert recording.prefix == ("/blobproof" if style is Style.PATH else "")
    (flow,) = recording.flows
    assert flow.exchange.scheme == root.partition(":")[0]


def test_every_name_that_a_client_used_is_a_root(ground: Ground) -> None:
    scenario = _scenario(
        "ask('GET', own + '/none')",
        "url = url._replace(netloc=told['account'] + '.blob.core.windows.net')",
        "ask('GET', own + '/none')",
        style=Style.HOST,
    )
    recording = record_once(scenario, *ground, how=TINY, found=FOUND)
    assert len(recording.flows) == 2
    assert "https://blobproof.blob.core.windows.net" in recording.roots


def test_what_goes_elsewhere_is_left_out(ground: Ground) -> None:
    scenario = _scenario(
        "ask('GET', own + '/none')",
        "url = url._replace(netloc='telemetry.example')",
        "ask('GET', '/hello')",
        style=Style.HOST,
    )
    recording = record_once(scenario, *ground, how=TINY, found=FOUND)
    assert len(recording.flows) == 1
    assert dict(recording.left_out) == {"requests to other hosts": 1}
    assert INNER not in recording.left_out


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("scenario", "error", "says"),
    [
        (_scenario("sys.exit(3)"), ClientFailedError, "exit code 3, not exit code 0: it said nothing"),
        (_scenario("raise ValueError('no luck')"), ClientFailedError, "ValueError: no luck"),
        (_scenario("os.kill(os.getpid(), 11)"), ClientFailedError, "ended with signal 11"),
        (_scenario("put()", exits=(1,)), ClientFailedError, "exit code 0, not exit code 1"),
        (_scenario("time.sleep(60)", seconds=0.5), ClientTimedOutError, "within 0.5 s"),
        (_scenario("print('all is well')"), NeverConnectedError, "all is well"),
        (_scenario("put()", faults=(Fault("status", "DELETE"),)), FaultMissedError, "fault 503"),
        (
            _scenario("put()", given=(Step("GET", "/{own-container}/none", expect=Expect(Graded((200,)))),)),
            PremiseFailedError,
            r"needed 200, got 404 \(BlobNotFound\)",
        ),
    ],
)
def test_what_can_go_wrong_is_said(
    ground: Ground, scenario: ClientScenario, error: type[RecordingError], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        record_once(scenario, *ground, how=TINY, found=FOUND)
    assert str(raised.value).startswith("tiny/one: ")
    assert "\n" not in str(raised.value)
    assert raised.value.hint


def test_a_client_that_is_missing(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOBPROOF_TOOLS", str(tmp_path))
    with pytest.raises(ClientMissingError) as raised:
        record_once(replace(_scenario("put()"), client="azcopy"), *ground)
    assert raised.value.hint == "Run: blobproof tools azcopy"
    gone = Found("tiny", tmp_path / "gone", "1.0")

    class Gone(Tiny):
        def command(self, run: Run, place: Place) -> Command:
            return replace(super().command(run, place), argv=(str(place.found.path),))

    with pytest.raises(ClientFailedError, match="cannot be started: No such file"):
        record_once(_scenario("put()"), *ground, how=Gone(), found=gone)


def test_an_endpoint_that_cannot_do_it(ground: Ground) -> None:
    endpoint, recorders = ground
    bare = replace(endpoint, key=None, tokens=None, also={})
    for more in ({"signed": "shared-key"}, {"signed": "bearer"}, {"style": Style.HOST}):
        with pytest.raises(UnfitEndpointError, match="tiny/one"):
            record_once(_scenario("put()", **more), bare, recorders, how=TINY, found=FOUND)


def test_an_endpoint_that_goes_away_is_a_recording_with_a_hole(ground: Ground) -> None:
    endpoint, recorders = ground
    dead = replace(endpoint, connect=("127.0.0.1", 1), also={})
    with pytest.raises(PremiseFailedError, match="got refused"):
        record_once(_scenario("put()"), dead, recorders, how=TINY, found=FOUND)


# --- agreement ---


def test_two_recordings_that_agree_are_a_spec_and_the_next_two_the_same(
    ground: Ground, tmp_path: Path
) -> None:
    scenario = _scenario("put(data=b'hello')", "ask('GET', own + '/a.bin')")
    one = record(scenario, *ground, how=TINY, found=FOUND)
    assert (one.made, one.varied) == (2, ())
    assert differs(one, tmp_path) == "there is none in the library"
    path = write(one, tmp_path)
    assert path == tmp_path / "tiny" / "1.0" / "one.yaml"
    assert differs(record(scenario, *ground, how=TINY, found=FOUND), tmp_path) is None
    other = replace(scenario, run=(Run(("put(data=b'hullo')",)),))
    assert "is now" in (differs(record(other, *ground, how=TINY, found=FOUND), tmp_path) or "")


def test_a_client_that_never_does_the_same_twice(ground: Ground) -> None:
    scenario = _scenario("put(name='a' * random.randrange(1, 10**3))")
    with pytest.raises(NoAgreementError, match="no 2 of 5 recordings agree: "):
        record(scenario, *ground, how=TINY, found=FOUND)


# --- secrets ---

_PLACES = {
    "header": "put(x_ms_meta_note={!r})",
    "query": "ask('GET', own + '/a.bin?note=' + urllib.parse.quote({!r}, safe=''))",
    "body": "put(data={!r}.encode())",
    "large body": "put(data={!r}.encode() + bytes(100000))",
    "copy source": (
        "ask('PUT', own + '/b', b'', x_ms_copy_source=told['url'] + '/x/y?sig=' + urllib.parse.quote({!r}))"
    ),
    "authorization": "ask('GET', own + '/a.bin', Authorization={!r})",
}


@pytest.mark.parametrize("place", list(_PLACES))
@pytest.mark.parametrize("kind", ["key", "signature", "token"])
def test_a_secret_never_touches_the_disk(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, place: str
) -> None:
    endpoint, recorders = ground
    assert endpoint.key is not None
    assert endpoint.tokens is not None
    sas = account_sas(endpoint, AccountSas(), datetime.now(UTC))
    secret = {
        "key": endpoint.key.reveal(),
        "signature": unquote(sas.partition("sig=")[2]),
        "token": endpoint.tokens.token().reveal(),
    }[kind]
    if kind == "signature":
        endpoint = replace(endpoint, key=None, sas=Secret(sas))
    planted = secret
    if place in ("header", "authorization"):
        planted = {"token": f"Bearer {secret}", "signature": f"SharedKey blobproof:{secret}"}.get(
            kind, secret
        )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scenario = _scenario(_PLACES[place].format(planted), "time.sleep(0.1)")
    if kind == "token":
        scenario = replace(scenario, signed="bearer", secure=True)
    folders = [tmp_path, recorders.of("reverse").ca_file.parent]
    with _Watch(secret, folders) as watch:
        made = record(scenario, endpoint, recorders, recordings=1, how=TINY, found=FOUND)
        with contextlib.suppress(LeakError):
            write(made, tmp_path / "traces")
    assert watch.rounds > 1
    assert watch.found == set()


class _Watch:
    """Looks into every file below some folders, over and over, for a secret in any spelling."""

    def __init__(self, secret: str, folders: Sequence[Path]) -> None:
        self.found: set[str] = set()
        self.rounds = 0
        plain = secret.encode()
        self._needles = {
            plain,
            quote(secret, safe="").encode(),
            base64.b64encode(plain),
            plain.hex().encode(),
        }
        self._folders = folders
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self._look()

    def _look(self) -> None:
        self.rounds += 1
        for folder in self._folders:
            for where, _, names in os.walk(folder):  # which overlooks what goes away in the meantime
                for path in (Path(where, name) for name in names):
                    with contextlib.suppress(OSError):
                        data = path.read_bytes()
                        if any(needle in data for needle in self._needles):
                            self.found.add(str(path))
