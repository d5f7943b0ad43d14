"""Mutants of names and addresses: how a path becomes a container and a blob."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from reference_impl.mutants.registry import Patch, mutant
from reference_impl.protocol import names
from reference_impl.protocol.errors import BlobError

Text = Callable[[str], str]


def decoding(patch: Patch, make: Callable[[Text], Text]) -> None:
    """Change how a part of a path is decoded."""
    patch.wrap(names, "decode", make)


@mutant("plus-is-a-blank", breaks="names.plus")
def plus_is_a_blank(patch: Patch) -> None:
    """A plus in a path is read as a blank: `a+b` and `a b` are one blob, and one of them is lost."""
    decoding(patch, lambda right: lambda text: right(text).replace("+", " "))


@mutant("decoded-twice", breaks="names.percent")
def decoded_twice(patch: Patch) -> None:
    """A path is decoded twice: a name with a percent sign leads to another blob."""

    def make(right: Text) -> Text:
        def wrong(text: str) -> str:
            once = right(text)
            try:
                return right(once)
            except BlobError:
                return once

        return wrong

    decoding(patch, make)


@mutant("names-are-normalised", breaks="names.unicode-forms")
def names_are_normalised(patch: Patch) -> None:
    """Accents are brought into one form: files that a Mac wrote are not found under their own names."""
    decoding(patch, lambda right: lambda text: unicodedata.normalize("NFC", right(text)))


@mutant("slashes-collapse", breaks="names.slashes")
def slashes_collapse(patch: Patch) -> None:
    """Double slashes become one, as file systems have it: two blobs become one."""
    patch.wrap(names, "check_blob", lambda right: lambda name: right(re.sub("/+", "/", name)))


@mutant("names-ignore-case", breaks="names.case")
def names_ignore_case(patch: Patch) -> None:
    """Names that differ in case are one blob: README and Readme overwrite each other."""
    patch.wrap(names, "check_blob", lambda right: lambda name: right(name).lower())


@mutant("long-names-refused", breaks="names.length")
def long_names_refused(patch: Patch) -> None:
    """A component of a name may have 255 bytes, as files have: long names cannot be written."""

    def make(right: Text) -> Text:
        def wrong(name: str) -> str:
            if any(len(part.encode()) > 255 for part in name.split("/")):
                raise BlobError("OutOfRangeInput")
            return right(name)

        return wrong

    patch.wrap(names, "check_blob", make)


@mutant("endless-names-accepted", breaks="names.too-long")
def endless_names_accepted(patch: Patch) -> None:
    """Names of more than 1,024 characters are taken: they can never be copied to the service."""
    patch.replace(names, "MAX_BLOB_NAME", 4096)


@mutant("name-length-in-bytes", breaks="names.length-in-characters")
def name_length_in_bytes(patch: Patch) -> None:
    """The length of a name is counted in bytes: long names in Greek or Chinese are refused."""

    def make(right: Text) -> Text:
        def wrong(name: str) -> str:
            if len(name.encode("utf-8", "surrogatepass")) > names.MAX_BLOB_NAME:
                raise BlobError("OutOfRangeInput")
            return right(name)

        return wrong

    patch.wrap(names, "check_blob", make)


@mutant("encoded-slash-stays", breaks="names.slash")
def encoded_slash_stays(patch: Patch) -> None:
    """%2F in a path is no slash: clients that encode whole names write where others do not look."""
    decoding(patch, lambda right: lambda text: "%2F".join(right(part) for part in re.split("%2[Ff]", text)))


@mutant("dot-segments-resolved", breaks="names.dot-segments")
def dot_segments_resolved(patch: Patch) -> None:
    """`..` in a name goes up a folder: a crafted name reaches another blob."""

    def make(right: Text) -> Text:
        def wrong(name: str) -> str:
            kept: list[str] = []
            for part in name.split("/"):
                if part == "..":
                    kept = kept[:-1]
                elif part != ".":
                    kept.append(part)
            return right("/".join(kept) or name)

        return wrong

    patch.wrap(names, "check_blob", make)


@mutant("any-container-name", breaks=("create-container.names", "create-container.name-error"))
def any_container_name(patch: Patch) -> None:
    """Container names with capitals and underscores are taken: they cannot be moved to the service."""
    patch.replace(names, "_CONTAINER", re.compile(r"[A-Za-z0-9_](?:[-_]*[A-Za-z0-9_])*"))


@mutant("container-name-begins-with-a-letter", breaks="create-container.good-names")
def container_name_begins_with_a_letter(patch: Patch) -> None:
    """A container name must begin with a letter: names that begin with a date are refused."""
    patch.replace(names, "_CONTAINER", re.compile(r"[a-z](?:-?[a-z0-9])*"))
