"""The doctor and credentials: keys, accounts, SAS that are wrong, expired or cannot be tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.doctor import Fault, Outcome, examine
from harness.doctor.credentials import sas_facts
from harness.endpoint import Secret
from harness.endpoints.builtin import Running
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas, Spoilt
from harness.vocabulary import ExitCode
from tests.doctor.asked import KEY, at, blames, outcome
from tests.wire.servers import scripted


def test_a_wrong_key(reference: Running) -> None:
    wrong = replace(reference.endpoint, key=KEY)
    blames(
        wrong, Fault.CREDENTIALS, ExitCode.USAGE, "not the key of account blobproof", "AuthenticationFailed"
    )


def test_a_wrong_account(reference: Running) -> None:
    wrong = replace(
        reference.endpoint, account="nobody", url=reference.endpoint.url.replace("/blobproof", "/nobody")
    )
    blames(wrong, Fault.CREDENTIALS, ExitCode.USAGE, "account nobody")


def test_no_credentials(reference: Running) -> None:
    bare = replace(reference.endpoint, key=None, tokens=None)
    blames(bare, Fault.CREDENTIALS, ExitCode.USAGE, "no credentials", "AZURE_STORAGE_KEY")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (AccountSas(expiry=-timedelta(minutes=5)), "the SAS expired at"),
        (AccountSas(start=timedelta(hours=1), expiry=timedelta(hours=2)), "valid only from"),
        (AccountSas(protocol="https"), "https only"),
        (AccountSas(spoilt=Spoilt(tamper="signature")), "the SAS is refused"),
        (AccountSas(permissions="rl"), "do not allow Create Container"),
    ],
)
def test_a_sas_that_is_no_good(reference: Running, spec: AccountSas, words: str) -> None:
    sas = account_sas(reference.endpoint, spec, datetime.now(UTC))
    wrong = replace(reference.endpoint, key=None, tokens=None, sas=Secret(sas))
    blames(wrong, Fault.CREDENTIALS, ExitCode.USAGE, words)


def test_an_expired_sas_is_recognised_from_the_answer() -> None:
    """Where `se` says nothing, because a stored access policy holds the times."""
    body = (
        b'<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>No.\n'
        b"RequestId:1\nTime:2026-11-22T00:00:00Z</Message><AuthenticationErrorDetail>"
        b"Signature not valid in the specified time frame</AuthenticationErrorDetail></Error>"
    )
    answer = b"HTTP/1.1 403 No\r\nx-ms-request-id: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with scripted([answer]) as server:
        wrong = replace(at(server), key=None, sas=Secret("sv=2025-07-05&ss=b&srt=sco&sp=rl&sig=x"))
        blames(wrong, Fault.CREDENTIALS, ExitCode.USAGE, "not valid now")


def test_a_service_sas_cannot_be_tried(reference: Running) -> None:
    sas = "sv=2025-07-05&sr=c&sp=r&se=2039-01-01&sig=x"
    diagnosis = examine(replace(reference.endpoint, key=None, tokens=None, sas=Secret(sas)))
    assert outcome(diagnosis, "authentication").outcome is Outcome.SKIP


@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04Z", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02T03%3A04%3A05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1234567Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_times_of_a_sas(text: str, expiry: datetime | None) -> None:
    assert sas_facts(f"sv=1&se={text}&sig=x").expiry == expiry
