"""Operations on the account: information, statistics, user delegation keys."""

from __future__ import annotations

import re
import time

from reference_impl.auth import delegation
from reference_impl.auth.delegation import KeyTerms
from reference_impl.auth.permissions import RANK
from reference_impl.http.message import Response
from reference_impl.operations.call import Call
from reference_impl.protocol import times, xml_in, xml_out
from reference_impl.protocol.errors import BlobError, invalid_query
from reference_impl.protocol.headers_out import Fields

_KEY_INFO_LIMIT = 64 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?", re.ASCII)


async def information(call: Call) -> Response:
    """Get Account Information, at the account, a container or a blob."""
    config = call.service.config
    fields: Fields = [("x-ms-sku-name", config.sku), ("x-ms-account-kind", config.kind)]
    return call.respond(200, "OK", [*fields, ("x-ms-is-hns-enabled", "false")])


async def service_stats(call: Call) -> Response:
    """Get Blob Service Stats lives at a secondary endpoint, which there is none of."""
    raise invalid_query("comp", "stats")


async def user_delegation_key(call: Call) -> Response:
    """Get User Delegation Key, for the bearer of a token."""
    root = xml_in.parse(await call.request.body.read(_KEY_INFO_LIMIT))
    if root.name != "KeyInfo":
        raise xml_in.invalid(root.line, root.column, "Root element must be KeyInfo.")
    expiry_text = root.text_of("Expiry")
    if not expiry_text:
        raise xml_in.invalid(root.line, root.column, "Element is missing: Expiry.")
    now = int(time.time())
    start_text = root.text_of("Start")
    start = _moment(start_text) if start_text else now
    expiry = _moment(expiry_text)
    if expiry <= start or expiry <= now or expiry - max(start, now) > delegation.MAX_SECONDS:
        raise xml_in.invalid(root.line, root.column, "The expiry is not within seven days of the start.")
    caller = call.principal
    rank = caller.role_at(None, "")
    role = next((name for name, value in RANK.items() if value == rank), None)
    if role is None:
        raise BlobError("AuthorizationPermissionMismatch")
    terms = KeyTerms(
        caller.object_id,
        caller.tenant_id,
        times.iso_seconds(start),
        times.iso_seconds(expiry),
        "b",
        call.version,
        root.text_of("DelegatedUserTid") or "",
    )
    value = delegation.value(call.service.keys[call.account], terms, role)
    return call.xml(
        "<UserDelegationKey>"
        + xml_out.elements(
            (
                ("SignedOid", terms.object_id),
                ("SignedTid", terms.tenant_id),
                ("SignedStart", terms.start),
                ("SignedExpiry", terms.expiry),
                ("SignedService", terms.service),
                ("SignedVersion", terms.version),
                ("SignedDelegatedUserTid", terms.delegated_tenant or None),
                ("Value", value),
            )
        )
        + "</UserDelegationKey>"
    )


def _moment(text: str) -> int:
    seconds = times.parse_iso(text) if _TIME.fullmatch(text) else None
    if seconds is None:
        raise xml_in.invalid(1, 1, "The time is not valid.")
    return seconds
