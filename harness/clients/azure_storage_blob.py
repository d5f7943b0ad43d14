"""The Azure Storage SDKs as clients: run scenarios in an environment of their own, and take their facts."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.clients.data import content
from harness.clients.process import Ran, base_environment, redacted, run_client
from harness.clients.stage import GateFaultError, Stage, stage
from harness.endpoint import Endpoint, Secret
from harness.scenario import Scenario
from harness.tools.find import Found, Missing, find

FLAVOURS = ("sync", "aio")
"""Of the SDK for Python; that for JavaScript has one, of its own name."""
SCENARIO_SECONDS = 60.0
_LEAST_SECONDS = 5.0
_SCRIPTS = Path(__file__).with_name("scripts")


@dataclass(frozen=True, slots=True)
class Program:
    """A script of scenarios, and the SDK that it is for."""

    tool: str
    script: str
    flavours: tuple[str, ...]

    def argv(self, found: Found) -> tuple[str, ...]:
        """How it is started."""
        script = str(_SCRIPTS / self.script)
        if self.script.endswith(".py"):
            return (str(found.path), "-u", script)
        packages = next(folder for folder in found.path.parents if folder.name == "node_modules")
        return ("node", script, str(packages))


SCENARIOS = Program("azure-storage-blob", "azure_storage_blob_scenarios.py", FLAVOURS)
USE = MappingProxyType(
    {
        "python": Program("azure-storage-blob", "azure_storage_blob_use_scenarios.py", FLAVOURS),
        "js": Program("azure-storage-js", "azure_storage_js_use.mjs", ("js",)),
    }
)
"""The scenarios of suites/sdk that are run as matrices, by SDK."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario told: by flavour, by fact."""

    told: Mapping[str, Mapping[str, Any]]
    ran: Ran

    def of(self, flavour: str, fact: str) -> object:
        """The fact, or why there is none."""
        told = self.told.get(flavour, {})
        if fact in told:
            return told[fact]
        return f"not told: {told['raised']}" if "raised" in told else "not told"


def read_facts(ran: Ran) -> Facts:
    """The facts in a scenario's output; lines that are none are passed over."""
    told: dict[str, dict[str, Any]] = {}
    for line in ran.stdout.splitlines():
        try:
            entry = json.loads(line)
            told.setdefault(entry["flavour"], {})[entry["fact"]] = entry["value"]
        except (ValueError, KeyError, TypeError):
            continue
    return Facts(told, ran)


@dataclass(slots=True)
class SdkGate:
    """The SDK on a stage."""

    stage: Stage
    found: Found
    facts: Facts | None = None
    program: Program = SCENARIOS
    until: float | None = None  # monotonic clock: when all scenarios must have ended; None: each its own time
    flavours: tuple[str, ...] = ()  # of the last scenario

    @property
    def scenario(self) -> Scenario:
        """The scenario that this is about."""
        return self.stage.scenario

    def run(
        self, name: str, *, with_key: bool = True, flavours: tuple[str, ...] = (), **extra: object
    ) -> None:
        """Run a scenario with these flavours (default: every one), and take what the tap saw.

        The credential is the account key where there is one, else a SAS; `extra` goes into the request as it
        is (a Secret is revealed there and kept out of logs). Ends the scenario as indeterminate when the
        time is up.
        """
        endpoint = self.stage.endpoint
        self.flavours = flavours or self.program.flavours
        request: dict[str, object] = {
            "scenario": name,
            "flavours": self.flavours,
            "url": self.stage.reach.url,
            "account": endpoint.account,
            "container": self.stage.container,
            "ca_file": str(self.stage.reach.ca_file) if self.stage.reach.url.startswith("https:") else None,
        }
        if with_key and endpoint.key is not None:
            request["key"] = endpoint.key
        elif with_key:
            request["sas"] = self.stage.sas()
        secrets: list[str] = []
        text = json.dumps(_revealed({**request, **extra}, secrets))
        home = self.stage.work / "home"
        home.mkdir(exist_ok=True)
        ran = run_client(
            self.program.argv(self.found),
            env=base_environment(home)
            | dict(self.found.env)
            | dict(self.stage.reach.env)
            | {"NODE_EXTRA_CA_CERTS": str(self.stage.reach.ca_file)},
            cwd=home,
            seconds=self._seconds(),
            stdin=text.encode(),
        )
        self._keep(name, ran, secrets)
        if ran.exit is None:
            self.scenario.exchanges(self.stage.reach.tap.take())
            self.scenario.indeterminate(f"the SDK scenario {name} did not finish within {ran.seconds:.0f} s")
        self.facts = read_facts(ran)
        said = ran.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        self.stage.settle(f"{name}: exit {ran.exit}, {redacted(said[0], secrets)}")
        if ran.exit != 0:
            raise GateFaultError(f"the scenario script {name} failed: {redacted(said[0], secrets)}")
        for flavour in self.flavours:
            raised = self.facts.told.get(flavour, {}).get("raised", "nothing")
            self.scenario.check(f"what the SDK raised ({flavour})", "nothing", redacted(str(raised), secrets))

    def expect(
        self,
        fact: str,
        expected: object | Callable[[str], object],
        *,
        why: str = "",
        source: tuple[str, ...] = ("clients/4",),
        one_of: bool = False,
    ) -> None:
        """Check a fact that each flavour told. `expected` may be a function of the flavour.

        With `one_of`, `expected` is a list of values that are all right.
        """
        assert self.facts is not None, "run comes first"
        for flavour in self.flavours:
            wanted = expected(flavour) if callable(expected) else expected
            observed = self.facts.of(flavour, fact)
            holds = observed in wanted if one_of and isinstance(wanted, list) else observed == wanted
            self.scenario.check(f"{fact} ({flavour})", wanted, observed, why=why, source=source, holds=holds)

    def refused(
        self, fact: str, kind: str, code: str, status: int, *, source: tuple[str, ...] = ("clients/4",)
    ) -> None:
        """Check how a call was refused: exception class of the SDK for Python, error code, status.

        The SDK for JavaScript has one class for all.
        """
        self.expect(
            fact,
            lambda flavour: [kind if flavour in FLAVOURS else "RestError", code, status],
            source=source,
        )

    def contents(self, *wanted: tuple[int, int]) -> Path:
        """A folder with these contents (size and seed) as files, for scripts that cannot make them."""
        folder = self.stage.work / "contents"
        folder.mkdir(exist_ok=True)
        for size, seed in wanted:
            (folder / f"{size}-{seed}").write_bytes(content(size, seed))
        return folder

    def _seconds(self) -> float:
        if self.until is None:
            return SCENARIO_SECONDS
        return max(_LEAST_SECONDS, self.until - time.monotonic())

    def _keep(self, name: str, ran: Ran, secrets: list[str]) -> None:
        logs = self.scenario.logs
        logs.mkdir(parents=True, exist_ok=True)
        (logs / f"sdk-{name}.out").write_text(redacted(ran.stdout, secrets), "utf-8")
        (logs / f"sdk-{name}.err").write_text(redacted(ran.stderr, secrets), "utf-8")


@contextlib.contextmanager
def sdk_gate(
    scenario: Scenario,
    endpoint: Endpoint,
    prefix: str,
    *,
    face: str | None = None,
    program: Program = SCENARIOS,
    seconds: float | None = None,
    faulty: bool = False,
) -> Iterator[SdkGate]:
    """A stage with the SDK on it. Ends the scenario as not run when the SDK is not installed.

    `program` holds the scenarios, `seconds` is what all of them may take together. With `faulty`
    a fault proxy stands in the tap's place.
    """
    until = None if seconds is None else time.monotonic() + seconds
    found = find(program.tool)
    if isinstance(found, Missing):
        scenario.not_run(f"{program.tool} is missing: {found.reason}. {found.how}")
    scenario.used(program.tool, found.version)
    with stage(scenario, endpoint, prefix, face=face, faulty=faulty) as ready:
        yield SdkGate(ready, found, program=program, until=until)


def _revealed(value: object, secrets: list[str]) -> object:
    """The value with its secrets in plain text, for the child's standard input; noted in `secrets`."""
    if isinstance(value, Secret):
        secrets.append(value.reveal())
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: _revealed(item, secrets) for key, item in value.items()}
    return value
