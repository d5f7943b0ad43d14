"""Runs in obstore's environment: what programs do with the Rust object_store, each way once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import obstore  # type: ignore[import-not-found]
from obstore.exceptions import (  # type: ignore[import-not-found]
    AlreadyExistsError,
    NotModifiedError,
    PreconditionError,
)
from obstore.store import AzureStore  # type: ignore[import-not-found]
from record_kit import Work, expect, main, refused  # type: ignore[import-not-found]

MIB = 1024 * 1024
ATTRIBUTES = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Language": "en",
    "Content-Disposition": 'attachment; filename="a.txt"',
    "Cache-Control": "no-cache",
    "owner": "blobproof",
}


def store(work: Work, container: str = "own-container", **options: Any) -> Any:
    """A store over a container, with the credential of the scenario; it never tries again."""
    credential = {"account_key": work.key, "sas_key": work.sas, "token": work.token}
    return AzureStore(
        work.containers[container],
        account_name=work.account,
        endpoint=work.url,
        client_options={"allow_http": not work.secure},
        retry_config={"max_retries": 0},
        **{name: value for name, value in credential.items() if value is not None},
        **options,
    )


def put(work: Work) -> None:
    """Small objects in one request each: plain, empty, with an attribute."""
    there = store(work)
    result = obstore.put(there, "small.bin", work.content("small.bin"))
    expect("ETag of small.bin", obstore.head(there, "small.bin")["e_tag"], result["e_tag"])
    obstore.put(there, "empty.bin", b"")
    expect("size of empty.bin", 0, obstore.head(there, "empty.bin")["size"])
    # One attribute for each object: several would stand in a different order each time.
    for number, (name, value) in enumerate(ATTRIBUTES.items()):
        path = f"dir with space/ünï%{number}.txt"
        obstore.put(there, path, work.content("a.txt"), attributes={name: value})
        got = obstore.get(there, path)
        expect("bytes", work.content("a.txt"), bytes(got.bytes()))
        expect(name, value, got.attributes.get(name))


def put_with_tags(work: Work) -> None:
    """A tag goes up with the object."""
    there = store(work)
    obstore.put(there, "tagged.bin", work.content("a.txt"), tags={"kind": "checkpoint"})
    expect("size", len(work.content("a.txt")), obstore.head(there, "tagged.bin")["size"])


def put_multipart(work: Work) -> None:
    """A file above the chunk size goes up in blocks of 5 MiB, all at once, committed as uncommitted ones."""
    there = store(work)
    with Path(work.files["big.bin"]).open("rb") as file:
        result = obstore.put(there, "big.bin", file)
    meta = obstore.head(there, "big.bin")
    expect("size", len(work.content("big.bin")), meta["size"])
    expect("ETag", meta["e_tag"], result["e_tag"])


def put_stream(work: Work) -> None:
    """A writer that does not know how much will come sends parts as they fill up."""
    there = store(work)
    content = work.content("big.bin")
    with obstore.open_writer(there, "stream.bin", buffer_size=1 * MIB) as writer:
        for start in range(0, len(content), 700_000):
            writer.write(content[start : start + 700_000])
    expect("size", len(content), obstore.head(there, "stream.bin")["size"])


def get(work: Work) -> None:
    """A whole object in one request, and one that is not there."""
    there = store(work)
    got = obstore.get(there, "data/big.bin")
    expect("size", len(work.content("big.bin")), got.meta["size"])
    expect("bytes", True, bytes(got.bytes()) == work.content("big.bin"))
    refused("an object that is not there", FileNotFoundError, lambda: obstore.get(there, "data/none"))


def get_ranges(work: Work) -> None:
    """Parts of an object: one, from an offset on, several that are put together into fewer requests."""
    there = store(work)
    content = work.content("big.bin")
    one = obstore.get_range(there, "data/big.bin", start=1000, length=70_000)
    expect("a range", True, bytes(one) == content[1000:71_000])
    tail = obstore.get(there, "data/big.bin", options={"range": {"offset": len(content) - 500}})
    expect("from an offset", True, bytes(tail.bytes()) == content[-500:])
    bounded = obstore.get(there, "data/big.bin", options={"range": (10, 20)})
    expect("a bounded range", content[10:20], bytes(bounded.bytes()))
    starts, ends = [0, 5000, 2 * MIB], [100, 5100, 2 * MIB + 100]
    several = obstore.get_ranges(there, "data/big.bin", starts=starts, ends=ends)
    wanted = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    expect("several ranges", True, [bytes(part) for part in several] == wanted)
    whole = obstore.get_range(there, "data/big.bin", start=0, length=len(content))
    expect("a range that is all of it", True, bytes(whole) == content)


def get_conditional(work: Work) -> None:
    """Reads that depend on the version: the same one is not sent again, another one is refused."""
    there = store(work)
    tag = obstore.head(there, "data/a.txt")["e_tag"]
    same = obstore.get(there, "data/a.txt", options={"if_match": tag})
    expect("bytes", work.content("a.txt"), bytes(same.bytes()))
    refused(
        "an unchanged object",
        NotModifiedError,
        lambda: obstore.get(there, "data/a.txt", options={"if_none_match": tag}),
    )
    obstore.put(there, "data/a.txt", work.content("b.txt"))
    refused(
        "a changed object",
        PreconditionError,
        lambda: obstore.get(there, "data/a.txt", options={"if_match": tag}),
    )


def head(work: Work) -> None:
    """What is known about an object, and about one that is not there."""
    there = store(work)
    meta = obstore.head(there, "data/a.txt")
    expect("size", len(work.content("a.txt")), meta["size"])
    expect("path", "data/a.txt", meta["path"])
    refused("an object that is not there", FileNotFoundError, lambda: obstore.head(there, "data/none"))


def listing(work: Work) -> None:
    """Everything, what is below a prefix, nothing."""
    there = store(work)
    expect(
        "all", ["a.txt", "data/1", "data/2", "data/sub/3", "other/4"], _paths(obstore.list(there).collect())
    )
    expect("prefix", ["data/1", "data/2", "data/sub/3"], _paths(obstore.list(there, "data").collect()))
    expect("nothing", [], _paths(obstore.list(there, "none").collect()))


def listing_from(work: Work) -> None:
    """What comes behind a name; object_store asks with startFrom, and drops no more than that name itself."""
    there = store(work)
    found = obstore.list(there, offset="data/1").collect()
    expect("behind data/1", ["data/2", "data/sub/3", "other/4"], _paths(found))
    below = obstore.list(there, "data", offset="data/2").collect()
    expect("behind data/2, below data", ["data/sub/3"], _paths(below))


def listing_levels(work: Work) -> None:
    """One level at a time: objects and prefixes."""
    there = store(work)
    top = obstore.list_with_delimiter(there)
    expect("objects", ["a.txt"], _paths(top["objects"]))
    expect("prefixes", ["data", "other"], sorted(top["common_prefixes"]))
    below = obstore.list_with_delimiter(there, "data")
    expect("objects below", ["data/1", "data/2"], _paths(below["objects"]))
    expect("prefixes below", ["data/sub"], sorted(below["common_prefixes"]))


def copy(work: Work) -> None:
    """A copy on the server, which replaces what was there."""
    there = store(work)
    for to in ("data/copy.txt", "data/b.txt"):
        obstore.copy(there, "data/a.txt", to)
        expect(f"bytes of {to}", work.content("a.txt"), bytes(obstore.get(there, to).bytes()))


def copy_if_not_exists(work: Work) -> None:
    """A copy that must not replace anything."""
    there = store(work)
    obstore.copy(there, "data/a.txt", "data/new.txt", overwrite=False)
    refused(
        "a copy onto something",
        AlreadyExistsError,
        lambda: obstore.copy(there, "data/a.txt", "data/b.txt", overwrite=False),
    )
    expect("bytes", work.content("b.txt"), bytes(obstore.get(there, "data/b.txt").bytes()))


def rename(work: Work) -> None:
    """A rename is a copy and a removal."""
    there = store(work)
    obstore.rename(there, "data/a.txt", "data/renamed.txt")
    expect("bytes", work.content("a.txt"), bytes(obstore.get(there, "data/renamed.txt").bytes()))
    expect("what is left", ["data/b.txt", "data/renamed.txt"], _paths(obstore.list(there).collect()))


def delete(work: Work) -> None:
    """One object, and several at once: each time a batch. One that is not there is an error of its own."""
    there = store(work)
    obstore.delete(there, "data/1")
    obstore.delete(there, ["data/2", "data/sub/3", "odd name %+.txt"])
    refused("an object that is not there", FileNotFoundError, lambda: obstore.delete(there, "data/none"))
    expect("what is left", ["a.txt", "other/4"], _paths(obstore.list(there).collect()))


def create(work: Work) -> None:
    """An object that must not be there yet: Delta Lake's commit. The second writer is refused."""
    there = store(work)
    obstore.put(there, "_delta_log/00000.json", work.content("a.txt"), mode="create")
    refused(
        "a second commit",
        AlreadyExistsError,
        lambda: obstore.put(there, "_delta_log/00000.json", work.content("b.txt"), mode="create"),
    )
    expect("bytes", work.content("a.txt"), bytes(obstore.get(there, "_delta_log/00000.json").bytes()))


def update(work: Work) -> None:
    """An object that must still be the version that was read; a stale one is refused."""
    there = store(work)
    first = obstore.put(there, "state.json", work.content("a.txt"))
    second = obstore.put(there, "state.json", work.content("b.txt"), mode={"e_tag": first["e_tag"]})
    expect("a new ETag", True, first["e_tag"] != second["e_tag"])
    refused(
        "an update of a stale version",
        PreconditionError,
        lambda: obstore.put(there, "state.json", work.content("a.txt"), mode={"e_tag": first["e_tag"]}),
    )
    expect("bytes", work.content("b.txt"), bytes(obstore.get(there, "state.json").bytes()))


def round_trip(work: Work) -> None:
    """Everyday work with another credential: write, look, read, list, copy, remove."""
    there = store(work)
    obstore.put(there, "trip/a.txt", work.content("a.txt"))
    expect("size", len(work.content("a.txt")), obstore.head(there, "trip/a.txt")["size"])
    expect("bytes", work.content("a.txt"), bytes(obstore.get(there, "trip/a.txt").bytes()))
    obstore.copy(there, "trip/a.txt", "trip/b.txt")
    expect("listing", ["trip/a.txt", "trip/b.txt"], _paths(obstore.list(there, "trip").collect()))
    obstore.delete(there, ["trip/a.txt", "trip/b.txt"])
    expect("what is left", [], _paths(obstore.list(there).collect()))


def _paths(objects: Any) -> list[str]:
    return sorted(item["path"] for item in objects)


if __name__ == "__main__":
    main(
        {
            function.__name__: function
            for function in (
                put,
                put_with_tags,
                put_multipart,
                put_stream,
                get,
                get_ranges,
                get_conditional,
                head,
                listing,
                listing_from,
                listing_levels,
                copy,
                copy_if_not_exists,
                rename,
                delete,
                create,
                update,
                round_trip,
            )
        }
    )
