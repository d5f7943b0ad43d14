"""Wire rules that say of one header on which successes it stands, and what it looks like. Rows of a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import APPENDS, BLOCKS, READS
from harness.vocabulary import Level

_E, _R = Level.EXPECTED, Level.REQUIRED
_ACCOUNT = frozenset({"Get Account Information"})
TICKS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
"""A moment as snapshots and versions are named by: seven digits of a second, UTC."""

_ENCRYPTED = (
    frozenset({"Put Blob", "Put Blob From URL", "Put Block List", "Set Blob Metadata"}) | BLOCKS | APPENDS
)


@dataclass(frozen=True, slots=True)
class Row:
    """A header that successes of some operations carry exactly once."""

    id: str
    level: Level
    says: str
    source: tuple[str, ...]
    tests: tuple[str, ...]
    header: str
    on: frozenset[str]
    looks: str  # in words
    pattern: str = ".+"
    since: str = ""  # version
    where: Callable[[View], bool] = lambda view: True


@dataclass(frozen=True, slots=True)
class Never:
    """A header that these successes never carry."""

    id: str
    level: Level
    says: str
    source: tuple[str, ...]
    tests: tuple[str, ...]
    headers: tuple[str, ...]
    where: Callable[[View], bool]
    needs: frozenset[Fact] = frozenset()


def _is_old_state(view: View) -> bool:
    """Whether a read is of a snapshot or a version, and not of the blob as it is."""
    return bool({"snapshot", "versionid"} & view.who.query.keys())


PRESENT = (
    Row("blob-type", _R, "Reading a blob or its properties says its type.", ("reference/1.5",),
        ("wire.read-headers", "get-blob.blob-type"), "x-ms-blob-type", READS,
        "BlockBlob, PageBlob or AppendBlob", "(Block|Page|Append)Blob"),
    Row("accept-ranges", _E, "Reading a blob or its properties says Accept-Ranges: bytes.",
        ("reference/1.5",), ("wire.read-headers", "get-blob.accept-ranges"), "Accept-Ranges", READS,
        "bytes", "bytes"),
    Row("creation-time", _E, "Reading a blob or its properties says when it was made, since 2017-11-09.",
        ("reference/2.2",), ("wire.read-headers", "properties.creation-time", "versions.creation-time"),
        "x-ms-creation-time", READS, "an RFC 1123 date", since="2017-11-09"),
    Row("server-encrypted", _E, "Reading a blob or its properties says x-ms-server-encrypted: true.",
        ("reference/1.0", "reference/1.5"), ("get-blob.encrypted",), "x-ms-server-encrypted", READS,
        "true", "true", since="2017-11-09"),
    Row("request-encrypted", _E, "Writing a blob, block or metadata says that it is encrypted.",
        ("reference/1.0",), ("wire.request-encrypted", "put-blob.encrypted", "set-blob-metadata.encrypted"),
        "x-ms-request-server-encrypted", _ENCRYPTED, "true", "true"),
    Row("snapshot-encrypted", _E, "Snapshot Blob says whether it encrypted something: mostly it does not.",
        ("reference/1.0", "reference/5"), ("wire.snapshot-encrypted",),
        "x-ms-request-server-encrypted", frozenset({"Snapshot Blob"}), "true or false", "true|false"),
    Row("snapshot-time", _R, "Snapshot Blob names the snapshot by its time, to seven digits of a second.",
        ("reference/1.1",), ("snapshot-blob.takes",), "x-ms-snapshot", frozenset({"Snapshot Blob"}),
        "YYYY-MM-DDThh:mm:ss.fffffffZ", TICKS.pattern),
    Row("delete-type", _E, "Delete Blob says whether it can be undone, from version 2017-11-09 on.",
        ("reference/1.1", "recorded/A13"), ("delete-blob.answer",), "x-ms-delete-type-permanent",
        frozenset({"Delete Blob"}), "true or false", "true|false", since="2017-11-09"),
    Row("account-sku", _R, "Account information names the SKU.", ("reference/1.1", "azcopy/3.7"),
        ("get-account-information.headers",), "x-ms-sku-name", _ACCOUNT, "a name"),
    Row("account-kind", _R, "Account information names the kind of account.", ("reference/1.1", "azcopy/3.7"),
        ("get-account-information.headers",), "x-ms-account-kind", _ACCOUNT, "a name"),
    Row("account-hns", _E, "Account information says whether names are hierarchical, since 2020-02-10.",
        ("reference/1.1", "reference/2.2"), ("wire.account-hns",), "x-ms-is-hns-enabled",
        _ACCOUNT, "true or false", "true|false", since="2020-02-10",
        where=lambda view: view.who.depth == "account" or view.version >= "2024-08-04"),
    Row("container-immutability", _E, "Container properties say whether there is an immutability policy.",
        ("recorded/A15",), ("get-container-properties.immutability",), "x-ms-has-immutability-policy",
        frozenset({"Get Container Properties"}), "true or false", "true|false", since="2018-11-09"),
    Row("container-hold", _E, "Container properties say whether there is a legal hold.", ("recorded/A15",),
        ("get-container-properties.immutability",), "x-ms-has-legal-hold",
        frozenset({"Get Container Properties"}), "true or false", "true|false", since="2018-11-09"),
    Row("container-scope", _E, "Container properties name the encryption scope, from version 2019-02-02 on.",
        ("recorded/A15", "reference/5"), ("versions.container-properties",), "x-ms-default-encryption-scope",
        frozenset({"Get Container Properties"}), "a name", since="2019-02-02"),
    Row("append-offset", _E, "An append says at which offset its bytes are.", ("reference/1.1",),
        ("append-blob.appends",), "x-ms-blob-append-offset", APPENDS, "a number", r"\d+"),
    Row("append-count", _E, "An append says how many blocks the blob has now.", ("reference/1.1",),
        ("append-blob.appends",), "x-ms-blob-committed-block-count", APPENDS, "a number", r"\d+"),
    Row("append-count-read", _E, "Reading an append blob or its properties says how many blocks it has.",
        ("reference/1.5",), ("wire.append-count-read",), "x-ms-blob-committed-block-count", READS, "a number",
        r"\d+", where=lambda view: view.get("x-ms-blob-type") == "AppendBlob"),
)  # fmt: skip

ABSENT = (
    Never("no-tier-of-content", _E, "Get Blob names no access tier before version 2026-02-06.",
          ("reference/1.5", "reference/2.4"), ("get-blob.no-tier",),
          ("x-ms-access-tier", "x-ms-access-tier-inferred", "x-ms-access-tier-change-time"),
          lambda view: view.done(("Get Blob",)) and "" < view.version < "2026-02-06"),
    Never("no-lease-of-snapshot", _E, "Reading a snapshot says nothing about leases: it cannot be leased.",
          ("reference/1.5",), ("snapshot-blob.read",),
          ("x-ms-lease-status", "x-ms-lease-state", "x-ms-lease-duration"),
          lambda view: (
              view.done(READS) and _is_old_state(view) and view.get("x-ms-is-current-version") is None
          )),
    Never("no-copy-of-put", _E, "Put Blob and Put Blob From URL name no copy: they are done at once.",
          ("reference/1.1",), ("put-blob-from-url.answer",), ("x-ms-copy-id", "x-ms-copy-status"),
          lambda view: view.done(("Put Blob", "Put Blob From URL")), frozenset({Fact.OPERATION})),
    Never("metadata-alone", _E, "Get Blob Metadata and Get Container Metadata leave other properties out.",
          ("reference/1.1",), ("get-blob-metadata.only", "get-container-metadata.only-metadata"),
          ("x-ms-blob-type", "x-ms-lease-status", "x-ms-lease-state", "x-ms-creation-time",
           "x-ms-has-legal-hold", "x-ms-has-immutability-policy"),
          lambda view: view.done(("Get Blob Metadata", "Get Container Metadata"))),
)  # fmt: skip


def _present(row: Row) -> Rule:
    pattern = re.compile(row.pattern)

    def broken(view: View) -> Broken | None:
        said = view.all(row.header)
        if len(said) == 1 and pattern.fullmatch(said[0]):
            return None
        return Broken(f"{row.header}: {row.looks}", ", ".join(said) or "absent")

    return Rule(
        row.id,
        row.level,
        row.says,
        row.source,
        row.tests,
        lambda view: view.done(row.on) and view.version >= row.since and row.where(view),
        broken,
        frozenset({Fact.OPERATION}),
    )


def _absent(row: Never) -> Rule:
    def broken(view: View) -> Broken | None:
        found = [f"{name}: {said}" for name in row.headers if (said := view.get(name)) is not None]
        return Broken(f"no {' and no '.join(row.headers)}", ", ".join(found)) if found else None

    return Rule(row.id, row.level, row.says, row.source, row.tests, row.where, broken, row.needs)


def _no_version_time(view: View) -> Broken | None:
    said = view.get("x-ms-version-id") or ""
    return None if TICKS.fullmatch(said) else Broken("YYYY-MM-DDThh:mm:ss.fffffffZ", said or "empty")


def _no_count(view: View) -> Broken | None:
    said = view.get("x-ms-tag-count") or ""
    return None if said.isdecimal() and int(said) > 0 else Broken("a number above 0", said or "empty")


def _another_snapshot(view: View) -> Broken | None:
    asked, said = view.who.query["snapshot"], view.get("x-ms-snapshot")
    return None if said == asked else Broken(asked, str(said))


RULES = (
    *map(_present, PRESENT),
    *map(_absent, ABSENT),
    Rule(
        "version-id",
        _E,
        "x-ms-version-id is a time to seven digits of a second.",
        ("reference/1.0",),
        ("wire.version-id",),
        lambda view: view.get("x-ms-version-id") is not None,
        _no_version_time,
    ),
    Rule(
        "tag-count",
        _E,
        "x-ms-tag-count counts the tags of a blob that has some, from version 2019-12-12 on.",
        ("reference/1.7",),
        ("blob-tags.count",),
        lambda view: (
            view.done(READS) and view.version >= "2019-12-12" and view.get("x-ms-tag-count") is not None
        ),
        _no_count,
    ),
    Rule(
        "snapshot-read",
        _R,
        "A read of a snapshot that names one names the one that was asked for.",
        ("reference/1.5",),
        ("snapshot-blob.read",),
        lambda view: (
            view.done(READS) and "snapshot" in view.who.query and view.get("x-ms-snapshot") is not None
        ),
        _another_snapshot,
    ),
)
