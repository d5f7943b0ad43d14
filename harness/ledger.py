"""The ledger of known deviations: a failure that a vendor knows of, with its reason, its issue, its end.

```toml
["put-block-list/unknown-block-id-is-refused"]
reason = "Unknown blocks are read as zeros until release 4.2."
issue = "STOR-1234"
expires = 2027-03-31

["azcopy/transfer/transfer[*,auth=bearer,*]"]
reason = "No tokens before release 5."
issue = "STOR-1300"
expires = 2027-06-30
```

The name of an entry is an id, or a pattern over ids: `*` is any text, `?` any character, and brackets are
themselves, as in the ids of cells. A pattern is short for the ids that it names: each of them is settled by
itself, so that one of them which passes is stale and the pattern has to be made narrower.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness.globs import fits, is_pattern
from harness.results.record import Record
from harness.vocabulary import ExitCode, Verdict

_KEYS = {"reason": str, "issue": str, "expires": date}


class LedgerError(Exception):
    """A ledger that cannot be used."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.hint = (
            "An entry is a table named by the id or a pattern, with reason, issue and expires (a date). "
            "See docs/gates.md."
        )


@dataclass(frozen=True, slots=True)
class Deviation:
    """One entry."""

    id: str  # or a pattern over ids
    reason: str
    issue: str
    expires: date


def load(path: Path, known: Collection[str]) -> Mapping[str, Deviation]:
    """The entry of every id that has one; `known` are all ids that exist. Raises LedgerError.

    An entry with the id itself stands above patterns, an earlier pattern above a later one.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LedgerError(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LedgerError(path, f"not TOML: {error}") from error
    entries = [_entry(path, name, table) for name, table in tables.items()]
    settled: dict[str, Deviation] = {}
    for entry in sorted(entries, key=lambda entry: is_pattern(entry.id)):
        named = _named(entry.id, known)
        if not named:
            raise LedgerError(path, f"there is no case or scenario {entry.id!r}")
        for one in named:
            settled.setdefault(one, entry)
    return settled


def _named(name: str, known: Collection[str]) -> list[str]:
    if is_pattern(name):
        return [one for one in known if fits(one, name)]
    return [name] if name in known else []


def _entry(path: Path, name: str, table: object) -> Deviation:
    if not isinstance(table, dict) or table.keys() != _KEYS.keys():
        raise LedgerError(path, f"{name!r} needs exactly these keys: {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if type(table[key]) is not kind:  # a datetime is a date too, and cannot be compared with one
            raise LedgerError(path, f"{name!r}: {key} must be a {'date' if kind is date else 'text'}")
    return Deviation(name, table["reason"], table["issue"], table["expires"])


def settle(record: Record, ledger: Mapping[str, Deviation], today: date) -> Record:
    """The record with the ledger's word on it: known while it fails, stale when it no longer does."""
    entry = ledger.get(record["id"])
    if entry is None:
        return record
    about = f"{entry.reason} ({entry.issue}, until {entry.expires})"
    verdict = Verdict(record["verdict"])
    if verdict is Verdict.PASS:
        where = f" under {entry.id}" if is_pattern(entry.id) else ""
        return {
            **record,
            "verdict": Verdict.STALE.value,
            "reason": f"it passes now, but is in the ledger{where}: {about}",
        }
    if not verdict.diverges:
        return record
    if entry.expires < today:
        return {**record, "reason": f"{record['reason']}; its ledger entry has expired: {about}"}
    return {**record, "verdict": Verdict.KNOWN.value, "reason": about}
