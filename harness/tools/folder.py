"""Where tools live: one folder with a folder for each tool, and the marker of what is installed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.tools.pins import Pin

_MARKER = "installed.json"


@dataclass(frozen=True, slots=True)
class ToolsFolder:
    """The folder that holds every installed tool."""

    root: Path

    def of(self, pin: Pin) -> Path:
        """The tool's own folder."""
        return self.root / pin.name

    def libraries(self, pin: Pin) -> Path:
        """Where the tool's private shared libraries are unpacked."""
        return self.of(pin) / "libraries"

    @property
    def cache(self) -> Path:
        """What package managers may keep between installs."""
        return self.root / "cache"

    def marker(self, pin: Pin) -> Mapping[str, object] | None:
        """What the marker of this tool says; None when the tool is not (wholly) installed."""
        try:
            marker = json.loads((self.of(pin) / _MARKER).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return marker if isinstance(marker, dict) else None

    def installed(self, pin: Pin) -> bool:
        """Whether exactly this pin is installed."""
        return self.marker(pin) == _identity(pin) and (self.of(pin) / pin.program).exists()

    def mark(self, pin: Pin) -> None:
        """Say that this pin is installed; the last step of an install."""
        path = self.of(pin) / _MARKER
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(_identity(pin)) + "\n", "utf-8")
        partial.replace(path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One installer at a time; the lock goes away with the process."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def tools_folder(environ: Mapping[str, str] | None = None) -> ToolsFolder:
    """BLOBPROOF_TOOLS; else `.tools` in the checkout; else `blobproof/tools` in the XDG data directory."""
    env = os.environ if environ is None else environ
    if chosen := env.get("BLOBPROOF_TOOLS"):
        return ToolsFolder(Path(chosen).absolute())
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "suites").is_dir():
        return ToolsFolder(checkout / ".tools")
    data = Path(env["XDG_DATA_HOME"]) if env.get("XDG_DATA_HOME") else Path.home() / ".local" / "share"
    return ToolsFolder(data / "blobproof" / "tools")


def _identity(pin: Pin) -> dict[str, object]:
    alone = {"no-dependencies": True} if pin.alone else {}
    return {"package": pin.package, "version": pin.version, "with": list(pin.also), **alone}
