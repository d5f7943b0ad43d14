"""The ways of signing a replay: which credential a request gets, and what a way cannot do by its nature."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from harness.endpoint import Endpoint
from harness.rules.identify import Identity
from harness.signing.authorise import CredentialMissingError
from harness.signing.spec import AccountSas, AuthSpec, Bearer, Default, ServiceSas, SharedKey


class Way(enum.StrEnum):
    """What `--auth` may say."""

    RECORDED = "recorded"  # as the client did, where the endpoint has that credential; else its default
    SHARED_KEY = "shared-key"
    ACCOUNT_SAS = "account-sas"
    SERVICE_SAS = "service-sas"  # of the container that the request names
    USER_DELEGATION_SAS = "user-delegation-sas"  # the same, signed with a user delegation key
    BEARER = "bearer"
    DEFAULT = "default"  # as the endpoint is configured


_ACL = frozenset({"Get Container ACL", "Set Container ACL"})
_KEY_FOR_SAS = "Get User Delegation Key"  # a bearer token alone opens it
_BY_CONTAINER_SAS = frozenset(
    {"List Blobs", "Find Blobs by Tags", "Blob Batch", "Get Account Information", "Made-up operation"}
)
"""Of what is asked of a container, and not of a blob in it, all that a SAS of the container can do."""

_ACCOUNT_LETTERS = "rwdxlacuptfi"
_CONTAINER_LETTERS = "racwdxltfi"
_SINCE = {"x": "2019-12-12", "t": "2019-12-12", "i": "2020-08-04", "f": "2021-04-10"}


def settled(way: Way, signed: str, endpoint: Endpoint) -> Way:
    """What `recorded` means for a client that signed so; any other way is itself."""
    if way is not Way.RECORDED:
        return way
    there = {
        Way.SHARED_KEY: endpoint.key is not None,
        Way.ACCOUNT_SAS: endpoint.key is not None or endpoint.sas is not None,
        Way.BEARER: endpoint.tokens is not None,
    }
    wanted = Way(signed)
    return wanted if there[wanted] else Way.DEFAULT


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, as far as credentials go."""

    who: Identity
    container: str  # the one that a SAS is to be for
    bare_source: bool = False  # it names a copy source that brings no credentials of its own


def credential(way: Way, signed: str, endpoint: Endpoint, asked: Asked) -> AuthSpec:
    """How a request is signed; `way` is settled, `signed` is how the client did.

    A way that cannot do this by its nature leaves it to the endpoint's default, unless the client itself
    signed so: then the refusal is what it got. Raises CredentialMissingError.
    """
    if asked.who.operation == _KEY_FOR_SAS:
        return Bearer()
    own = _own(endpoint)
    wanted = own if way is Way.DEFAULT else way
    if wanted != signed and not _can(wanted, asked):
        if not _can(own, asked):
            said = asked.who.operation + (" of a bare source" if asked.bare_source else "")
            raise CredentialMissingError(f"endpoint {endpoint.name} has no credential for {said}")
        return Default()
    match way:
        case Way.SHARED_KEY:
            return SharedKey()
        case Way.BEARER:
            return Bearer()
        case Way.ACCOUNT_SAS:
            return _account_sas(endpoint)
        case Way.SERVICE_SAS | Way.USER_DELEGATION_SAS:
            letters = _letters(_CONTAINER_LETTERS, endpoint)
            delegated = way is Way.USER_DELEGATION_SAS
            return ServiceSas("container", of=asked.container, permissions=letters, delegated=delegated)
        case _:
            return Default()


def _own(endpoint: Endpoint) -> Way:
    """The way that the endpoint's default is."""
    if endpoint.key is not None:
        return Way.SHARED_KEY
    if endpoint.sas is not None:
        return Way.ACCOUNT_SAS
    return Way.DEFAULT if endpoint.tokens is None else Way.BEARER


def _can(way: Way, asked: Asked) -> bool:
    """Whether the way of signing exists for this operation."""
    who = asked.who
    copied = asked.bare_source and who.operation == "Copy Blob"  # opened with the credentials of the copy
    match way:
        case Way.BEARER:
            return who.operation not in _ACL
        case Way.ACCOUNT_SAS:
            return who.operation not in _ACL and not copied
        case Way.SERVICE_SAS | Way.USER_DELEGATION_SAS:
            inside = who.depth == "container" and who.operation in _BY_CONTAINER_SAS
            return (who.depth == "blob" or inside) and not copied
        case _:
            return True


def _account_sas(endpoint: Endpoint) -> AuthSpec:
    if endpoint.key is not None:
        return AccountSas(permissions=_letters(_ACCOUNT_LETTERS, endpoint))
    if endpoint.sas is None:
        raise CredentialMissingError(f"endpoint {endpoint.name} has neither an account key nor a SAS")
    return Default()


def _letters(letters: str, endpoint: Endpoint) -> str:
    """The permissions that there are in the version of the run."""
    return "".join(letter for letter in letters if _SINCE.get(letter, "") <= endpoint.version)
