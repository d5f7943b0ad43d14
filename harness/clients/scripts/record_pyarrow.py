"""Runs in pyarrow's environment: what programs do with its Azure file system, each way once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pyarrow import fs  # type: ignore[import-not-found]
from record_kit import Work, expect, main, refused  # type: ignore[import-not-found]


def system(work: Work) -> Any:
    """The file system, with the scenario's credential. An authority without a leading dot is path style.

    Without a key and a SAS it asks for a token by itself.
    """
    parts = urlsplit(work.url)
    path_style = parts.path != ""
    authority = parts.netloc if path_style else parts.netloc.removeprefix(work.account)
    credential = {"account_key": work.key, "sas_token": f"?{work.sas}" if work.sas else None}
    return fs.AzureFileSystem(
        account_name=work.account,
        blob_storage_authority=authority,
        blob_storage_scheme=parts.scheme,
        dfs_storage_authority=authority,
        dfs_storage_scheme=parts.scheme,
        **{name: value for name, value in credential.items() if value is not None},
    )


def write(work: Work) -> None:
    """A file in one block: an empty blob first, then the block, then the list."""
    there = system(work)
    _write(there, f"{work.container}/dir/small file.bin", work.content("small.bin"))
    found = there.get_file_info(f"{work.container}/dir/small file.bin")
    expect("size", len(work.content("small.bin")), found.size)


def write_empty(work: Work) -> None:
    """A file of no bytes: nothing is staged, and the list is empty."""
    there = system(work)
    _write(there, f"{work.container}/empty.bin", b"")
    expect("size", 0, there.get_file_info(f"{work.container}/empty.bin").size)


def write_blocks(work: Work) -> None:
    """A file above the block size of 10 MiB: blocks go up behind the writer's back."""
    there = system(work)
    content = work.content("big.bin")
    with there.open_output_stream(f"{work.container}/big.bin") as stream:
        for start in range(0, len(content), 4 * 1024 * 1024):
            stream.write(content[start : start + 4 * 1024 * 1024])
    expect("size", len(content), there.get_file_info(f"{work.container}/big.bin").size)


def write_with_metadata(work: Work) -> None:
    """Content type and metadata of the writer's own, read back."""
    there = system(work)
    path = f"{work.container}/notes.txt"
    _write(there, path, work.content("a.txt"), {"Content-Type": "text/plain", "owner": "blobproof"})
    with there.open_input_file(path) as file:
        told = file.metadata()
    expect("owner", b"blobproof", told.get("owner"))
    expect("content type", b"text/plain", told.get("Content-Type"))


def append(work: Work) -> None:
    """More is written behind what is there: its blocks are listed, and committed again with the new one."""
    there = system(work)
    path = f"{work.container}/log.txt"
    _write(there, path, work.content("a.txt"))
    with there.open_append_stream(path) as stream:
        stream.write(work.content("b.txt"))
    expect("content", work.content("a.txt") + work.content("b.txt"), _read(there, path))


def read_stream(work: Work) -> None:
    """A whole file, read as a stream: a look at its size, then one piece after the other."""
    there = system(work)
    got = _read(there, f"{work.container}/data/big.bin")
    expect("content", True, got == work.content("big.bin"))
    refused("a file that is not there", FileNotFoundError, lambda: _read(there, f"{work.container}/none"))


def read_file(work: Work) -> None:
    """Parts of a file at random, as a reader of Parquet does: the end first, then what it names."""
    there = system(work)
    content = work.content("big.bin")
    with there.open_input_file(f"{work.container}/data/big.bin") as file:
        expect("size", len(content), file.size())
        for offset, length in ((len(content) - 8, 8), (len(content) - 5000, 4992), (1000, 300_000)):
            expect(f"from {offset}", True, file.read_at(length, offset) == content[offset : offset + length])


def info(work: Work) -> None:
    """What a path is: a file, a folder that only names make, nothing, a container."""
    there = system(work)
    root = work.container
    found = there.get_file_info([root, f"{root}/data/1", f"{root}/data", f"{root}/none"])
    wanted = [fs.FileType.Directory, fs.FileType.File, fs.FileType.Directory, fs.FileType.NotFound]
    expect("types", wanted, [item.type for item in found])
    expect("size", 3, found[1].size)


def select(work: Work) -> None:
    """A folder's own entries, and everything below it."""
    there = system(work)
    root = work.container
    flat = there.get_file_info(fs.FileSelector(root))
    expect("entries", [f"{root}/a.txt", f"{root}/data", f"{root}/other"], _paths(flat))
    deep = there.get_file_info(fs.FileSelector(f"{root}/data", recursive=True))
    below = [f"{root}/data/{name}" for name in ("1", "2", "sub", "sub/3")]
    expect("everything below", below, _paths(deep))
    none = there.get_file_info(fs.FileSelector(f"{root}/none", allow_not_found=True))
    expect("a folder that is not there", [], _paths(none))


def create_folder(work: Work) -> None:
    """Folders are empty blobs with a mark, one for each level."""
    there = system(work)
    there.create_dir(f"{work.container}/new/inner", recursive=True)
    expect("type", fs.FileType.Directory, there.get_file_info(f"{work.container}/new/inner").type)


def copy(work: Work) -> None:
    """A copy on the server."""
    there = system(work)
    there.copy_file(f"{work.container}/data/1", f"{work.container}/copies/1")
    expect("content", b"one", _read(there, f"{work.container}/copies/1"))


def delete(work: Work) -> None:
    """A file is removed; removing it again is an error."""
    there = system(work)
    there.delete_file(f"{work.container}/data/1")
    gone = there.get_file_info(f"{work.container}/data/1").type
    expect("type", fs.FileType.NotFound, gone)
    refused("a second removal", FileNotFoundError, lambda: there.delete_file(f"{work.container}/data/1"))


def delete_folder(work: Work) -> None:
    """A folder with all that is below it, in a batch."""
    there = system(work)
    there.delete_dir(f"{work.container}/data")
    left = there.get_file_info(fs.FileSelector(work.container, recursive=True))
    expect(
        "what is left", [f"{work.container}/{name}" for name in ("a.txt", "other", "other/4")], _paths(left)
    )


def delete_contents(work: Work) -> None:
    """A container is emptied, and stays."""
    there = system(work)
    there.delete_dir_contents(work.container)
    expect("what is left", [], _paths(there.get_file_info(fs.FileSelector(work.container, recursive=True))))


def containers(work: Work) -> None:
    """A container is made and removed as a folder at the top."""
    there = system(work)
    name = work.containers["new-container"]
    there.create_dir(name)
    expect("type", fs.FileType.Directory, there.get_file_info(name).type)
    there.delete_dir(name)
    expect("type afterwards", fs.FileType.NotFound, there.get_file_info(name).type)


def round_trip(work: Work) -> None:
    """Everyday work with another credential or address: write, look, list, read, copy, remove."""
    there = system(work)
    root = work.container
    _write(there, f"{root}/trip/a.txt", work.content("a.txt"))
    expect("content", work.content("a.txt"), _read(there, f"{root}/trip/a.txt"))
    there.copy_file(f"{root}/trip/a.txt", f"{root}/trip/b.txt")
    found = there.get_file_info(fs.FileSelector(f"{root}/trip"))
    expect("listing", [f"{root}/trip/a.txt", f"{root}/trip/b.txt"], _paths(found))
    there.delete_dir(f"{root}/trip")
    expect("what is left", fs.FileType.NotFound, there.get_file_info(f"{root}/trip").type)


def _write(there: Any, path: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
    with there.open_output_stream(path, metadata=metadata) as stream:
        stream.write(content)


def _read(there: Any, path: str) -> bytes:
    with there.open_input_stream(path) as stream:
        return bytes(stream.read())


def _paths(found: Any) -> list[str]:
    return sorted(item.path for item in found)


if __name__ == "__main__":
    main(
        {
            function.__name__: function
            for function in (
                write,
                write_empty,
                write_blocks,
                write_with_metadata,
                append,
                read_stream,
                read_file,
                info,
                select,
                create_folder,
                copy,
                delete,
                delete_folder,
                delete_contents,
                containers,
                round_trip,
            )
        }
    )
