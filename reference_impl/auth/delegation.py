"""User delegation keys: derived, never stored, so that every process and every restart agrees on them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

MAX_SECONDS = 7 * 24 * 3600
# A key carries the role of the one who asked for it: verifying tries each role, best first.
ROLES = ("admin", "writer", "reader")


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a user delegation key is bound to; times as they stand in the SAS."""

    object_id: str
    tenant_id: str
    start: str
    expiry: str
    service: str
    version: str
    delegated_tenant: str = ""

    @classmethod
    def of(cls, sas: Mapping[str, str]) -> KeyTerms:
        """The terms that a SAS says its key has."""
        return cls(
            sas.get("skoid", ""),
            sas.get("sktid", ""),
            sas.get("skt", ""),
            sas.get("ske", ""),
            sas.get("sks", ""),
            sas.get("skv", ""),
            sas.get("skdutid", ""),
        )


def derive(account_key: bytes, terms: KeyTerms, role: str) -> bytes:
    """The 32 bytes of the key: HMAC-SHA256 of its terms and role under the account's key."""
    text = "\n".join(
        (
            "blobproof user delegation key 1",
            role,
            terms.object_id,
            terms.tenant_id,
            terms.start,
            terms.expiry,
            terms.service,
            terms.version,
            terms.delegated_tenant,
        )
    )
    return hmac.digest(account_key, text.encode(), hashlib.sha256)


def value(account_key: bytes, terms: KeyTerms, role: str) -> str:
    """The key as Get User Delegation Key returns it, base64."""
    return base64.b64encode(derive(account_key, terms, role)).decode("ascii")
