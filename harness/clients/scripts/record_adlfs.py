"""Runs inside the environment of adlfs: the scenarios of its recordings, each a use of the file system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adlfs import AzureBlobFileSystem  # type: ignore[import-not-found]
from record_kit import Work, expect, main, refused  # type: ignore[import-not-found]

BLOCK = 256 * 1024
"""So large a file of a few MiB goes in blocks, as one of 50 MiB and more does by itself."""


def file_system(work: Work, **options: Any) -> Any:
    """The file system with the credential that there is; nothing is kept from one call to the next."""
    secret = f"SharedAccessSignature={work.sas}" if work.key is None else f"AccountKey={work.key}"
    known = f"AccountName={work.account};" if work.key is not None else ""
    return AzureBlobFileSystem(
        connection_string=f"DefaultEndpointsProtocol=http;BlobEndpoint={work.url};{known}{secret}",
        max_concurrency=4,
        use_listings_cache=False,
        skip_instance_cache=True,
        **options,
    )


def pipe_cat(work: Work) -> None:
    """Small files in one call each: written, looked at, read in whole and in part, overwritten."""
    system = file_system(work)
    path = f"{work.container}/notes/a.txt"
    system.pipe_file(path, b"first words")
    info = system.info(path)
    expect("size", 11, info["size"])
    expect("kind", "file", info["type"])
    expect("content", b"first words", system.cat_file(path))
    expect("a part", b"words", system.cat_file(path, start=6, end=11))
    system.pipe_file(path, b"other words")
    expect("content afterwards", b"other words", system.cat_file(path))


def write_blocks(work: Work) -> None:
    """A file that is written piece by piece goes up in blocks when it is flushed."""
    system = file_system(work, blocksize=BLOCK)
    data = work.content("large.bin")
    path = f"{work.container}/large.bin"
    with system.open(path, "wb", block_size=BLOCK) as file:
        for start in range(0, len(data), 100_000):
            file.write(data[start : start + 100_000])
    expect("size", len(data), system.size(path))
    expect("content", data, system.cat_file(path))


def read_ahead(work: Work) -> None:
    """A file that is read piece by piece, forwards and backwards, as readers of Parquet do."""
    system = file_system(work, blocksize=BLOCK)
    data = work.content("large.bin")
    with system.open(f"{work.container}/large.bin", "rb", block_size=BLOCK, cache_type="readahead") as file:
        file.seek(-8, 2)
        expect("the foot", data[-8:], file.read(8))
        file.seek(0)
        expect("the head", data[:1000], file.read(1000))
        expect("the rest", data[1000:], file.read())


def write_exclusive(work: Work) -> None:
    """Mode xb makes a file once; whoever comes second is refused, and the first one's words stay."""
    system = file_system(work)
    path = f"{work.container}/lock"
    with system.open(path, "xb") as file:
        file.write(b"first")
    refused("a second creation", FileExistsError, lambda: _write(system, path, "xb", b"second"))
    expect("content", b"first", system.cat_file(path))
    refused(
        "a creation in one call",
        FileExistsError,
        lambda: system.pipe_file(path, b"third", overwrite=False),
    )


def append(work: Work) -> None:
    """Mode ab adds to a file, which is an append blob then."""
    system = file_system(work)
    path = f"{work.container}/log.txt"
    _write(system, path, "ab", b"first line\n")
    _write(system, path, "ab", b"second line\n")
    expect("content", b"first line\nsecond line\n", system.cat_file(path))


def _write(system: Any, path: str, mode: str, data: bytes) -> None:
    with system.open(path, mode) as file:
        file.write(data)


def list_tree(work: Work) -> None:
    """One folder, the whole tree, by pattern, and the size of it."""
    system, root = file_system(work), work.container
    expect("the folder", [f"{root}/a", f"{root}/b", f"{root}/c.txt"], sorted(system.ls(root, detail=False)))
    every = [f"{root}/a/1.txt", f"{root}/b/2.txt", f"{root}/b/d/3.txt", f"{root}/c.txt"]
    expect("the tree", every, sorted(system.find(root)))
    expect("by pattern", every[1:3], sorted(system.glob(f"{root}/b/**/*.txt")))
    expect("bytes below b", 5, system.du(f"{root}/b"))
    expect("b is a folder", True, system.isdir(f"{root}/b"))
    expect("b/2.txt is a file", True, system.isfile(f"{root}/b/2.txt"))


def put_get(work: Work) -> None:
    """A local folder goes up and comes down again."""
    system = file_system(work)
    folder = Path(work.files["set/a.bin"]).parent
    system.put(f"{folder}/", f"{work.container}/set/", recursive=True)
    down = work.out / "set"
    system.get(f"{work.container}/set/", f"{down}/", recursive=True)
    for name in ("a.bin", "deep/b.bin"):
        expect(name, work.content(f"set/{name}"), (down / name).read_bytes())


def copy_move(work: Work) -> None:
    """A file is copied and another one moved, by the server."""
    system, root = file_system(work), work.container
    system.cp_file(f"{root}/source.bin", f"{root}/copy.bin")
    expect("the copy", work.content("source.bin"), system.cat_file(f"{root}/copy.bin"))
    system.mv(f"{root}/copy.bin", f"{root}/moved.bin")
    expect("what is there", [f"{root}/moved.bin", f"{root}/source.bin"], sorted(system.find(root)))


def remove(work: Work) -> None:
    """A file is removed, then a folder with all below it."""
    system, root = file_system(work), work.container
    system.rm_file(f"{root}/c.txt")
    system.rm(f"{root}/b", recursive=True)
    expect("what is left", [f"{root}/a/1.txt"], sorted(system.find(root)))


def missing(work: Work) -> None:
    """What is not there raises FileNotFoundError, or is said not to exist."""
    system, path = file_system(work), f"{work.container}/nowhere.txt"
    expect("it exists", False, system.exists(path))
    refused("a read", FileNotFoundError, lambda: system.cat_file(path))
    refused("a look", FileNotFoundError, lambda: system.info(path))
    refused("an opening", FileNotFoundError, lambda: system.open(path, "rb"))
    refused("a list", FileNotFoundError, lambda: system.ls(f"{work.container}/no-folder"))


def container_life(work: Work) -> None:
    """A container is made by mkdir, used and removed by rmdir."""
    system, name = file_system(work), work.containers["new-container"]
    system.mkdir(name)
    system.touch(f"{name}/empty")
    expect("the file", b"", system.cat_file(f"{name}/empty"))
    system.rm(f"{name}/empty")
    system.rmdir(name)
    expect("it exists", False, system.exists(name))


if __name__ == "__main__":
    main(
        {
            "append": append,
            "container-life": container_life,
            "copy-move": copy_move,
            "list-tree": list_tree,
            "missing": missing,
            "pipe-cat": pipe_cat,
            "put-get": put_get,
            "read-ahead": read_ahead,
            "remove": remove,
            "write-blocks": write_blocks,
            "write-exclusive": write_exclusive,
        }
    )
