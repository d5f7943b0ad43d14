"""Who is calling, once that is established, and what that lets them do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from reference_impl.auth.permissions import RANK, Needs
from reference_impl.protocol.errors import BlobError

Kind = Literal["key", "account-sas", "service-sas", "delegation-sas", "bearer", "anonymous"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A bearer role, everywhere or below `container[/prefix]`."""

    role: str
    container: str | None = None
    prefix: str = ""

    def covers(self, container: str | None, path: str) -> bool:
        """Whether a resource lies in this grant; `path` is a blob name or a listing's prefix."""
        if self.container is None:
            return True
        return container == self.container and path.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `permissions` and `types` are SAS letters; `overrides` are rsc* headers."""

    kind: Kind
    permissions: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    object_id: str = ""
    tenant_id: str = ""

    @property
    def may_overwrite(self) -> bool:
        """False for a SAS that may create blobs but not write them."""
        return self.kind in ("key", "bearer") or "w" in self.permissions

    def role_at(self, container: str | None, path: str) -> int:
        """Rank of the best role that covers a resource; 0 for none."""
        return max((RANK.get(g.role, 0) for g in self.grants if g.covers(container, path)), default=0)

    def check(self, needs: Needs, container: str | None, path: str) -> None:
        """Return when this caller may do what `needs` says at a resource; else raise 403."""
        if self.kind == "key":
            if needs.token_only:
                raise BlobError("AuthorizationPermissionMismatch")
            return
        if self.kind == "bearer":
            if needs.no_token or self.role_at(container, path) < RANK[needs.role]:
                raise BlobError("AuthorizationPermissionMismatch")
            return
        if needs.anything:
            return
        if needs.no_sas:
            raise BlobError("AuthorizationPermissionMismatch")
        if self.kind == "account-sas":
            if needs.level not in self.types:
                raise BlobError("AuthorizationResourceTypeMismatch")
            wanted = needs.account
        else:
            wanted = needs.service
        if self.permissions.isdisjoint(wanted):
            raise BlobError("AuthorizationPermissionMismatch")
        if self.kind == "delegation-sas" and self.role_at(container, path) < RANK[needs.role]:
            raise BlobError("AuthorizationPermissionMismatch")


KEY = Principal("key")
ANONYMOUS = Principal("anonymous")
