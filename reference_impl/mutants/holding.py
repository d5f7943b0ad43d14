"""Mutants of containers: names, metadata, access policies, and what their deletion means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant
from reference_impl.operations import containers
from reference_impl.operations.call import Call
from reference_impl.protocol import conditions
from reference_impl.protocol.conditions import NONE
from reference_impl.protocol.errors import BlobError
from reference_impl.store import ContainerExists, ContainerProps, ContainerRecord, Store


@mutant("existing-container-is-made-again", breaks="create-container.conflict")
def existing_container_is_made_again(patch: Patch) -> None:
    """Creating a container that is there is 201: a client believes that it has one of its own."""
    create = containers.create

    async def wrong(call: Call) -> Response:
        try:
            return await create(call)
        except ContainerExists:
            response = await containers.properties(call)
            drop(response, *[name for name, _ in response.headers if name.startswith("x-ms-meta-")])
            response.status, response.reason = 201, "Created"
            return response

    patch.replace(containers, "create", wrong)


@mutant("full-container-stays", breaks="delete-container.blobs")
def full_container_stays(patch: Patch) -> None:
    """A container with blobs cannot be deleted, as buckets elsewhere: clean-up scripts fail."""
    delete = containers.delete

    async def wrong(call: Call) -> Response:
        store = call.service.store
        found = await call.service.run(
            store.list_blobs, call.account, call.container, limit=1, uncommitted=True
        )
        if found.items:
            raise BlobError("ContainerDisabled")
        return await delete(call)

    patch.replace(containers, "delete", wrong)


@mutant("container-metadata-adds", breaks="set-container-metadata.replaces")
def container_metadata_adds(patch: Patch) -> None:
    """Set Container Metadata adds to what is there: names that were to go stay for ever."""
    update = Store.update_container

    def wrong(self: Store, account: str, name: str, change: Any, **options: bool) -> ContainerRecord:
        def merged(record: ContainerRecord) -> ContainerProps:
            new: ContainerProps = change(record)
            both = {**dict(record.props.metadata), **dict(new.metadata)}
            return replace(new, metadata=tuple(both.items()))

        return update(self, account, name, merged, **options)

    patch.replace(Store, "update_container", wrong)


@mutant(
    "container-metadata-forgotten", breaks=("create-container.metadata", "get-container-properties.metadata")
)
def container_metadata_forgotten(patch: Patch) -> None:
    """Metadata at the creation of a container is dropped."""
    create = Store.create_container
    patch.replace(
        Store,
        "create_container",
        lambda self, account, name, props: create(self, account, name, replace(props, metadata=())),
    )


@mutant("container-conditions-ignored", breaks="delete-container.conditions")
def container_conditions_ignored(patch: Patch) -> None:
    """Delete Container looks at no condition: what was filled since is deleted."""
    blind(patch, "delete")


@mutant("acl-conditions-ignored", breaks="set-container-acl.conditions")
def acl_conditions_ignored(patch: Patch) -> None:
    """Set Container ACL looks at no condition: two administrators undo each other's work."""
    blind(patch, "set_acl")


def blind(patch: Patch, name: str) -> None:
    """Have one operation of containers see no conditions."""
    right = getattr(containers, name)

    async def wrong(call: Call) -> Response:
        with patch.meanwhile(conditions, "parse", lambda *_of: NONE):
            response: Response = await right(call)
        return response

    patch.replace(containers, name, wrong)


@mutant("container-etag-stands-still", breaks=("set-container-metadata.etag", "set-container-acl.etag"))
def container_etag_stands_still(patch: Patch) -> None:
    """The ETag of a container never changes: caches of its metadata are never refreshed."""
    patch.replace(ContainerRecord, "etag", property(lambda record: f"0x{record.created_ticks:X}"))


@mutant("policies-lost", breaks="set-container-acl.kept")
def policies_lost(patch: Patch) -> None:
    """Access policies are acknowledged, and not kept: every SAS that names one is refused."""
    patch.replace(containers, "_policies", lambda _body: [])


@mutant("six-policies-taken", breaks="set-container-acl.limit")
def six_policies_taken(patch: Patch) -> None:
    """More than five access policies are taken: they cannot be moved to the service."""
    patch.replace(containers, "_MAX_POLICIES", 100)


@mutant(
    "public-access-not-shown",
    breaks=("get-container-acl.public-access", "get-container-properties.public-access"),
)
def public_access_not_shown(patch: Patch) -> None:
    """A public container looks private: nobody notices what is open."""
    for name in ("properties", "get_acl"):
        patch.answers(containers, name, lambda _call, response: drop(response, "x-ms-blob-public-access"))


@mutant("acl-keeps-public-access", breaks="set-container-acl.public-access")
def acl_keeps_public_access(patch: Patch) -> None:
    """Set Container ACL without a level leaves the container public: closing it does nothing."""
    update = Store.update_container

    def wrong(self: Store, account: str, name: str, change: Any, **options: bool) -> ContainerRecord:
        def kept(record: ContainerRecord) -> ContainerProps:
            new: ContainerProps = change(record)
            return replace(new, public_access=new.public_access or record.props.public_access)

        return update(self, account, name, kept, **options)

    patch.replace(Store, "update_container", wrong)


@mutant("encryption-scope-missing", breaks="get-container-properties.encryption-scope")
def encryption_scope_missing(patch: Patch) -> None:
    """Container properties lack the encryption scope, as the documentation once did."""
    patch.answers(
        containers,
        "properties",
        lambda _call, response: drop(
            response, "x-ms-default-encryption-scope", "x-ms-deny-encryption-scope-override"
        ),
    )
