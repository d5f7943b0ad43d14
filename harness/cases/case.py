"""A case as values: steps, expectations, matchers and body recipes. Frozen; nothing here does anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from harness.vocabulary import Level

# --- body recipes: what the bytes are, never the bytes themselves ---


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 of the text, after placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class Hex:
    """Bytes as written."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Random:
    """Deterministic pseudo-random bytes: SHA-256 in counter mode on the seed."""

    size: int
    seed: int


@dataclass(frozen=True, slots=True)
class Zeros:
    """So many zero bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `first` to `last` of another recipe, both inclusive."""

    of: Recipe
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Join:
    """One recipe after the other."""

    parts: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True)
class ListedBlock:
    """One entry of a block list, `count` times over with the counter `{n}`."""

    which: Literal["Latest", "Committed", "Uncommitted"]
    block: str  # a template
    count: int = 1


@dataclass(frozen=True, slots=True)
class BlockListXml:
    """The body of Put Block List; `opening` and `closing` stand around the entries, byte for byte."""

    entries: tuple[ListedBlock, ...]
    opening: str = '<?xml version="1.0" encoding="utf-8"?><BlockList>'
    closing: str = "</BlockList>"
    between: str = ""  # what stands before every entry


@dataclass(frozen=True, slots=True)
class Xml:
    """UTF-8 of the text with the XML declaration in front."""

    text: str


@dataclass(frozen=True, slots=True)
class BatchPart:
    """One sub-request of a Blob Batch."""

    method: str
    target: str  # a template
    auth: Any = "default"
    headers: tuple[tuple[str, str], ...] = ()  # templates
    count: int = 1  # so many of them, with the counter from 0
    # As a client sent it: the headers of the part itself; `headers` are then all there are, and
    # `{authorization}` marks the place of the signature.
    mime: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """The multipart body of Blob Batch."""

    parts: tuple[BatchPart, ...]
    boundary: str | None = None  # a template; None: one of our own
    closing: str = "\r\n"  # what follows the last boundary


Recipe = Text | Hex | Random | Zeros | Slice | Join | BlockListXml | Xml | Batch


# --- matchers ---


@dataclass(frozen=True, slots=True)
class Equal:
    """Equal to the text, after placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class EqualList:
    """Exactly these texts, in this order."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Not there."""


@dataclass(frozen=True, slots=True)
class Present:
    """There, whatever it says."""


@dataclass(frozen=True, slots=True)
class Matches:
    """A full match of the regular expression."""

    regex: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of them."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """There, and different."""

    text: str


@dataclass(frozen=True, slots=True)
class Md5Of:
    """Base64 of the MD5 of a recipe's bytes."""

    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Crc64Of:
    """Base64 of the CRC-64/NVME of a recipe's bytes, little-endian."""

    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Contains:
    """Has this item (lists), or this substring (text)."""

    text: str


@dataclass(frozen=True, slots=True)
class Shaped:
    """Has the shape of a quoted ETag, an RFC 1123 date or a GUID."""

    shape: Literal["etag", "date", "guid"]


Matcher = Equal | EqualList | Absent | Present | Matches | OneOf | Not | Md5Of | Crc64Of | Contains | Shaped


@dataclass(frozen=True, slots=True)
class Empty:
    """A body of no bytes."""


T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Graded(Generic[T_co]):
    """An expectation, with a level and a reason of its own where the case gives one."""

    value: T_co
    level: Level | None = None
    why: str | None = None
    since: str | None = None  # the first service version for which it is asserted


@dataclass(frozen=True, slots=True)
class PartExpect:
    """What one sub-response of a Blob Batch must say."""

    status: Graded[tuple[int, ...]] | None = None
    error: Graded[tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """What a step expects back. None and empty: nothing is asserted about it."""

    status: Graded[tuple[int, ...]] | None = None
    error: Graded[tuple[str, ...]] | None = None
    headers: tuple[tuple[str, Graded[Matcher]], ...] = ()
    body: Graded[Recipe | Empty | Matches] | None = None
    xml: tuple[tuple[str, Graded[Matcher]], ...] = ()
    parts: tuple[PartExpect, ...] | None = None


@dataclass(frozen=True, slots=True)
class Save:
    """A value to bind by name: from a header, or from the first element at an XML path."""

    name: str
    source: Literal["header", "xml"]
    path: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is sent, and what is expected back."""

    method: str
    target: str  # a template, relative to the account root
    headers: tuple[tuple[str, str | None], ...] = ()  # templates; None drops one of our own
    body: Recipe | None = None
    chunked: bool = False
    stop_after: int | None = None  # bytes of the body, then the client hangs up and gets no answer
    auth: Any = "default"  # as in the file; harness.signing gives it meaning
    expect: Expect = field(default_factory=Expect)
    before: tuple[tuple[str, Expect], ...] = ()  # what is expected instead before these service versions
    save: tuple[Save, ...] = ()
    why: str | None = None
    tests: tuple[str, ...] = ()
    parallel: str | None = None
    repeat: int | None = None
    wait: float = 0.0  # seconds
    within: float = (
        0.0  # seconds in which the expected kind of answer may come; the step is sent again until then
    )
    fresh_connection: bool = False
    exact: bool = False  # `headers` are all there are: nothing of our own is added
    face: str | None = None  # another address of the same service: https, host, host-https
    line: int = 0  # where it stands in its file


@dataclass(frozen=True, slots=True)
class Case:
    """An ordered list of steps with an id, a level, a reason and its provenance."""

    id: str
    title: str
    operation: str
    level: Level
    why: str
    tests: tuple[str, ...]
    source: tuple[str, ...]
    provenance: Mapping[str, str]
    steps: tuple[Step, ...]
    given: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    since: str | None = None  # the first service version for which the case holds
    when: tuple[tuple[str, str], ...] = ()  # what the endpoint must be: scheme, style
    file: str = ""  # relative to the suites folder
    line: int = 1
    also: frozenset[str] = frozenset()  # more operations under test: a flow is about all it uses

    @property
    def under_test(self) -> frozenset[str]:
        """The operations that the case is about."""
        return self.also | {self.operation}
