"""Mutants of authentication and authorisation: who is let in, for what, and what a refusal says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import jwt

from reference_impl.auth import bearer, canonical, delegation, sas, shared_key
from reference_impl.auth.permissions import Needs
from reference_impl.auth.principal import Grant, Principal
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import entry, writing
from reference_impl.operations.call import Call
from reference_impl.protocol.errors import BlobError


@mutant("key-signature-unchecked", breaks="authentication.shared-key")
def key_signature_unchecked(patch: Patch) -> None:
    """Any Shared Key signature is accepted: whoever knows the account's name owns its data."""
    patch.replace(shared_key, "same", lambda _left, _right: True)


@mutant("signed-path-decoded", breaks="authentication.shared-key-path")
def signed_path_decoded(patch: Patch) -> None:
    """The signature is checked over the decoded path: names with a blank or an accent are 403."""
    patch.wrap(
        canonical,
        "resource",
        lambda right: lambda name, path, query: right(name, unquote(path), query),
    )


@mutant("signed-query-ignored", breaks="authentication.shared-key-query")
def signed_query_ignored(patch: Patch) -> None:
    """Only comp and restype are signed: requests of clients that sign all their parameters are 403."""
    patch.wrap(
        canonical,
        "resource",
        lambda right: (
            lambda name, path, query: right(
                name, path, [pair for pair in query if pair[0] in ("comp", "restype")]
            )
        ),
    )


@mutant("headers-signed-in-byte-order", breaks="authentication.shared-key-header-order")
def headers_signed_in_byte_order(patch: Patch) -> None:
    """Headers are signed in byte order only: metadata with hyphens or digits is 403 for the .NET SDK."""
    patch.replace(
        canonical,
        "header_blocks",
        lambda headers: [canonical.canonical_headers(canonical.ms_headers(headers))],
    )


@mutant("empty-length-signed-as-zero", breaks="authentication.shared-key-empty-length")
def empty_length_signed_as_zero(patch: Patch) -> None:
    """A Content-Length of 0 is signed as 0 for blobs: every upload of an empty one is 403."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(method: str, name: str, path: str, query: Any, headers: Any, *, lite: bool = False) -> Any:
            for text in right(method, name, path, query, headers, lite=lite):
                lines = text.split("\n")
                if not lite and headers.get("content-length") == "0" and path.count("/") > 2:
                    lines[3] = "0"
                yield "\n".join(lines)

        return wrong

    patch.wrap(shared_key, "strings_to_sign", make)


@mutant("any-date-accepted", breaks="authentication.date-window")
def any_date_accepted(patch: Patch) -> None:
    """A signed request holds for ever: whoever records one can send it again next year."""
    patch.replace(shared_key, "CLOCK_SKEW", 10**12)


@mutant("date-header-ignored", breaks="authentication.date")
def date_header_ignored(patch: Patch) -> None:
    """Only x-ms-date is read: clients that send Date are 403."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(headers: Any, now: float) -> None:
            if not headers.get("x-ms-date"):
                raise shared_key.failed("Request date header not specified")
            right(headers, now)

        return wrong

    patch.wrap(shared_key, "check_date", make)


@mutant("lite-refused", breaks="authentication.shared-key-lite")
def lite_refused(patch: Patch) -> None:
    """Shared Key Lite is checked as if it were Shared Key: old tools are locked out."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *signed, lite=False: right(*signed, lite=False)

    patch.wrap(shared_key, "strings_to_sign", make)


@mutant("nobody-is-challenged", breaks="authentication.challenge")
def nobody_is_challenged(patch: Patch) -> None:
    """A request without credentials is 403: SDKs that wait for the challenge never send their token."""
    unchallenged(patch, lambda error: BlobError("AuthorizationFailure", status=403))


@mutant("challenge-without-resource", breaks="authentication.challenge-fields")
def challenge_without_resource(patch: Patch) -> None:
    """The challenge does not say for which resource: SDKs ask for a token of the wrong audience."""

    def make(right: Callable[..., tuple[str, str]]) -> Callable[..., tuple[str, str]]:
        def wrong(issuer: str | None, host: str) -> tuple[str, str]:
            name, text = right(issuer, host)
            return name, text.partition(" resource_id=")[0]

        return wrong

    patch.wrap(bearer, "challenge", make)


def unchallenged(patch: Patch, change: Callable[[BlobError], BlobError]) -> None:
    """Answer requests without credentials in another way."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(*asked: Any) -> None:
            try:
                await right(*asked)
            except BlobError as error:
                raise change(error) if error.code == "NoAuthenticationInformation" else error from None

        return wrong

    patch.wrap(entry, "permit", make)


@mutant("sas-signature-unchecked", breaks=("authentication.sas-signature", "sas.signed-fields"))
def sas_signature_unchecked(patch: Patch) -> None:
    """A SAS is believed without its signature: anybody writes one for himself."""
    patch.replace(sas, "_compare", lambda _sas, _key, _text: None)


@mutant("sas-never-expires", breaks="authentication.sas-time")
def sas_never_expires(patch: Patch) -> None:
    """A SAS opens what it opens for ever: links that were sent out are never closed."""
    patch.replace(sas, "_check_window", lambda _start, _expiry, _now: None)


@mutant("sas-start-ignored", breaks="authentication.sas-time")
def sas_start_ignored(patch: Patch) -> None:
    """A SAS works before its start: an embargo does not hold."""
    patch.wrap(sas, "_check_window", lambda right: lambda _start, expiry, now: right("", expiry, now))


@mutant("sas-permissions-ignored", breaks=("authentication.permissions", "sas.deletes", "sas.changes"))
def sas_permissions_ignored(patch: Patch) -> None:
    """A SAS permits everything: a link for reading deletes."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(self: Principal, needs: Needs, container: str | None, path: str) -> None:
            everything = replace(self, permissions=frozenset("racwdxltmeopyif"))
            right(everything if self.kind.endswith("sas") else self, needs, container, path)

        return wrong

    patch.wrap(Principal, "check", make)


@mutant("write-permission-is-enough", breaks="sas.deletes")
def write_permission_is_enough(patch: Patch) -> None:
    """A SAS with w deletes as well: a writer that must not remove anything can."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(self: Principal, needs: Needs, container: str | None, path: str) -> None:
            more = self.permissions | ({"d"} if "w" in self.permissions else set())
            right(replace(self, permissions=frozenset(more)), needs, container, path)

        return wrong

    patch.wrap(Principal, "check", make)


@mutant("resource-types-ignored", breaks="sas.resource-types")
def resource_types_ignored(patch: Patch) -> None:
    """The resource types of an account SAS do not count: one for blobs deletes containers."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        return lambda self, *asked: right(replace(self, types=frozenset("sco")), *asked)

    patch.wrap(Principal, "check", make)


@mutant("services-ignored", breaks="sas.service-types")
def services_ignored(patch: Patch) -> None:
    """An account SAS for queues opens blobs."""

    def make(right: Callable[..., Principal]) -> Callable[..., Principal]:
        def wrong(found: Mapping[str, str], key: bytes, setting: sas.Setting) -> Principal:
            try:
                return right(found, key, setting)
            except BlobError as error:
                if error.code != "AuthorizationServiceMismatch":
                    raise
                return sas._principal("account-sas", found, found["sp"], types=found["srt"])

        return wrong

    patch.wrap(sas, "_account", make)


@mutant("address-ignored", breaks="sas.address")
def address_ignored(patch: Patch) -> None:
    """A SAS that is bound to an address works from everywhere."""
    patch.replace(sas, "_in_range", lambda _address, _allowed: True)


@mutant("protocol-ignored", breaks="sas.protocol")
def protocol_ignored(patch: Patch) -> None:
    """A SAS for https alone works over plain http, where everybody can read it."""
    patch.wrap(
        sas,
        "_check_where",
        lambda right: lambda found, setting: right({**found, "spr": ""}, setting),
    )


@mutant("create-overwrites", breaks="authentication.create-only")
def create_overwrites(patch: Patch) -> None:
    """A SAS for creating overwrites: a drop box whose files others can replace."""
    patch.replace(writing, "refuse_overwrite", lambda _call, _record: None)


@mutant("response-headers-ignored", breaks="authentication.sas-response-headers")
def response_headers_ignored(patch: Patch) -> None:
    """The headers that a SAS sets for the answer are not set: a download opens under a wrong name."""
    patch.replace(sas, "_OVERRIDES", {})


@mutant("policy-limits-ignored", breaks=("access-policy.limits", "access-policy.revoked"))
def policy_limits_ignored(patch: Patch) -> None:
    """A stored policy grants, and never ends: changing it takes nothing away."""
    patch.wrap(
        entry,
        "stored_policies",
        lambda right: (
            lambda *where: {
                name: replace(policy, expiry="9999-01-01", start="") for name, policy in right(*where).items()
            }
        ),
    )


@mutant("unknown-policy-ignored", breaks=("access-policy.unknown", "access-policy.revoked"))
def unknown_policy_ignored(patch: Patch) -> None:
    """A SAS that names a policy which is gone works on: nothing can be revoked."""

    class Kept(dict[str, sas.Policy]):
        def get(self, name: str, default: Any = None) -> Any:
            return super().get(name) or sas.Policy("", "9999-01-01", "racwdl")

    def make(right: Callable[..., dict[str, sas.Policy]]) -> Callable[..., dict[str, sas.Policy]]:
        return lambda *where: Kept(right(*where))

    patch.wrap(entry, "stored_policies", make)


@mutant("acl-by-sas", breaks="sas.acl-closed")
def acl_by_sas(patch: Patch) -> None:
    """A SAS sets access policies: whoever holds one gives himself more."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(self: Principal, needs: Needs, container: str | None, path: str) -> None:
            if needs.no_sas and not needs.token_only and self.kind.endswith("sas"):
                return
            right(self, needs, container, path)

        return wrong

    patch.wrap(Principal, "check", make)


@mutant("public-means-writable", breaks="public-access.no-writes")
def public_means_writable(patch: Patch) -> None:
    """Whatever a public container shows, anybody may write."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, principal: Principal, at: Any, needs: Needs, prefix: str) -> None:
            await right(call, principal, at, replace(needs, public=needs.public or "blob"), prefix)

        return wrong

    patch.wrap(entry, "permit", make)


@mutant("public-blobs-listed", breaks="public-access.blob")
def public_blobs_listed(patch: Patch) -> None:
    """With public access to blobs, anybody lists them too: names that nobody was to guess are shown."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(service: Any, at: Any, needs: Needs) -> Any:
            return await right(service, at, replace(needs, public="blob"))

        return wrong

    patch.wrap(entry, "_is_public", make)


@mutant("private-is-public", breaks=("public-access.private", "authentication.challenge"))
def private_is_public(patch: Patch) -> None:
    """Blobs are read without credentials whatever the container says."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, principal: Principal, at: Any, needs: Needs, prefix: str) -> None:
            if principal.kind == "anonymous" and needs.public == "blob":
                return
            await right(call, principal, at, needs, prefix)

        return wrong

    patch.wrap(entry, "permit", make)


def decoding(patch: Patch, **changed: Any) -> None:
    """Have tokens decoded with other demands."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(token: str, key: Any, **demands: Any) -> Any:
            options = {**demands.pop("options"), **changed}
            if changed.get("verify_aud") is False:
                demands.pop("audience")
            if changed.get("verify_iss") is False:
                demands.pop("issuer")
            return right(token, key, options=options, **demands)

        return wrong

    patch.wrap(jwt, "decode", make)


@mutant("token-signature-unchecked", breaks="bearer.signature")
def token_signature_unchecked(patch: Patch) -> None:
    """Tokens are believed without their signature: anybody writes one for himself."""
    decoding(patch, verify_signature=False, verify_exp=True, verify_aud=True, verify_iss=True)


@mutant("token-never-expires", breaks="bearer.lifetime")
def token_never_expires(patch: Patch) -> None:
    """Tokens open for ever: somebody who left keeps his access."""
    decoding(patch, verify_exp=False)


@mutant("token-audience-ignored", breaks="bearer.audience")
def token_audience_ignored(patch: Patch) -> None:
    """A token for any other service opens this one: every web application can read the storage."""
    decoding(patch, verify_aud=False)


@mutant("token-issuer-ignored", breaks="bearer.issuer")
def token_issuer_ignored(patch: Patch) -> None:
    """A token of any issuer that signs with the same key is accepted."""
    decoding(patch, verify_iss=False)


@mutant("roles-ignored", breaks=("bearer.reader-refused", "bearer.no-role"))
def roles_ignored(patch: Patch) -> None:
    """Every token may do everything: a reader deletes."""
    patch.replace(Principal, "role_at", lambda _self, _container, _path: 99)


@mutant("role-scope-ignored", breaks="bearer.scope")
def role_scope_ignored(patch: Patch) -> None:
    """A role for one container holds in all."""
    patch.replace(Grant, "covers", lambda _self, _container, _path: True)


@mutant("delegation-key-for-a-year", breaks="get-user-delegation-key.seven-days")
def delegation_key_for_a_year(patch: Patch) -> None:
    """A user delegation key may be valid for longer than 7 days: access that cannot be taken back in time."""
    patch.replace(delegation, "MAX_SECONDS", delegation.MAX_SECONDS * 100)


@mutant("expired-delegation-key", breaks="user-delegation.key-time")
def expired_delegation_key(patch: Patch) -> None:
    """A SAS lives longer than the key that signed it."""
    patch.replace(sas, "_check_key_window", lambda _sas, _now: None)
