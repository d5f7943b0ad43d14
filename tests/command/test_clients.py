"""`blobproof clients`: every driver is listed, with what it does not do and why; what is missing says so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from harness.drive.action import Action
from harness.drive.clients import clients
from harness.tools.find import Missing
from tests.command.process import Done


def _missing(name: str) -> Missing:
    return Missing(name, f"{name} is not installed", f"Run: blobproof tools {name}")


def test_every_driver_is_listed(here: Callable[..., Done]) -> None:
    lines = [json.loads(line) for line in here("clients", "--json").out.splitlines()]
    assert tuple(line["name"] for line in lines) == clients()
    assert len(lines) >= 12
    for line in lines:
        assert {*line["can"], *line["cannot"]} == {*Action}
        assert line["package"] and line["credentials"] and line["styles"]
        reasons = [*line["cannot"].values(), *line["limits"]]
        assert all(why["reason"].endswith(".") and why["source"] for why in reasons), line["name"]


def test_one_is_explained(here: Callable[..., Done]) -> None:
    done = here("clients", "boostedblob")
    assert "boostedblob" in done.out and "azcopy" not in done.out
    assert "metadata: boostedblob neither sets nor shows metadata. [clients/5]" in done.out
    assert "path style: boostedblob knows no host but" in done.out
    described = json.loads(here("clients", "boostedblob", "--json").out)
    assert (described["styles"], described["credentials"]) == (["host"], ["shared-key", "bearer"])


def test_one_that_is_not_there(here: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blobproof.commands.clients.find", _missing)
    done = here("clients", "rclone")
    assert done.code == 5
    assert "missing" in done.out and "Run: blobproof tools rclone" in done.out
    said = json.loads(here("clients", "rclone", "--json").out)
    assert (said["version"], said["install"]) == (None, "Run: blobproof tools rclone")


def test_an_unknown_name(here: Callable[..., Done]) -> None:
    done = here("clients", "azcopi")
    assert done.code == 2
    assert "no client is called 'azcopi'" in done.err
    assert "Did you mean azcopy?" in done.err
    assert done.out == ""
