"""mitmproxy as our child: started with the add-on, armed for each recording, ended by its own id."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import trustme

from harness.clients.process import redacted
from harness.endpoint import Endpoint, Face
from harness.recording.errors import CutOffError
from harness.recording.passed import Passed, passed
from harness.recording.scenario import Fault
from harness.tools.find import Missing, find
from harness.vocabulary import ExitCode

Way = Literal["reverse", "forward"]
"""The client talks to the recorder as if it were the endpoint, or uses it as a proxy."""

TOOL = "mitmproxy"
_ADDON = Path(__file__).with_name("addon.py")
_CHANNEL = "BLOBPROOF_RECORDER_CHANNEL"
_START_SECONDS = 30.0
_ORDER_SECONDS = 10.0
_QUIET_SECONDS = 0.02  # between two looks whether everything has come to its end
_GRACE_SECONDS = 5.0
_LAST_WORDS = 4000  # characters
_CLOSED = "closed"
_OPTIONS: Mapping[str, str] = {
    "listen_host": "127.0.0.1",
    "listen_port": "0",
    "http2": "false",  # it would change the client's header case and framing
    "http3": "false",
    "connection_strategy": "lazy",
    "keep_host_header": "true",
    "keep_alt_svc_header": "true",
    "validate_inbound_headers": "false",  # what is malformed is for the endpoint to refuse
    "upstream_cert": "false",
    "rawtcp": "false",
    "websocket": "false",
    "onboarding": "false",
    "flow_detail": "0",
    "termlog_verbosity": "error",
}
_MODES: Mapping[Way, str] = {
    "reverse": "reverse:http://127.0.0.1:9",  # a place holder: the add-on leads every connection
    "forward": "regular",
}


class RecorderError(Exception):
    """The recorder itself does not work."""

    exit_code = ExitCode.HARNESS
    hint = "The words after the last colon are mitmproxy's. blobproof tools mitmproxy installs it again."


class RecorderMissingError(RecorderError):
    """mitmproxy is not installed."""

    exit_code = ExitCode.NOTHING_VERIFIED

    def __init__(self, missing: Missing) -> None:
        super().__init__(f"the recorder is missing: {missing.reason}")
        self.hint = missing.how


class Recorder:
    """A running mitmproxy. `begin` arms it for one recording, `take` gives what has gone by since."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, ca_file: Path) -> None:
        self.ca_file = ca_file
        self.port = 0
        self._process = process
        self._channel = channel
        self._tokens = 0
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._told: list[dict[str, Any]] = []
        self._era = 0  # of the recording that goes on
        self._words = bytearray()
        self._threads = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._drain, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def authority(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """Name and version, as a recording says it."""
        found = find(TOOL)
        return TOOL if isinstance(found, Missing) else f"{TOOL} {found.version}"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def open(self) -> int:
        """How many exchanges of this recording have not ended. Raises RecorderError."""
        return int(self._order("count")["open"])

    def await_ready(self) -> None:
        """Wait until it listens. Raises RecorderError."""
        self.port = int(self._answer("ready", _START_SECONDS)["port"])

    def begin(self, endpoint: Endpoint, face: Face, faults: Sequence[Fault] = ()) -> None:
        """From now on connections lead to this address of the endpoint, and a new recording begins.

        What is still open of an earlier one is not part of it. Raises RecorderError.
        """
        upstream = {
            "address": list(face.address),
            "tls": face.scheme == "https",
            "name": face.server_name,
            "ca": None if endpoint.ca_file is None else str(endpoint.ca_file),
        }
        self._order("begin", upstream=upstream, faults=[dataclasses.asdict(fault) for fault in faults])
        self._era, self._told = self._tokens, []

    def take(self, seconds: float = _ORDER_SECONDS) -> list[Passed]:
        """All exchanges since `begin`, in the order in which their requests began.

        Waits until none is open any more. Raises CutOffError when some still are after so many seconds,
        RecorderError when mitmproxy has died.
        """
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 2:
            still = self.open
            quiet = quiet + 1 if still == 0 else 0
            if still and time.monotonic() > deadline:
                raise CutOffError(
                    f"{still} exchanges had not ended {seconds:g} s after the client",
                    "Nothing was kept. blobproof doctor says whether the endpoint answers.",
                )
            time.sleep(_QUIET_SECONDS)
        taken, self._told = self._told, []
        mine = [passed(told) for told in taken if told["era"] == self._era]
        return sorted(mine, key=lambda one: one.flow.exchange.started)

    def close(self) -> None:
        """End the process, by its own id."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)  # the add-on ends mitmproxy then
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)
        self._channel.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _order(self, what: str, **more: Any) -> dict[str, Any]:
        self._tokens += 1
        order = {"do": what, "token": self._tokens, **more}
        try:
            self._channel.sendall(json.dumps(order).encode() + b"\n")
        except OSError:
            raise self._died() from None
        return self._answer(what, _ORDER_SECONDS, self._tokens)

    def _answer(self, what: str, seconds: float, token: int | None = None) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise RecorderError(f"mitmproxy said nothing for {seconds:g} s{self._last_words()}") from None
            if answer["event"] == _CLOSED:
                raise self._died()
            if answer["event"] == what and answer.get("token") == token:
                return answer  # any other is for somebody who has stopped waiting

    def _listen(self) -> None:
        with self._channel.makefile("rb") as lines:
            try:
                for line in lines:
                    event = json.loads(line)
                    if event["event"] == "exchange":
                        self._told.append(event)
                    else:
                        self._answers.put(event)
            except (OSError, ValueError):
                pass  # cut off: what follows says so to whoever waits for an answer
        self._answers.put({"event": _CLOSED})

    def _drain(self) -> None:
        """Its output: it may quote what it was sent, so it is kept here, and only its end."""
        assert self._process.stdout is not None
        while piece := os.read(self._process.stdout.fileno(), 65536):
            self._words += piece
            del self._words[:-_LAST_WORDS]

    def _died(self) -> RecorderError:
        try:
            code: int | str = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            code = "none yet"
        for thread in self._threads:
            thread.join(_QUIET_SECONDS)
        return RecorderError(f"mitmproxy has ended (exit code {code}){self._last_words()}")

    def _last_words(self) -> str:
        lines = [line.strip() for line in self._words.decode("utf-8", "replace").splitlines()]
        words = [line for line in lines if line]
        return f": {redacted(words[-1], ())[:300]}" if words else ", without a word"


@contextlib.contextmanager
def recorder(way: Way, folder: Path, authority: trustme.CA | None = None) -> Iterator[Recorder]:
    """A recorder that listens on a port of its own; ended when the context ends.

    `folder` takes the certificate of `authority` (default: a new one), which signs whatever host name a
    client asks for, and mitmproxy's own few files. Raises RecorderMissingError, RecorderError.
    """
    found = find(TOOL)
    if isinstance(found, Missing):
        raise RecorderMissingError(found)
    authority = authority or trustme.CA(organization_name="blobproof", organization_unit_name="recorder")
    conf = folder / f"mitmproxy-{way}"
    ca_file = _conf_folder(conf, authority)
    # A copy: mitmproxy loads a script that changes once more, and then it has forgotten everything.
    script = conf / _ADDON.name
    script.write_bytes(_ADDON.read_bytes())
    ours, theirs = socket.socketpair()
    options = {**_OPTIONS, "confdir": str(conf)}
    words = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    command = [str(found.path), "--mode", _MODES[way], *words, "--scripts", str(script)]
    env = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**env, **found.env, "HOME": str(conf), _CHANNEL: str(theirs.fileno())},
                cwd=conf,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise RecorderError(f"mitmproxy did not start: {command[0]}: {error.strerror}") from None
    running = Recorder(process, ours, ca_file)
    try:
        running.await_ready()
        yield running
    finally:
        running.close()


def _conf_folder(conf: Path, authority: trustme.CA) -> Path:
    """What mitmproxy finds its authority in, and the file that clients are to trust."""
    conf.mkdir(mode=0o700)
    both = conf / "mitmproxy-ca.pem"
    both.touch(mode=0o600)
    authority.private_key_pem.write_to_path(str(both), append=True)
    authority.cert_pem.write_to_path(str(both), append=True)
    ca_file = conf / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return ca_file
