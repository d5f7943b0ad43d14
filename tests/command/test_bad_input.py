"""Bad input ends within ten seconds, in one clear line and a hint, with the exit code of the design."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.endpoint import Endpoint
from harness.endpoints.certificates import issue
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from tests.command.process import Done, blobproof, eventually, finish, refused, start
from tests.doctor.nginx import needs_nginx, nginx

WRONG_KEY = "a2V5a2V5a2V5"
WRONG = {"AZURE_STORAGE_KEY": WRONG_KEY}
TOML = 'url = "http://127.0.0.1:9/acct"\n'


@contextlib.contextmanager
def counted() -> Iterator[tuple[str, list[int]]]:
    """A URL, and the connections that have been made to it when the context has ended."""
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/acct", seen
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, address = listener.accept()
                connection.close()
                seen.append(address[1])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("frobnicate",), 2, "No such command 'frobnicate'"),
        (("run",), 2, "Missing argument"),
        (("run", "reference", "--frobnicate"), 2, "No such option"),
        (("run", "reference", "--workers", "0"), 2, "--workers"),
        (("run", "referense"), 2, "no endpoint 'referense'"),
        (("run", "reference:"), 2, "no endpoint"),
        (("run", "ftp://127.0.0.1/acct"), 2, "not an http or https URL"),
        (("run", "http://127.0.0.1:1/"), 2, "names no account"),
        (("run", "AccountName=acct;AccountKey=nonsense!"), 2, "AccountKey of the connection string"),
        (("run", "env"), 2, "AZURE_STORAGE_CONNECTION_STRING"),
        (("run", "reference", "--case", "put-blob/no-such-case"), 2, "no case or scenario 'put-blob/no-such"),
        (("run", "reference", "--gate", "mpv"), 2, "no gate is called 'mpv'.*\n.*mvp, strict"),
        (("run", "reference", "--gate", "none.toml"), 2, "none.toml cannot be read"),
        (("run", "reference", "--known", "none.toml"), 2, "none.toml: cannot be read"),
        (("run", "reference", "--suite", "put-blobs"), 5, "no case or scenario is in the suite 'put-blobs'"),
        (("run", "reference", "--exhaustive"), 2, "--exhaustive is about matrices"),
        (("run", "reference", "--gate", "gates", "--resume"), 2, "--resume goes on with one run"),
        (("run", "reference", "--gate", "gates", "--resume", "--out", "none"), 2, "no run to go on with"),
        (("list", "put-blobs"), 5, "no case or scenario is in the suite"),
        (("gate", "nowhere"), 2, "'nowhere' does not exist"),
        (("report", "nowhere"), 2, "'nowhere' does not exist"),
        (("serve", "--root", "nowhere"), 2, "nowhere is not a folder"),
        (("run", "reference:no-such", "--dry-run"), 2, "no mutant 'no-such'"),
        (("replay", "reference:no-such", "--dry-run"), 2, "no mutant 'no-such'"),
    ],
)
def test_words_that_mean_nothing(
    here: Callable[..., Done], tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    refused(here(*arguments), code, words)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('url = "http://127.0.0.1:9/acct', "is no TOML"),
        (TOML + 'keys = "x"', "unknown key 'keys'"),
        (TOML + 'key = "c2VjcmV0c2VjcmV0"', "has a secret in it"),
        (TOML + 'key_env = "NOT_SET_ANYWHERE"', "NOT_SET_ANYWHERE"),
        ("", "has no url"),
    ],
)
def test_files_that_say_nothing(here: Callable[..., Done], tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    done = here("run", path)
    refused(done, 2, words)
    assert "c2VjcmV0c2VjcmV0" not in done.err


def test_ledgers_and_gates_that_cannot_be_used(here: Callable[..., Done], tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('["put-blob/no-such-case"]\nreason = "x"\nissue = "x"\nexpires = 2030-01-01\n', "utf-8")
    refused(here("run", "reference", "--known", path), 2, "no case or scenario 'put-blob/no-such-case'")
    refused(here("run", "reference", "--gate", path), 2, "unknown key")


def test_an_unknown_mutant(tmp_path: Path) -> None:
    refused(blobproof("run", "reference:no-such", cwd=tmp_path), 2, "no mutant 'no-such'")
    assert not list((tmp_path / "runs").iterdir()), "a run that never began leaves no folder"


def test_a_folder_that_cannot_be_the_runs(here: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    refused(here("run", "reference", "--out", tmp_path), 2, "there is something in this folder already")
    refused(here("run", "reference", "--out", tmp_path / "mine"), 2, "is a file")
    refused(here("run", "reference", "--out", tmp_path / "mine" / "run"), 2, "cannot be made")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_of_ones_own_stays(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    refused(here("run", "http://127.0.0.1:9/acct", "--out", tmp_path), 3)
    assert tmp_path.is_dir()
    assert not list(tmp_path.iterdir())


# --- an endpoint that cannot be judged ---


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_nobody_listens(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/acct"
    refused(blobproof(command, url, env=WRONG, cwd=tmp_path), 3, "refused|nobody listens")


def test_a_wrong_key(here: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, facade: Endpoint) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    done = here("run", facade.url)
    refused(done, 2, "not the key of account blobproof")
    assert WRONG_KEY not in done.err


def test_an_expired_sas(here: Callable[..., Done], facade: Endpoint) -> None:
    sas = account_sas(facade, AccountSas(expiry=-timedelta(minutes=5)), datetime.now(UTC))
    done = here("run", f"{facade.url}?{sas}")
    refused(done, 2, "the SAS expired at")
    assert "sig=" not in done.err


def test_plain_http_where_https_was_said(tmp_path: Path, facade: Endpoint, key: Mapping[str, str]) -> None:
    url = facade.url.replace("http:", "https:")
    refused(blobproof("run", url, env=key, cwd=tmp_path), 3, f"plain HTTP.*Try {facade.url}")


@needs_nginx
def test_a_server_that_is_no_blob_service(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    with nginx(tmp_path, issue(tmp_path)) as (http, _):
        url = f"http://127.0.0.1:{http}/acct"
        refused(here("run", url, "--out", tmp_path / "run"), 3, "no Blob service", "nginx")


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    with counted() as (url, seen):
        refused(blobproof("run", url, "--out", tmp_path / "run", env=WRONG), 3, "does not answer")
    assert seen
    assert not (tmp_path / "run").exists()


def test_an_endpoint_that_cannot_be_tested_keeps_no_other_from_it(
    tmp_path: Path, facade: Endpoint, key: Mapping[str, str]
) -> None:
    out = tmp_path / "runs"
    done = blobproof(
        *("run", "http://127.0.0.1:9/blobproof", facade.url, facade.url, "--suite", "delete-blob"),
        *("--out", out, "--json"),
        env=key,
    )
    assert done.code == 3, done
    assert "nobody listens" in done.err
    facts = [json.loads(line) for line in done.out.splitlines()]  # an object a line, and nothing else
    assert [one["endpoint"] for one in facts] == [facade.url, facade.url]
    assert all(one["met"] and one["complete"] and not one["interrupted"] for one in facts)
    assert {Path(one["run"]).parent for one in facts} == {out}
    assert len(list(out.rglob("*.html"))) == len(list(out.glob("*-matrix.html"))) == 1


# --- nothing is sent ---


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    with counted() as (url, seen):
        done = blobproof("run", f"{url}?sig=secret", "--dry-run", "--suite", "put-block", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "put-block/stages-a-block" in done.out
    assert "bp-" in done.out.splitlines()[-1]
    assert "secret" not in done.out
    assert seen == []
    assert not list(tmp_path.iterdir())


def test_bad_words_are_found_before_anything_is_sent(here: Callable[..., Done]) -> None:
    with counted() as (url, seen):
        assert here("run", url, "referense").code == 2
        for wrong in (("--case", "no/such"), ("--gate", "mpv"), ("--suite", "put-blobs")):
            assert here("run", url, *wrong).code in (2, 5)
    assert seen == []


def test_an_interrupt_before_anything_was_sent(tmp_path: Path) -> None:
    with counted() as (url, _):
        process = start("run", url, "--out", tmp_path / "run", env=WRONG)
        eventually((tmp_path / "run").exists)
        process.terminate()
        done = finish(process, 10)
    refused(replace(done, err=done.err.strip()), 3, "interrupted")
    assert not (tmp_path / "run").exists()
