"""Tools: pins, where they live, and what is said when one cannot be had. No registry is asked here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.tools import debian
from harness.tools import install as installing
from harness.tools.command import CommandFailedError, reason, run
from harness.tools.find import Found, Missing, find, find_pin, pins
from harness.tools.folder import ToolsFolder, tools_folder
from harness.tools.install import install
from harness.tools.pins import Manager, Pin, PinsError, UnknownToolError, load_pins

SCRIPT_FAILS = """
echo 'npm error code ENOTFOUND'
echo 'npm error network request to https://x.test/azurite failed, reason: getaddrinfo ENOTFOUND x.test'
exit 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> ToolsFolder:
    return ToolsFolder(tmp_path / "tools")


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts an npm of ours (a shell script) first on PATH; returns the log of its calls."""

    def make(script: str) -> Path:
        binaries = tmp_path / "bin"
        binaries.mkdir(exist_ok=True)
        log = tmp_path / "npm.log"
        npm = binaries / "npm"
        npm.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{script}\n')
        npm.chmod(0o755)
        for name in ("node", "sh", "ldd"):
            found = shutil.which(name)
            if found and not (binaries / name).exists():
                (binaries / name).symlink_to(found)
        monkeypatch.setenv("PATH", f"{binaries}:/usr/bin:/bin")
        return log

    return make


def test_the_committed_pins_name_versions_and_no_addresses() -> None:
    known = pins()
    assert {"azcopy", "azurite", "azure-storage-blob"} <= set(known)
    assert known["azcopy"].requirement == "@azure-tools/azcopy-linux@10.32.2"
    assert known["azure-storage-blob"].requirement == "azure-storage-blob==12.31.1"
    assert all(pin.version[0].isdigit() for pin in known.values())
    text = (Path(__file__).parents[2] / "fixtures" / "tools.toml").read_text()
    assert "://" not in text


@pytest.mark.parametrize(
    "text",
    [
        "[azcopy",
        "[a]\nmanager = 'npm'",
        "[a]\nwhat='x'\nmanager='gem'\npackage='p'\nversion='1'\nprogram='p'",
        "a = 1",
    ],
)
def test_bad_pins_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tools.toml"
    path.write_text(text)
    with pytest.raises(PinsError, match=r"tools\.toml"):
        load_pins(path)


def test_where_tools_live(tmp_path: Path) -> None:
    assert tools_folder({"BLOBPROOF_TOOLS": str(tmp_path / "x")}).root == tmp_path / "x"
    assert tools_folder({}).root == Path(__file__).parents[2] / ".tools"


def test_what_is_not_installed_is_missing_with_a_hint(folder: ToolsFolder) -> None:
    missing = find("azcopy", where=folder)
    assert isinstance(missing, Missing)
    assert "is not installed" in missing.reason
    assert missing.how == "Run: blobproof tools azcopy"


def test_an_unknown_tool_is_a_usage_error(folder: ToolsFolder) -> None:
    with pytest.raises(UnknownToolError, match="azcpy") as caught:
        install(["azcpy"], where=folder)
    assert "azcopy" in caught.value.hint
    with pytest.raises(UnknownToolError):
        find("azcpy", where=folder)


def test_no_npm(folder: ToolsFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    said: list[str] = []
    [missing] = install(["azurite"], said.append, where=folder)
    assert isinstance(missing, Missing)
    assert missing.reason == "npm is not installed on this machine"
    assert said[0].startswith("azurite 3.37.0: installing azurite@3.37.0 with npm into ")
    assert said[-1] == f"azurite 3.37.0: not installed: {missing.reason}"


def test_no_network_is_one_clear_line(folder: ToolsFolder, fake_npm: Callable[[str], Path]) -> None:
    fake_npm(SCRIPT_FAILS)
    [missing] = install(["azurite"], where=folder)
    assert isinstance(missing, Missing)
    assert missing.reason.startswith("npm failed: npm error network request to the registry failed")
    assert "\n" not in missing.reason and "http" not in missing.reason
    assert isinstance(find("azurite", where=folder), Missing), "half an install must not count"


def test_a_hanging_npm_is_ended(
    folder: ToolsFolder, fake_npm: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm("sleep 600 & wait")
    monkeypatch.setattr(installing, "_NPM_SECONDS", 0.3)
    [missing] = install(["azurite"], where=folder)
    assert isinstance(missing, Missing)
    assert "did not finish within" in missing.reason


def test_an_install_is_remembered_and_repeatable(
    folder: ToolsFolder, fake_npm: Callable[[str], Path]
) -> None:
    log = fake_npm('mkdir -p node_modules/.bin && echo "#!/bin/sh" > node_modules/.bin/azurite-blob')
    for _ in range(2):
        [found] = install(["azurite"], where=folder)
        assert isinstance(found, Found)
        assert os.access(found.path, os.X_OK)
    calls = log.read_text().splitlines()
    assert len(calls) == 1, "what is there already is left alone"
    assert f"--prefix {folder.root / 'azurite'}" in calls[0]
    assert f"--cache {folder.root / 'cache' / 'npm'}" in calls[0], "npm must write into the tools folder only"


def test_a_package_that_is_installed_without_what_it_asks_for(
    folder: ToolsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it needs comes first and with its dependencies; the package itself comes without."""
    calls: list[list[str]] = []

    def pretend(argv: Sequence[str], **_options: object) -> str:
        calls.append([str(word) for word in argv])
        if "venv" in argv:
            (Path(argv[-1]) / "bin").mkdir(parents=True)
            (Path(argv[-1]) / "bin" / "python").touch()
        return ""

    monkeypatch.setattr(installing, "run", pretend)
    [found] = install(["azstoragetorch"], where=folder)
    assert isinstance(found, Found)
    _, first, second = calls
    assert "--no-deps" not in first and "azure-storage-blob==12.27.0" in first
    assert second[-2:] == ["--no-deps", "azstoragetorch==0.2.0"]
    assert not any(word.startswith("azure-storage-blob") for word in second)
    pin = pins()["azstoragetorch"]
    assert folder.installed(pin)
    assert not folder.installed(replace(pin, alone=False)), "the other way to install it is another install"


def test_another_version_is_replaced_and_a_cut_off_install_repeated(
    folder: ToolsFolder, fake_npm: Callable[[str], Path]
) -> None:
    log = fake_npm('mkdir -p node_modules/.bin && echo "#!/bin/sh" > node_modules/.bin/azurite-blob')
    install(["azurite"], where=folder)
    marker = folder.root / "azurite" / "installed.json"
    marker.write_text(marker.read_text().replace("3.37.0", "3.36.0"))
    missing = find("azurite", where=folder)
    assert isinstance(missing, Missing) and "version 3.36.0 is installed, 3.37.0 is needed" in missing.reason
    left_over = folder.root / "azurite" / "left-over"
    left_over.touch()
    install(["azurite"], where=folder)
    assert not left_over.exists()
    marker.unlink()
    install(["azurite"], where=folder)
    assert isinstance(find("azurite", where=folder), Found)
    assert len(log.read_text().splitlines()) == 3


def test_a_package_without_the_program(folder: ToolsFolder, fake_npm: Callable[[str], Path]) -> None:
    fake_npm("exit 0")
    [missing] = install(["azurite"], where=folder)
    assert isinstance(missing, Missing) and "holds no node_modules/.bin/azurite-blob" in missing.reason


def test_a_tools_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [missing] = install(["azurite"], where=ToolsFolder(tmp_path / "file" / "tools"))
    assert isinstance(missing, Missing)
    assert "Not a directory" in missing.reason


def test_another_processor(folder: ToolsFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    [missing] = install(["azcopy"], where=folder)
    assert isinstance(missing, Missing) and "riscv64" in missing.reason


def test_shared_libraries(tmp_path: Path) -> None:
    assert debian.lacking(Path(sys.executable), {}) == ()
    assert debian.library_env(tmp_path / "none") == {}
    library = tmp_path / "usr" / "lib" / "x" / "libfoo.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    assert debian.library_env(tmp_path) == {"LD_LIBRARY_PATH": str(library.parent)}


def test_a_library_that_nobody_knows_is_named(tmp_path: Path, fake_npm: Callable[[str], Path]) -> None:
    fake_npm("exit 0")
    ldd = tmp_path / "bin" / "ldd"
    ldd.unlink()
    ldd.write_text('#!/bin/sh\necho "  libodd.so.9 => not found"\n')
    ldd.chmod(0o755)
    for name in ("apt-get", "sudo"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    with pytest.raises(CommandFailedError, match=r"libodd\.so\.9"):
        debian.provide(
            Path(sys.executable), {}, private=tmp_path / "p", cache=tmp_path / "c", say=lambda line: None
        )


def test_a_program_whose_library_is_missing_is_missing(
    folder: ToolsFolder, tmp_path: Path, fake_npm: Callable[[str], Path]
) -> None:
    fake_npm("exit 0")
    ldd = tmp_path / "bin" / "ldd"
    ldd.unlink()
    ldd.write_text('#!/bin/sh\necho "  libsecret-1.so.0 => not found"\n')
    ldd.chmod(0o755)
    pin = Pin("x", "x", Manager.NPM, "x", "1", Path("x"), libraries={"libsecret-1.so.0": ("libsecret-1-0",)})
    folder.of(pin).mkdir(parents=True)
    (folder.of(pin) / "x").touch()
    folder.mark(pin)
    missing = find_pin(pin, folder)
    assert isinstance(missing, Missing) and missing.reason == "shared library missing: libsecret-1.so.0"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("ERROR: No matching distribution found for x==1", "ERROR: No matching distribution found for x==1"),
        ("npm error code E404\nnpm error 404 Not Found\nnpm notice x", "npm error 404 Not Found"),
        ("Reading package lists...\nE: Unable to locate package x", "E: Unable to locate package x"),
        ("", ""),
        ("only this", "only this"),
    ],
)
def test_the_telling_line(output: str, expected: str) -> None:
    assert reason(output) == expected


def test_run_tells_the_exit_code_when_nothing_was_said() -> None:
    with pytest.raises(CommandFailedError, match="exit code 3"):
        run(["sh", "-c", "exit 3"], seconds=10)
    assert run(["sh", "-c", "echo out; echo err >&2"], seconds=10) == "out\nerr\n"
