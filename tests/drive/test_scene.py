"""Scenes: what was done well is right in all that they compare, and what was not is not."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.clients.data import write_tree
from harness.clients.truth import Truth
from harness.drive.action import Action, Told
from harness.drive.scene import METADATA, Scene

Does = Callable[[Scene, Truth], Told]


def stored(scene: Scene, truth: Truth, name: str) -> bytes:
    """The bytes that the endpoint has under this name."""
    exchange = truth.send("GET", f"/{scene.task.container}/{quote(name)}")
    assert exchange.response is not None and exchange.response.status == 200
    return exchange.response.body.data or b""


def lay(scene: Scene, truth: Truth, name: str, data: bytes, **metadata: str) -> None:
    """Write a blob behind everybody's back."""
    headers = {f"x-ms-meta-{key}": value for key, value in metadata.items()}
    truth.put(scene.task.container, name, data, headers)


def drop(scene: Scene, truth: Truth, name: str) -> None:
    """Remove a blob behind everybody's back."""
    exchange = truth.send("DELETE", f"/{scene.task.container}/{quote(name)}")
    assert exchange.response is not None and exchange.response.status == 202


def done(**facts: object) -> Told:
    """What a client says that has done it."""
    return Told("done", facts=facts)


def put(scene: Scene, truth: Truth) -> Told:
    lay(scene, truth, scene.task.blob, scene.task.file.read_bytes())
    return done()


def get(scene: Scene, truth: Truth) -> Told:
    scene.task.file.write_bytes(stored(scene, truth, scene.task.blob))
    return done()


def put_tree(scene: Scene, truth: Truth) -> Told:
    folder = scene.task.file
    for path in folder.rglob("*"):
        if path.is_file():
            lay(scene, truth, f"{scene.task.blob}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return done()


def get_tree(scene: Scene, truth: Truth) -> Told:
    names = [listed.name for listed in truth.names(scene.task.container, f"{scene.task.blob}/")]
    tree = {name.removeprefix(f"{scene.task.blob}/"): stored(scene, truth, name) for name in names}
    write_tree(scene.task.file, tree)
    return done()


def listed(scene: Scene, truth: Truth) -> Told:
    found = truth.names(scene.task.container, f"{scene.task.blob}/")
    return done(names={one.name: one.length for one in found})


def copy(scene: Scene, truth: Truth) -> Told:
    lay(scene, truth, scene.task.blob, stored(scene, truth, scene.task.source))
    return done()


def sync(scene: Scene, truth: Truth) -> Told:
    put_tree(scene, truth)
    drop(scene, truth, f"{scene.task.blob}/left/over.bin")
    return done()


def delete(scene: Scene, truth: Truth) -> Told:
    drop(scene, truth, scene.task.blob)
    return done()


def metadata(scene: Scene, truth: Truth) -> Told:
    lay(scene, truth, scene.task.blob, stored(scene, truth, scene.task.blob), **scene.task.values)
    return done(metadata=dict(scene.task.values))


def create(scene: Scene, truth: Truth) -> Told:
    put(scene, truth)
    return done(second="refused")


WELL: dict[Action, Does] = {
    Action.PUT_SMALL: put,
    Action.PUT_LARGE: put,
    Action.PUT_EMPTY: put,
    Action.GET_SMALL: get,
    Action.GET_LARGE: get,
    Action.PUT_TREE: put_tree,
    Action.GET_TREE: get_tree,
    Action.LIST: listed,
    Action.COPY: copy,
    Action.SYNC: sync,
    Action.DELETE: delete,
    Action.METADATA: metadata,
    Action.CREATE_ONLY: create,
}


def then(well: Does, spoil: Callable[[Scene, Truth], None]) -> Does:
    """The action done well, and then something changed behind the client's back."""

    def both(scene: Scene, truth: Truth) -> Told:
        told = well(scene, truth)
        spoil(scene, truth)
        return told

    return both


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def flip_blob(scene: Scene, truth: Truth) -> None:
    lay(scene, truth, scene.task.blob, flipped(stored(scene, truth, scene.task.blob)))


def flip_file(scene: Scene, truth: Truth) -> None:
    scene.task.file.write_bytes(flipped(scene.task.file.read_bytes()))


def shorten_file(scene: Scene, truth: Truth) -> None:
    scene.task.file.write_bytes(scene.task.file.read_bytes()[:-1])


def add_blob(scene: Scene, truth: Truth) -> None:
    lay(scene, truth, f"{scene.task.blob}/another.bin", b"")


def swap_blobs(scene: Scene, truth: Truth) -> None:
    names = [f"{scene.task.blob}/{name}" for name in ("a.bin", "twin/a.bin")]
    first, second = (stored(scene, truth, name) for name in names)
    lay(scene, truth, names[0], second)
    lay(scene, truth, names[1], first)


def lose_file(scene: Scene, truth: Truth) -> None:
    (scene.task.file / "b" / "deep" / "er" / "d.bin").unlink()


def add_file(scene: Scene, truth: Truth) -> None:
    (scene.task.file / "another").touch()


SPOILT: list[tuple[Action, str, Does]] = [
    *((action, "not done", lambda scene, truth: done()) for action in Action),
    (Action.PUT_SMALL, "flipped", then(put, flip_blob)),
    (Action.PUT_LARGE, "another size", then(put, lambda s, t: lay(s, t, s.task.blob, b"short"))),
    (Action.PUT_EMPTY, "not empty", then(put, lambda s, t: lay(s, t, s.task.blob, b"x"))),
    (Action.PUT_EMPTY, "gone", then(put, lambda s, t: drop(s, t, s.task.blob))),
    (Action.GET_SMALL, "flipped", then(get, flip_file)),
    (Action.GET_LARGE, "short", then(get, shorten_file)),
    (Action.GET_SMALL, "changed at the source", then(get, flip_blob)),
    (Action.PUT_TREE, "one too many", then(put_tree, add_blob)),
    (Action.PUT_TREE, "two swapped", then(put_tree, swap_blobs)),
    (Action.GET_TREE, "one lost", then(get_tree, lose_file)),
    (Action.GET_TREE, "one too many", then(get_tree, add_file)),
    (Action.LIST, "one came", then(listed, add_blob)),
    (
        Action.LIST,
        "one forgotten",
        lambda s, t: done(names=dict(list(listed(s, t).facts["names"].items())[1:])),
    ),
    (Action.LIST, "another size", lambda s, t: done(names=dict.fromkeys(listed(s, t).facts["names"], 1))),
    (Action.COPY, "flipped", then(copy, flip_blob)),
    (Action.COPY, "the source is gone", then(copy, lambda s, t: drop(s, t, s.task.source))),
    (Action.SYNC, "left over", put_tree),
    (Action.SYNC, "an old one", then(sync, lambda s, t: lay(s, t, f"{s.task.blob}/b/c.bin", b"old"))),
    (Action.DELETE, "a neighbour too", then(delete, lambda s, t: drop(s, t, f"{s.task.blob}.not"))),
    (Action.METADATA, "another value", then(metadata, lambda s, t: lay(s, t, s.task.blob, b"", owner="x"))),
    (Action.METADATA, "read back wrong", then(metadata, lambda s, t: None)),
    (
        Action.CREATE_ONLY,
        "replaced",
        then(create, lambda s, t: lay(s, t, s.task.blob, s.task.second.read_bytes())),
    ),
    (Action.CREATE_ONLY, "not refused", lambda s, t: done(second="replaced") if put(s, t) else done()),
]


def scene_of(action: Action, truth: Truth, container: str, work: Path) -> Scene:
    prefix = f"{action}-{secrets.token_hex(3)}"
    return Scene.for_action(action, truth, container, work, prefix, large=5 * 2**20)


@pytest.mark.parametrize("action", list(Action))
def test_what_is_done_well_is_right(action: Action, truth: Truth, container: str, tmp_path: Path) -> None:
    scene = scene_of(action, truth, container, tmp_path / "work")
    told = WELL[action](scene, truth)
    assert [one for one in scene.right(told) if not one.holds] == []
    assert scene.right(told), "something must be compared"


@pytest.mark.parametrize(("action", "how", "does"), SPOILT, ids=[f"{a}: {how}" for a, how, _ in SPOILT])
def test_what_is_not_is_not(
    action: Action, how: str, does: Does, truth: Truth, container: str, tmp_path: Path
) -> None:
    scene = scene_of(action, truth, container, tmp_path / "work")
    told = does(scene, truth)
    if how == "read back wrong":
        told = done(metadata={**METADATA, "owner": "somebody"})
    assert not all(one.holds for one in scene.right(told))


def test_two_scenes_have_contents_of_their_own(truth: Truth, container: str, tmp_path: Path) -> None:
    scenes = [scene_of(Action.PUT_SMALL, truth, container, tmp_path / str(number)) for number in range(2)]
    assert scenes[0].task.file.read_bytes() != scenes[1].task.file.read_bytes()


def test_a_mark_of_a_folder_is_no_blob_too_many(truth: Truth, container: str, tmp_path: Path) -> None:
    scene = scene_of(Action.PUT_TREE, truth, container, tmp_path / "work")
    told = put_tree(scene, truth)
    lay(scene, truth, f"{scene.task.blob}/b/", b"")
    assert all(one.holds for one in scene.right(told))
    lay(scene, truth, f"{scene.task.blob}/b/", b"not a mark")
    assert not all(one.holds for one in scene.right(told))
