"""A made-up place: what a driver is told, with nothing behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.endpoint import Secret, Style
from harness.recording.place import Place
from harness.recording.scenario import ClientScenario
from harness.recording.stage import symbols
from harness.tools.find import Found

KEY = "a2V5LW9mLXRoZS1hY2NvdW50"
SAS = "sv=1&sig=c2lnbmF0dXJl"
TOKEN = "ey.token"


def place(tmp_path: Path, scenario: ClientScenario, program: Path, **changed: Any) -> Place:
    """Where the scenario would work, with the credential that it wants."""
    host = scenario.style is Style.HOST
    facts: dict[str, Any] = {
        "scenario": scenario,
        "found": Found(scenario.client, program, "1.0", {}),
        "url": "https://acct.blob.localhost:9" if host else "http://127.0.0.1:9/acct",
        "style": scenario.style,
        "secure": scenario.secure,
        "account": "acct",
        "containers": {symbol: f"bp-{number}" for number, symbol in enumerate(symbols(scenario))},
        "files": tmp_path / "files",
        "out": tmp_path / "out",
        "home": tmp_path,
        "ca_file": tmp_path / "ca.pem",
        "key": Secret(KEY) if scenario.signed == "shared-key" else None,
        "sas": Secret(SAS) if scenario.signed == "account-sas" else None,
        "token": Secret(TOKEN) if scenario.signed == "bearer" else None,
        "source_sas": Secret(SAS),
    }
    return Place(**(facts | changed))
