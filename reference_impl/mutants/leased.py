"""Mutants of leases: who holds one, what it keeps others from, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.mutants.registry import Patch, drop, mutant
from reference_impl.operations import leases, leasing, reading, writing
from reference_impl.protocol import lease
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.lease import Lease, State
from reference_impl.store import BlobRecord, Store


@mutant("leases-hold-nobody", breaks="leases.write-needs-id")
def leases_hold_nobody(patch: Patch) -> None:
    """A leased blob is written without the lease's ID: two writers who took turns by leases collide."""
    patch.wrap(
        lease,
        "check_use",
        lambda right: (
            lambda held, found, sent, kind, *, locks: right(
                held, found, sent, kind, locks=locks and kind != "blob"
            )
        ),
    )


@mutant("any-lease-id-will-do", breaks="leases.write-wrong-id")
def any_lease_id_will_do(patch: Patch) -> None:
    """A write with any lease ID is done: a holder who lost his lease goes on writing."""
    patch.wrap(
        lease,
        "check_use",
        lambda right: (
            lambda held, found, sent, kind, *, locks: right(
                held, found, held.id if held and sent else sent, kind, locks=locks
            )
        ),
    )


@mutant("lease-taken-twice", breaks=("lease-blob.exclusive", "lease-container.exclusive"))
def lease_taken_twice(patch: Patch) -> None:
    """A leased blob is acquired by somebody else: two leaders at once."""
    patch.wrap(
        lease,
        "acquire",
        lambda right: lambda _held, _found, *rest: right(None, "available", *rest),
    )


@mutant("proposed-lease-id-ignored", breaks="lease-blob.acquire")
def proposed_lease_id_ignored(patch: Patch) -> None:
    """The server makes up the lease's ID: a client that retries does not hold what it asked for."""
    guid = leasing.guid
    patch.replace(
        leasing,
        "guid",
        lambda call, name: None if name == "x-ms-proposed-lease-id" else guid(call, name),
    )


@mutant("lease-makes-an-etag", breaks="lease-blob.leaves-blob-alone")
def lease_makes_an_etag(patch: Patch) -> None:
    """Taking a lease gives the blob a new ETag: whoever locked it first cannot write under If-Match."""
    update = Store.update_blob
    patch.replace(
        Store,
        "update_blob",
        lambda self, account, container, name, change, *, touch=True: update(
            self, account, container, name, change, touch=True
        ),
    )


@mutant("lease-lost-by-writing", breaks="leases.survives-writes")
def lease_lost_by_writing(patch: Patch) -> None:
    """A lease ends with the first write under it: the rest of the work is without protection."""
    free(patch, "commit_blob", 2)
    free(patch, "commit_blocks", 3)


def free(patch: Patch, name: str, at: int) -> None:
    """End the lease of a blob after a commit; the blob's name is argument number `at`."""
    commit = getattr(Store, name)

    def wrong(self: Store, *given: Any) -> BlobRecord:
        commit(self, *given)
        account, container = given[:2]
        if name == "commit_blob":
            account, container = given[0].place.account, given[0].place.container
        return self.update_blob(
            account,
            container,
            given[at - 1],
            lambda found: replace(found.props, lease=""),
            touch=False,
        )

    patch.replace(Store, name, wrong)


@mutant("break-does-nothing", breaks="lease-blob.break-now")
def break_does_nothing(patch: Patch) -> None:
    """Breaking a lease is acknowledged, and the lease stays: a dead holder blocks a blob for ever."""

    def make(right: Callable[..., tuple[Lease, int]]) -> Callable[..., tuple[Lease, int]]:
        def wrong(held: Lease | None, found: State, *rest: Any) -> tuple[Lease, int]:
            _, left = right(held, found, *rest)
            assert held is not None
            return held, left

        return wrong

    patch.wrap(lease, "break_off", make)


@mutant("release-by-anybody", breaks="lease-blob.wrong-id")
def release_by_anybody(patch: Patch) -> None:
    """A lease is released with any ID: one worker frees what another one holds."""
    patch.replace(lease, "check_release", lambda *_of: None)


@mutant("readers-need-the-lease", breaks="leases.reads-are-free")
def readers_need_the_lease(patch: Patch) -> None:
    """Reading a leased blob needs the lease's ID: everybody waits for the writer."""
    patch.replace(leasing, "check_read", leasing.check_write)


@mutant("container-lease-locks-blobs", breaks="lease-container.blobs-are-free")
def container_lease_locks_blobs(patch: Patch) -> None:
    """The lease of a container keeps its blobs from being written: jobs stop when one guards a container."""
    upload = Store.upload

    def wrong(self: Store, account: str, container: str) -> Any:
        held = lease.decode(self.container(account, container).props.lease)
        if held is not None and not held.broken:
            raise BlobError("LeaseIdMissing")
        return upload(self, account, container)

    patch.replace(Store, "upload", wrong)


@mutant("leased-container-deleted", breaks="lease-container.delete")
def leased_container_deleted(patch: Patch) -> None:
    """A leased container is deleted without the lease's ID: the guard is none."""
    patch.wrap(
        leasing, "check_container", lambda right: lambda call, record, *, locks=False: right(call, record)
    )


@mutant("lease-state-not-shown", breaks="lease-blob.shown")
def lease_state_not_shown(patch: Patch) -> None:
    """A leased blob looks free: tools that ask before they write run into refusals."""
    patch.replace(leasing, "blob_lease", lambda _record: ["unlocked", "available", None])


@mutant("lease-duration-missing", breaks="lease-blob.shown")
def lease_duration_missing(patch: Patch) -> None:
    """A leased blob does not say whether its lease ends."""
    for name in ("get_blob", "get_properties"):
        patch.answers(reading, name, lambda _call, response: drop(response, "x-ms-lease-duration"))


@mutant("any-lease-duration", breaks="lease-blob.duration")
def any_lease_duration(patch: Patch) -> None:
    """A lease may last for any time: what works here is refused by the service."""
    patch.replace(leases, "_SHORTEST", 1)
    patch.replace(leases, "_LONGEST", 10**6)


@mutant("change-keeps-the-old-id", breaks="lease-blob.change")
def change_keeps_the_old_id(patch: Patch) -> None:
    """Change is acknowledged, and the old ID goes on working: a lease handed over has two holders."""
    patch.wrap(lease, "change", lambda right: lambda held, *rest: right(held, *rest) and held)


@mutant("lease-on-nothing", breaks="leases.no-lease")
def lease_on_nothing(patch: Patch) -> None:
    """A lease ID for a blob without a lease is ignored: a writer believes that it holds what it lost."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(held: Lease | None, found: State, sent: str | None, kind: Any, *, locks: bool) -> None:
            if held is not None:
                right(held, found, sent, kind, locks=locks)

        return wrong

    patch.wrap(lease, "check_use", make)


@mutant("put-block-needs-no-lease", breaks="leases.staging")
def put_block_needs_no_lease(patch: Patch) -> None:
    """Blocks are staged on a leased blob by anybody."""
    patch.replace(writing, "staging_check", lambda _call: writing.require_block_blob)
