"""Names that no path can hold, names that exclude each other, and that nothing escapes the root."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.store import BlobMissing, BlobProps, names

from .conftest import ACCOUNT, CONTAINER, Box, make_box

AWKWARD = [
    ".",
    "..",
    "/",
    "//",
    "../up",
    "../../../../etc/passwd",
    "a/../../b",
    "a/./b",
    "a//b",
    "/lead",
    "trail/",
    "x/y/",
    "new\nline",
    "tab\t",
    "nul\0byte",
    "del\x7f",
    "nel\x85",
    "c" * 256,
    "é" * 128,
    "d/" + "€" * 86 + "/f",
    "/".join(["deep"] * 200),
    "s/" * 300 + "t",
    "n" * 1024,
    "𝒳" * 1024,
    "f/" + "g" * 255,
    ".nfs000000000000000000000001",
    "z/.nfs0123456789abcdef01",
    "\ud800",
    "\uffff",
    "\u2028",
    "con",
    "a.",
    "a ",
    " ",
    "back\\slash",
    "%2F",
    "100%",
    "*?[",
    ".blobproof",
    ".blobproof/acct",
    "e\u0301",
    "\u00e9",
]


@pytest.mark.parametrize("name", AWKWARD, ids=ascii)
def test_any_name_lives_like_any_other(box: Box, name: str) -> None:
    outside = around(box)
    made = box.put(name, b"one", BlobProps(metadata=(("n", "1"),)))
    assert box.head(name) == made
    assert box.names() == [name]
    assert box.put(name, b"two!").created_ticks == made.created_ticks
    assert box.get(name) == b"two!"
    assert (
        box.store.update_blob(ACCOUNT, CONTAINER, name, lambda _: BlobProps(tier="Hot")).props.tier == "Hot"
    )
    box.stage(name, 1, b"block")
    assert box.commit(name, 1).length == 5
    assert box.get(name) == b"block"
    box.delete(name)
    assert box.names(uncommitted=True) == []
    with pytest.raises(BlobMissing):
        box.head(name)
    box.stage(name, 1, b"block")
    assert box.names(uncommitted=True) == [name]
    box.delete(name)
    assert box.names(uncommitted=True) == []
    assert around(box) == outside


def around(box: Box) -> set[Path]:
    """Everything that stands beside and above the container, but not our state folder's content."""
    return {*box.root.parent.iterdir(), *box.root.iterdir(), *box.path.parent.iterdir()}


def test_all_of_them_together(box: Box) -> None:
    for name in AWKWARD:
        box.put(name, name.encode("utf-8", "surrogatepass"))
    expected = sorted(AWKWARD, key=lambda name: name.encode("utf-8", "surrogatepass"))
    assert box.names() == expected
    assert box.names(limit=1) == expected
    for name in AWKWARD:
        assert box.get(name) == name.encode("utf-8", "surrogatepass")
        box.delete(name)
    assert box.names() == []
    assert list(box.path.iterdir()) == []


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a"), ("a", "a/b/c")])
def test_names_that_exclude_each_other(box: Box, first: str, second: str) -> None:
    box.put(first, b"1")
    box.put(second, b"22")
    assert (box.get(first), box.get(second)) == (b"1", b"22")
    assert box.names() == sorted([first, second])
    assert box.names(delimiter="/") == ["a", "*a/"]
    assert (box.path / first).read_bytes() == b"1"
    box.delete(first)
    assert box.names() == [second]
    assert box.get(second) == b"22"
    box.put(second, b"333")  # the way is free now: it moves to its natural path
    assert (box.path / second).read_bytes() == b"333"
    assert box.names() == [second]
    box.delete(second)
    assert box.names() == []


def test_an_empty_folder_gives_way_to_a_blob(box: Box) -> None:
    (box.path / "a").mkdir()
    box.put("a", b"1")
    assert (box.path / "a").read_bytes() == b"1"


NAME = st.one_of(
    st.sampled_from(
        ["a", "a/b", "a/b/c", "a/", "/a", "a//b", "b", "a-b", "a.b", "..", "a/..", "c" * 256, "é"]
    ),
    st.text(
        alphabet=st.one_of(st.sampled_from("ab/.-"), st.characters(exclude_categories=["Cs"])),
        min_size=1,
        max_size=12,
    ),
)
STEP = st.tuples(st.sampled_from(["put", "put", "delete", "stage", "commit"]), NAME)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(STEP, max_size=25),
    prefix=st.sampled_from(["", "a", "a/", "a/b", "/"]),
    delimiter=st.sampled_from(["", "/", "a", "//", "-"]),
    limit=st.integers(1, 4),
)
def test_a_store_is_a_dictionary(
    steps: list[tuple[str, str]], prefix: str, delimiter: str, limit: int
) -> None:
    model: dict[str, bytes] = {}
    staged: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        box = make_box(Path(folder))
        with box.store:
            for number, (step, name) in enumerate(steps):
                data = str(number).encode()
                if step == "put":
                    box.put(name, data)
                    model[name] = data
                    staged.discard(name)
                elif step == "stage":
                    box.stage(name, 1, data)
                    staged.add(name)
                elif step == "commit" and name in staged:
                    box.commit(name, 1, 1)
                    model[name] = box.get(name)
                    staged.discard(name)
                elif step == "delete":
                    if name in model or name in staged:
                        box.delete(name)
                    else:
                        with pytest.raises(BlobMissing):
                            box.delete(name)
                    model.pop(name, None)
                    staged.discard(name)
            for name, data in model.items():
                assert box.get(name) == data
            ordered = sorted(model, key=str.encode)
            assert box.names() == ordered
            assert box.names(uncommitted=True) == sorted({*model, *staged})
            assert box.names(prefix, delimiter, limit=limit) == rolled(ordered, prefix, delimiter)
            for name in ordered:
                assert box.names(marker=name) == ordered[ordered.index(name) :]


def rolled(ordered: list[str], prefix: str, delimiter: str) -> list[str]:
    """The simple model of a listing."""
    found: list[str] = []
    for name in ordered:
        if not name.startswith(prefix):
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        item = f"*{name[: at + len(delimiter)]}" if at >= 0 else name
        if not found or found[-1] != item:
            found.append(item)
    return found


@given(st.text(max_size=40))
def test_natural_names_are_plain_paths(name: str) -> None:
    if names.is_natural(name):
        parts = name.split("/")
        assert all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
        assert name.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


@given(st.text(min_size=1, max_size=5), st.text(max_size=5))
def test_after_is_the_least_bound(prefix: str, rest: str) -> None:
    beyond = names.after(prefix)
    assert beyond is None or prefix + rest < beyond
    assert beyond is None or not beyond.startswith(prefix)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("abc", True),
        ("a-b", True),
        ("$root", True),
        ("$web", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("ab", False),
        ("a--b", False),
        ("-ab", False),
        ("ab-", False),
        ("Abc", False),
        ("a.b", False),
        ("a/b", False),
        ("..", False),
        ("abc\n", False),
        ("", False),
    ],
)
def test_container_names(name: str, valid: bool) -> None:
    assert names.is_container(name) is valid
