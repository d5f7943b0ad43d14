"""The way out of Archive: what is shown while a blob is on it, what is refused, and that it arrives."""

from __future__ import annotations

import time

from reference_impl.operations import tiers
from reference_impl.store import BlobProps
from tests.facade.client import Answer, Client


def set_tier(client: Client, target: str, tier: str, priority: str | None = None) -> Answer:
    return client.send(
        "PUT", f"{target}?comp=tier", {"x-ms-access-tier": tier, "x-ms-rehydrate-priority": priority}
    )


def test_on_the_way(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"data", {"x-ms-access-tier": "Archive"})
    read = client.get(target)
    assert (read.status, read.code) == (409, "BlobArchived")
    assert set_tier(client, target, "Cool").status == 202
    head = client.head(target)
    assert (head["x-ms-access-tier"], head["x-ms-archive-status"]) == ("Archive", "rehydrate-pending-to-cool")
    assert head["x-ms-rehydrate-priority"] == "Standard"
    assert client.get(target).code == "BlobArchived"
    again = set_tier(client, target, "Hot")
    assert (again.status, again.code) == (409, "BlobBeingRehydrated")
    assert set_tier(client, target, "Cool", "High").status == 202
    assert client.head(target)["x-ms-rehydrate-priority"] == "High"
    listed = client.get(f"/{container}?restype=container&comp=list").body.decode()
    assert (
        "<AccessTier>Archive</AccessTier><ArchiveStatus>rehydrate-pending-to-cool</ArchiveStatus>"
        "<RehydratePriority>High</RehydratePriority><AccessTierChangeTime>" in listed
    )
    assert client.put(target, b"new").status == 201
    assert client.get(target).body == b"new"
    assert client.head(target).get("x-ms-archive-status") is None


def test_arrived() -> None:
    going = tiers.changed(BlobProps(tier="Archive", extra={"copy-id": "x"}), "Hot", "High")
    assert going.tier == "Archive"
    assert tiers.settled(going) == going
    past = BlobProps(tier="Archive", extra={**going.extra, "rehydrate-at": str(time.time() - 1)})
    arrived = tiers.settled(past)
    assert arrived.tier == "Hot"
    assert set(arrived.extra) == {"copy-id", "tier-changed"}


def test_priorities(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"data")
    assert [set_tier(client, target, "Cool", name).status for name in ("Standard", "High")] == [200, 200]
    wrong = set_tier(client, target, "Hot", "Soon")
    assert (wrong.status, wrong.code) == (400, "InvalidHeaderValue")
    assert client.head(target)["x-ms-access-tier"] == "Cool"
