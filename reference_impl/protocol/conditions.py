"""Conditional headers: how they combine, and what an unmet one earns, for reads, writes and copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_impl.protocol import tag_filter
from reference_impl.protocol.errors import BlobError, invalid_header
from reference_impl.protocol.tag_filter import TagFilter
from reference_impl.protocol.times import parse_http_date


class HeaderView(Protocol):
    """The part of the request headers that conditions need."""

    def get(self, name: str) -> str | None:
        """First value of a header, by lower-case name."""
        ...

    def all(self, name: str) -> list[str]:
        """All values of a header, by lower-case name."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What conditions compare with: an ETag without quotes, Last-Modified in Unix seconds, and the tags.

    `tags` is None where they cannot be known; no condition on them holds then.
    """

    etag: str
    modified: int
    tags: tuple[tuple[str, str], ...] | None = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of one request. ETags are unquoted; `*` stands for itself; times are Unix seconds."""

    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None
    if_tags: TagFilter | None = None

    def __bool__(self) -> bool:
        return self != NONE

    @property
    def create_only(self) -> bool:
        """If-None-Match: * — the write must make the blob."""
        return self.if_none_match == ("*",)


NONE = Conditions()


def parse(headers: HeaderView, prefix: str = "") -> Conditions:
    """The conditions of a request; `prefix` is empty or `x-ms-source-`.

    A date that is no date is ignored, as the service does. The same date header twice is refused.
    """
    modified, unmodified = (
        headers.all(f"{prefix}if-modified-since"),
        headers.all(f"{prefix}if-unmodified-since"),
    )
    if len(modified) > 1 or len(unmodified) > 1:
        raise BlobError("MultipleConditionHeadersNotSupported")
    return Conditions(
        _etags(headers.all(f"{prefix}if-match")),
        _etags(headers.all(f"{prefix}if-none-match")),
        parse_http_date(modified[0]) if modified else None,
        parse_http_date(unmodified[0]) if unmodified else None,
        parse_tags(headers, prefix or "x-ms-").if_tags,
    )


def parse_tags(headers: HeaderView, prefix: str = "x-ms-") -> Conditions:
    """The condition on tags alone: all that some operations know."""
    name = f"{prefix}if-tags"
    text = headers.get(name)
    if not text:
        return NONE
    try:
        return Conditions(if_tags=tag_filter.parse(text))
    except tag_filter.NotAFilter:
        raise invalid_header(name, text) from None


def _etags(values: Sequence[str]) -> tuple[str, ...]:
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(part.strip('"') for part in parts if part)


def refuse_unsatisfiable(conditions: Conditions) -> None:
    """Reads with If-None-Match: * can never be satisfied: 400, whether or not the blob exists."""
    if "*" in conditions.if_none_match:
        raise BlobError("UnsatisfiableCondition")


def check_read(conditions: Conditions, state: State) -> None:
    """Reads: If-Match and If-Unmodified-Since and (If-None-Match or If-Modified-Since).

    Raises ConditionNotMet with 412 for the first two, with 304 for the others.
    """
    if not tags_hold(conditions, state):
        raise BlobError("ConditionNotMet")
    if conditions.if_match and not _matches(conditions.if_match, state):
        raise BlobError("ConditionNotMet")
    if _modified_after(conditions.if_unmodified_since, state):
        raise BlobError("ConditionNotMet")
    alternatives = []
    if conditions.if_none_match:
        alternatives.append(not _matches(conditions.if_none_match, state))
    if conditions.if_modified_since is not None:
        alternatives.append(_modified_after(conditions.if_modified_since, state))
    if alternatives and not any(alternatives):
        raise BlobError("ConditionNotMet", status=304)


def refuse_combinations(conditions: Conditions) -> None:
    """Writes take one condition, or If-None-Match + If-Modified-Since, or If-Match + If-Unmodified-Since.

    Anything else, and a list of ETags, is 400 MultipleConditionHeadersNotSupported.
    """
    if len(conditions.if_match) > 1 or len(conditions.if_none_match) > 1:
        raise BlobError("MultipleConditionHeadersNotSupported")
    sent = (
        bool(conditions.if_match),
        bool(conditions.if_none_match),
        conditions.if_modified_since is not None,
        conditions.if_unmodified_since is not None,
    )
    if sum(sent) > 1 and sent not in ((False, True, True, False), (True, False, False, True)):
        raise BlobError("MultipleConditionHeadersNotSupported")


def write_holds(conditions: Conditions, state: State | None) -> bool:
    """Whether the conditions of a write hold; `state` is None when the resource does not exist.

    In an allowed pair the ETag decides. Dates are ignored when there is nothing to compare with.
    A condition on tags must hold as well.
    """
    if not tags_hold(conditions, state):
        return False
    if conditions.if_match:
        return state is not None and _matches(conditions.if_match, state)
    if conditions.if_none_match:
        return state is None or not _matches(conditions.if_none_match, state)
    if state is None:
        return True
    if conditions.if_unmodified_since is not None:
        return not _modified_after(conditions.if_unmodified_since, state)
    if conditions.if_modified_since is not None:
        return _modified_after(conditions.if_modified_since, state)
    return True


def check_write(conditions: Conditions, state: State | None) -> None:
    """Writes to something that exists (metadata, properties, delete): 412 ConditionNotMet when unmet."""
    if not write_holds(conditions, state):
        raise BlobError("ConditionNotMet")


def check_create(conditions: Conditions, state: State | None) -> None:
    """Writes that make or replace a blob: as `check_write`, but `If-None-Match: *` on a blob is 409."""
    if conditions.create_only and state is not None:
        raise BlobError("BlobAlreadyExists")
    check_write(conditions, state)


def check_target(conditions: Conditions, state: State | None) -> None:
    """Destination of Copy Blob: 412 TargetConditionNotMet when unmet; `If-None-Match: *` on a blob is 409."""
    if conditions.create_only and state is not None:
        raise BlobError("BlobAlreadyExists")
    if not write_holds(conditions, state):
        raise BlobError("TargetConditionNotMet")


def check_copy_source(conditions: Conditions, state: State) -> None:
    """Source of Copy Blob: 412 SourceConditionNotMet when unmet."""
    if not write_holds(conditions, state):
        raise BlobError("SourceConditionNotMet")


def check_url_source(conditions: Conditions, state: State) -> None:
    """Source of the From-URL operations: CannotVerifyCopySource, 412 or 304 by the condition that failed."""
    if write_holds(conditions, state):
        return
    hard = conditions.if_match or conditions.if_unmodified_since is not None
    status = 412 if hard or not tags_hold(conditions, state) else 304
    raise BlobError("CannotVerifyCopySource", status=status, message=UNMET_MESSAGE)


UNMET_MESSAGE = "The condition specified using HTTP conditional header(s) is not met."

Check = Callable[[Conditions, State | None], None]


def tags_hold(conditions: Conditions, state: State | None) -> bool:
    """Whether the condition on tags holds; without one it does."""
    if conditions.if_tags is None:
        return True
    return state is not None and state.tags is not None and conditions.if_tags.holds(dict(state.tags))


def _matches(etags: Sequence[str], state: State) -> bool:
    return any(etag in ("*", state.etag) for etag in etags)


def _modified_after(since: int | None, state: State) -> bool:
    return since is not None and state.modified > since
