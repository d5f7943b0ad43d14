"""AzCopy as a client: its command lines, its environment, and what it says about a job.

What it says proves little (docs of the gate: every byte is compared elsewhere); it is evidence, and the
reason for a failure stands only in its log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from harness.clients.process import Ran, base_environment, redacted, run_client
from harness.endpoint import Secret
from harness.tools.find import Found

JOB_SECONDS = 60.0
"""Default budget of a job. A job takes at least 2 s; AzCopy retries unreachable endpoints for 16 min."""

_NO_REFRESH = "4102444800"  # 2100-01-01, as seconds since the epoch: AzCopy must not try to refresh it
_FAILURE = re.compile(r"ERR: \[P#\d+-T#\d+\] (\w*FAILED: .*)")
_ERROR = re.compile(r"\bERR: (.*)")
_ATTEMPT = re.compile(r"REQUEST/RESPONSE \(Try=(\d+)/")
_WHAT_CAME = re.compile(r"^ +ERROR:\n(.+)$|RESPONSE Status: (.+)$", re.MULTILINE)
_LOG_KEEP = 1_000_000  # characters from its beginning, and as many from its end


@dataclass(frozen=True, slots=True)
class SasCredential:
    """The URLs carry a SAS."""

    token: Secret


@dataclass(frozen=True, slots=True)
class SharedKeyCredential:
    """AzCopy signs with the account key (an undocumented mode for Blob)."""

    account: str
    key: Secret


@dataclass(frozen=True, slots=True)
class BearerCredential:
    """AzCopy sends this token; it refuses to do so over plain HTTP."""

    token: Secret


Credential = SasCredential | SharedKeyCredential | BearerCredential


@dataclass(frozen=True, slots=True)
class AzcopyOutcome:
    """What AzCopy said about one job."""

    exit: int | None  # None: ended because its time was up
    status: str | None  # the final job status; None when there was no job
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    bytes_moved: int = 0
    reasons: tuple[str, ...] = ()  # from the log and the output, secrets taken out
    messages: tuple[str, ...] = ()  # information and list lines of the output
    objects: tuple[Mapping[str, Any], ...] = ()  # what `list` lists, as it says it
    seconds: float = 0.0
    job: str | None = None  # its id; None when there was none

    @property
    def summary(self) -> str:
        """One line for a report."""
        if self.exit is None:
            return f"did not finish within {self.seconds:.0f} s{self._because}"
        counts = f"{self.completed} done, {self.failed} failed, {self.skipped} skipped"
        return f"exit {self.exit}, {self.status or 'no job'}, {counts}{self._because}"

    @property
    def _because(self) -> str:
        return f": {self.reasons[0]}" if self.reasons else ""


@dataclass(frozen=True, slots=True)
class Azcopy:
    """The program, ready to run jobs. `work` is scratch, `logs` is kept with the run."""

    found: Found
    work: Path
    logs: Path
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What reaching the endpoint needs: proxy, trust."""

    def run(
        self,
        command: str,
        arguments: Sequence[str],
        *,
        label: str,
        credential: Credential | None = None,
        suffixes: str = "",
        seconds: float = JOB_SECONDS,
        env: Mapping[str, str] | None = None,
        kill_when: Callable[[], bool] | None = None,
    ) -> AzcopyOutcome:
        """Run one job. `suffixes` names hosts (with ports) that may get a token or a signature.

        `label` names the job's log. The plans of all jobs are in one folder, so that a job can be resumed.
        `kill_when` is asked again and again; as soon as it says so, AzCopy is killed. Raises OSError when the
        program cannot be started.
        """
        home = self.work / f"azcopy-{label}"
        log_folder, plan_folder = home / "logs", self.work / "azcopy-plans"
        log_folder.mkdir(parents=True)
        plan_folder.mkdir(exist_ok=True)
        argv = [
            *(str(self.found.path), *command.split(), *arguments),
            *("--output-type=json", "--log-level=INFO"),
        ]
        if suffixes:
            argv.append(f"--trusted-microsoft-suffixes={suffixes}")
        ran = run_client(
            argv,
            env=environment(home, log_folder, plan_folder, credential)
            | dict(self.found.env)
            | dict(self.env)
            | dict(env or {}),
            cwd=home,
            seconds=seconds,
            kill_when=kill_when,
        )
        secrets = _secrets(credential, arguments)
        log = log_text(log_folder)
        self._keep(label, ran, log, secrets)
        return read_outcome(ran, log, secrets)

    def _keep(self, label: str, ran: Ran, log: str, secrets: Sequence[str]) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for suffix, text in ((".log", log), (".out", ran.stdout + ran.stderr)):
            (self.logs / f"azcopy-{label}{suffix}").write_text(redacted(text, secrets), "utf-8")


def environment(
    home: Path, log_folder: Path, plan_folder: Path, credential: Credential | None
) -> dict[str, str]:
    """AzCopy's environment: folders of its own, modest memory, the credential where no URL carries it."""
    env = base_environment(home) | {
        "AZCOPY_LOG_LOCATION": str(log_folder),
        "AZCOPY_JOB_PLAN_LOCATION": str(plan_folder),
        "AZCOPY_BUFFER_GB": "0.5",
        "AZCOPY_CONCURRENCY_VALUE": "16",
        "AZCOPY_DISABLE_SYSLOG": "true",
    }
    if isinstance(credential, SharedKeyCredential):
        env |= {
            "AZCOPY_CRED_TYPE": "SharedKey",
            "ACCOUNT_NAME": credential.account,
            "ACCOUNT_KEY": credential.key.reveal(),
        }
    elif isinstance(credential, BearerCredential):
        env["AZCOPY_OAUTH_TOKEN_INFO"] = json.dumps(
            {
                "access_token": credential.token.reveal(),
                "expires_on": _NO_REFRESH,
                "_tenant": "blobproof",
                "_token_refresh_source": 255,
            }
        )
    return env


def read_outcome(ran: Ran, log: str = "", secrets: Sequence[str] = ()) -> AzcopyOutcome:
    """What a job's output and log say. Lines that are not as expected are passed over."""
    end: Mapping[str, Any] = {}
    messages: list[str] = []
    objects: list[Mapping[str, Any]] = []
    errors: list[str] = []
    job: str | None = None
    for line in ran.stdout.splitlines():
        kind, content = _message(line)
        decoded = _decoded(content)
        if kind == "EndOfJob" and isinstance(decoded, dict):
            end = decoded
        elif kind == "Init" and isinstance(decoded, dict):
            job = str(decoded.get("JobID") or "") or None
        elif kind == "ListObject" and isinstance(decoded, dict):
            objects.append(decoded)
        elif kind == "Error":
            errors.append(content)
        elif kind == "Info":
            messages.append(content)
    reasons = [match[1] for match in _FAILURE.finditer(log)] + errors
    if ran.exit is None:
        reasons = _last_words(log) + reasons
    if not reasons and ran.exit != 0:
        reasons = [match[1] for match in _ERROR.finditer(log)] or _last_lines(ran)
    return AzcopyOutcome(
        exit=ran.exit,
        status=end.get("JobStatus"),
        completed=_count(end, "TransfersCompleted"),
        failed=_count(end, "TransfersFailed"),
        skipped=_count(end, "TransfersSkipped"),
        bytes_moved=_count(end, "TotalBytesTransferred"),
        reasons=tuple(dict.fromkeys(_one_line(redacted(text, secrets)) for text in reasons)),
        messages=tuple(redacted(text, secrets) for text in messages),
        objects=tuple(objects),
        seconds=ran.seconds,
        job=job,
    )


def _message(line: str) -> tuple[str, str]:
    decoded = _decoded(line)
    if not isinstance(decoded, dict):
        return "", line
    return str(decoded.get("MessageType", "")), str(decoded.get("MessageContent", ""))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _count(end: Mapping[str, Any], key: str) -> int:
    try:
        return int(end.get(key, 0))
    except (TypeError, ValueError):
        return 0


def _last_lines(ran: Ran) -> list[str]:
    lines = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
    return lines[:1] if "panic" in ran.stderr else lines[-1:]


def _last_words(log: str) -> list[str]:
    """What came of the last attempt in the log: AzCopy tries in silence, for a quarter of an hour."""
    attempts = list(_ATTEMPT.finditer(log))
    for attempt in reversed(attempts):
        came = _WHAT_CAME.search(log, attempt.end())
        if came is not None:
            return [f"at try {attempt[1]} {came[1] or came[2]}"]
    return []


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def log_text(folder: Path) -> str:
    """The logs of a folder, one after the other; of a long one its beginning and its end."""
    return "\n".join(_ends(path.read_text("utf-8", "replace")) for path in sorted(folder.glob("*.log")))


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _LOG_KEEP else f"{text[:_LOG_KEEP]}\n[…]\n{text[-_LOG_KEEP:]}"


def _secrets(credential: Credential | None, arguments: Sequence[str]) -> list[str]:
    secrets = []
    for argument in arguments:
        query = argument.partition("-sas=" if argument.startswith("--") else "?")[2]
        for name, value in parse_qsl(query):
            if name == "sig":
                secrets.append(value)
        secrets += re.findall(r"\bsig=([^&]+)", query)
    match credential:
        case SasCredential(token) | BearerCredential(token):
            secrets.append(token.reveal())
        case SharedKeyCredential(_, key):
            secrets.append(key.reveal())
    return secrets
