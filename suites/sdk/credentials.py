"""The SDK proves who it is, in every way it can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from harness.clients.azure_storage_blob import FLAVOURS, SdkGate
from harness.clients.data import content
from harness.clients.truth import said
from harness.endpoint import Endpoint, Secret
from harness.signing.authorise import account_sas, service_sas
from harness.signing.spec import AccountSas, ServiceSas, Spoilt

_PERMISSIONS = "racwdl"


def test_shared_key(sdk: SdkGate) -> None:
    """The account key writes, reads and lists

    The signature covers method, headers and the canonical resource; names with spaces and umlauts test it.
    """
    sdk.run("auth", credential="shared-key", key=_key(sdk))
    _worked(sdk)


def test_account_sas(sdk: SdkGate) -> None:
    """An account SAS writes, reads and lists

    One token for every container of the account.
    """
    _key(sdk)
    token = account_sas(sdk.stage.endpoint, AccountSas(permissions=_PERMISSIONS), datetime.now(UTC))
    sdk.run("auth", with_key=False, credential="sas", sas=Secret(token))
    _worked(sdk)


def test_service_sas(sdk: SdkGate) -> None:
    """A SAS of the container writes, reads and lists

    What is handed to a single pipeline.
    """
    _key(sdk)
    wanted = ServiceSas(resource="container", of=sdk.stage.container, permissions=_PERMISSIONS)
    token = service_sas(sdk.stage.endpoint, wanted, datetime.now(UTC))
    sdk.run("auth", with_key=False, credential="sas", sas=Secret(token))
    _worked(sdk)


def test_bearer(secure: SdkGate) -> None:
    """An Entra ID token writes, reads and lists

    The first-class way in: no secret of the account is involved.
    """
    tokens = secure.stage.endpoint.tokens
    assert tokens is not None
    secure.run("auth", with_key=False, credential="bearer", token=tokens.token())
    _worked(secure)


def test_user_delegation_sas(secure: SdkGate) -> None:
    """A SAS signed with a user delegation key writes and reads, and no more

    The SDK asks for the key with its token and signs in the newest layout that it knows.
    """
    tokens = secure.stage.endpoint.tokens
    assert tokens is not None
    secure.run("delegation", with_key=False, token=tokens.token())
    secure.expect("key", [True, True, "b", True])
    secure.expect("bytes", said(content(2000, 46)))
    refused = ["HttpResponseError", "AuthorizationPermissionMismatch", 403]
    secure.expect("delete is not permitted", refused, source=("reference/3.2",))
    for flavour in FLAVOURS:
        secure.stage.stored(f"{flavour}/delegated.bin", content(2000, 46))


def test_refused(sdk: SdkGate) -> None:
    """Wrong credentials are refused with the codes that programs test for

    Expired, tampered, too weak, none at all: each must be refused, and nothing may change.
    """
    _key(sdk)
    stage = sdk.stage
    data = content(1000, 56)
    stage.truth.put(stage.container, "source", data)
    sdk.run("wrong-auth", with_key=False, wrong=_wrong(stage.endpoint, stage.container))
    failed = ["ClientAuthenticationError", "AuthenticationFailed", 403]
    for fact in ("expired", "tampered", "wrong key"):
        sdk.expect(fact, failed, source=("reference/3.2",))
    sdk.expect("read with read-only", said(data))
    weak = ["HttpResponseError", "AuthorizationPermissionMismatch", 403]
    sdk.expect("write with read-only", weak, source=("reference/3.2",))
    anonymous = ["ClientAuthenticationError", "NoAuthenticationInformation", 401]
    sdk.expect("anonymous", anonymous, source=("reference/3.3",))
    stage.stored("source", data)


def _key(sdk: SdkGate) -> Secret:
    """The account key. Ends the scenario where there is none."""
    key = sdk.stage.endpoint.key
    if key is None:
        sdk.scenario.not_applicable(f"endpoint {sdk.stage.endpoint.name} has no account key")
    return key


def _wrong(endpoint: Endpoint, container: str) -> dict[str, Secret]:
    now = datetime.now(UTC)
    good = ServiceSas(resource="container", of=container, permissions="r")
    expired = ServiceSas(
        resource="container",
        of=container,
        permissions="r",
        start=timedelta(hours=-2),
        expiry=timedelta(hours=-1),
    )
    tampered = ServiceSas(
        resource="container", of=container, permissions="r", spoilt=Spoilt(tamper="signature")
    )
    wanted = {"expired": expired, "tampered": tampered, "read-only": good}
    return {name: Secret(service_sas(endpoint, sas, now)) for name, sas in wanted.items()}


def _worked(sdk: SdkGate) -> None:
    sdk.expect("bytes", said(content(2000, 45)))
    sdk.expect("listed", lambda flavour: [f"{flavour}/auth ü+%.bin"])
    for flavour in FLAVOURS:
        sdk.stage.stored(f"{flavour}/auth ü+%.bin", content(2000, 45))
