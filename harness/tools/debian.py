"""Shared libraries from Debian: which are missing; installed by root, or unpacked into our own folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.tools.command import CommandFailedError, run

_UPDATE_SECONDS = 120.0
_INSTALL_SECONDS = 240.0
_ROUNDS = 8  # each round may uncover libraries that the ones just unpacked need


def library_env(folder: Path) -> dict[str, str]:
    """What makes a program find the libraries unpacked under `folder`; empty when there are none."""
    if not folder.is_dir():
        return {}
    places = sorted({str(path.parent) for path in folder.rglob("*.so*")})
    return {"LD_LIBRARY_PATH": os.pathsep.join(places)} if places else {}


def lacking(program: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Names of shared libraries that the loader cannot find for this program."""
    if shutil.which("ldd") is None:
        return ()  # no way to ask; starting the program will tell
    answer = subprocess.run(
        ["ldd", str(program)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return tuple(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", answer.stdout, re.MULTILINE)))


def provide(
    program: Path,
    packages: Mapping[str, Sequence[str]],
    *,
    private: Path,
    cache: Path,
    say: Callable[[str], None],
) -> None:
    """Make every shared library of `program` available. Raises CommandFailedError with one clear reason.

    Root installs the Debian packages; a user does so through `sudo -n` where that works, and otherwise
    unpacks them into `private`, for this program alone.
    """
    missing = lacking(program, library_env(private))
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise CommandFailedError(
            f"shared library missing: {', '.join(missing)}, and there is no apt-get here to get it with"
        )
    prefix = _privileged()
    if prefix is not None:
        say(f"Debian packages for {', '.join(missing)} (apt-get install)")
        _install(_packages(missing, packages), prefix)
    else:
        say(f"Debian packages for {', '.join(missing)}, unpacked into {private}")
        _unpack(program, packages, private, cache)
    if still := lacking(program, library_env(private)):
        raise CommandFailedError(f"shared library still missing: {', '.join(still)}")


def _privileged() -> list[str] | None:
    """What goes in front of a command that needs root; None when we cannot become root."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    try:
        run(["sudo", "-n", "true"], seconds=10)
    except CommandFailedError:
        return None
    return ["sudo", "-n"]


def _packages(missing: Sequence[str], packages: Mapping[str, Sequence[str]]) -> list[Sequence[str]]:
    unknown = [name for name in missing if name not in packages]
    if unknown:
        raise CommandFailedError(
            f"shared library missing: {', '.join(unknown)}; its Debian package is not known to us"
        )
    return list(dict.fromkeys(tuple(packages[name]) for name in missing))


def _install(wanted: Sequence[Sequence[str]], prefix: Sequence[str]) -> None:
    def install() -> None:
        names = [_first_known(names, ()) for names in wanted]
        run(
            [*prefix, "apt-get", "install", "--yes", "--no-install-recommends", *names],
            seconds=_INSTALL_SECONDS,
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )

    try:
        install()
    except CommandFailedError:  # the lists may be empty or old
        run([*prefix, "apt-get", "update"], seconds=_UPDATE_SECONDS)
        install()


def _unpack(program: Path, packages: Mapping[str, Sequence[str]], private: Path, cache: Path) -> None:
    lists, archives = cache / "apt" / "lists", cache / "apt" / "archives"
    for folder in (lists / "partial", archives / "partial", private):
        folder.mkdir(parents=True, exist_ok=True)
    own = (
        f"Dir::State::lists={lists}",
        f"Dir::Cache={cache / 'apt'}",
        f"Dir::Cache::archives={archives}",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
    )
    options = [part for value in own for part in ("-o", value)]
    run(["apt-get", *options, "update"], seconds=_UPDATE_SECONDS)
    for _ in range(_ROUNDS):
        missing = lacking(program, library_env(private))
        if not missing:
            return
        for names in _packages(missing, packages):
            name = _first_known(names, options)
            run(["apt-get", *options, "download", name], seconds=_INSTALL_SECONDS, cwd=archives)
            for archive in archives.glob(f"{name}_*.deb"):
                run(["dpkg", "-x", str(archive), str(private)], seconds=60)
                archive.unlink()


def _first_known(names: Sequence[str], options: Sequence[str]) -> str:
    for name in names:
        try:
            if f"Package: {name}" in run(["apt-cache", *options, "show", name], seconds=30):
                return name
        except CommandFailedError:
            continue
    raise CommandFailedError(f"apt knows no package {' or '.join(names)}")
