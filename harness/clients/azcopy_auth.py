"""How AzCopy is let in, by the name of the kind: what goes into its URLs, and what into its environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from harness.clients.azcopy import BearerCredential, Credential, SharedKeyCredential
from harness.clients.stage import Stage
from harness.clients.truth import PremiseError
from harness.endpoint import Secret, TokenSource
from harness.signing.authorise import account_sas, service_sas
from harness.signing.delegation import DelegationKeyError
from harness.signing.spec import AccountSas, ServiceSas

_ACCOUNT_PERMISSIONS = "rwdlacup"
_CONTAINER_PERMISSIONS = "racwdl"


@dataclass(frozen=True, slots=True)
class Access:
    """A way in: a SAS for the URLs, or a credential that AzCopy itself holds; one of them."""

    sas: Secret | None = None
    credential: Credential | None = None


def access(stage: Stage, kind: str) -> Access:
    """A way into the stage's container. Ends the scenario where the endpoint does not have what it takes.

    A bearer token needs a stage that is reached over HTTPS: AzCopy sends none over plain HTTP.
    """
    endpoint, now = stage.endpoint, datetime.now(UTC)
    match kind:
        case "account-sas":
            _key(stage)
            return Access(Secret(account_sas(endpoint, AccountSas(permissions=_ACCOUNT_PERMISSIONS), now)))
        case "service-sas":
            _key(stage)
            return Access(Secret(service_sas(endpoint, _of_container(stage), now)))
        case "user-delegation-sas":
            _tokens(stage)
            try:
                return Access(Secret(service_sas(endpoint, _of_container(stage, delegated=True), now)))
            except DelegationKeyError as error:
                raise PremiseError(str(error)) from error
        case "shared-key":
            return Access(credential=SharedKeyCredential(endpoint.account, _key(stage)))
        case "bearer":
            return Access(credential=BearerCredential(_tokens(stage).token()))
    raise ValueError(f"no such kind of access: {kind}")


def _of_container(stage: Stage, *, delegated: bool = False) -> ServiceSas:
    return ServiceSas(
        resource="container", of=stage.container, permissions=_CONTAINER_PERMISSIONS, delegated=delegated
    )


def _key(stage: Stage) -> Secret:
    key = stage.endpoint.key
    if key is None:
        stage.scenario.not_applicable(f"endpoint {stage.endpoint.name} has no account key")
    return key


def _tokens(stage: Stage) -> TokenSource:
    tokens = stage.endpoint.tokens
    if tokens is None:
        stage.scenario.not_applicable(f"endpoint {stage.endpoint.name} has no token source")
    return tokens
