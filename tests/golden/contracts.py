"""Golden steps in a few words, and what the contract model says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.cases import case as c
from harness.golden.contract import Predicted, predict
from harness.golden.spec import GoldenStep, Injected
from harness.vocabulary import Level

HERE = "/{own-container}"
BLOCK = {"x-ms-blob-type": "BlockBlob"}
VERSION = {"x-ms-version": "2025-07-05"}
MD5_OF_HELLO = "XUFAKrxLKna5cZ2REBfFkg=="


def step(
    name: str,
    line: str,
    headers: Mapping[str, str] | None = None,
    body: c.Recipe | None = None,
    *,
    after: Sequence[str] = (),
    save: Mapping[str, str] | None = None,
    auth: Any = "default",
    racy: bool = False,
    fault: str | None = None,
) -> GoldenStep:
    """A step: `save` is name and header, or name and XML path."""
    method, _, target = line.partition(" ")
    saves = tuple(c.Save(key, "xml" if "/" in path else "header", path) for key, path in (save or {}).items())
    sent = c.Step(method, target, tuple({**VERSION, **(headers or {})}.items()), body, auth=auth, save=saves)
    injected = None if fault is None else Injected(fault, 503, "ServerBusy")
    return GoldenStep(name, "", sent, tuple(after), racy=racy, injected=injected)


def in_turn(*steps: GoldenStep) -> tuple[GoldenStep, ...]:
    """The same, each after the one before it."""
    out: list[GoldenStep] = []
    for one in steps:
        before = (out[-1].name,) if out else ()
        out.append(GoldenStep(one.name, "", one.step, before, one.racy, one.injected))
    return tuple(out)


def told(
    *steps: GoldenStep, given: Sequence[c.Step] = (), payloads: Mapping[str, c.Recipe] | None = None
) -> Predicted:
    """What the model says of these steps, one after the other."""
    return predict(given, in_turn(*steps), payloads or {})


def last(*steps: GoldenStep, given: Sequence[c.Step] = ()) -> c.Expect:
    """What it says of the last of them."""
    return told(*steps, given=given).expects[-1]


def status(of: c.Expect) -> tuple[int, ...] | None:
    """The statuses that are right."""
    return None if of.status is None else of.status.value


def error(of: c.Expect) -> tuple[str, ...] | None:
    """The codes that are right."""
    return None if of.error is None else of.error.value


def headers(of: c.Expect) -> dict[str, Any]:
    """Headers as a reader writes them: texts, None for what must be absent, else the matcher."""
    out: dict[str, Any] = {}
    for name, said in of.headers:
        assert name not in out, f"{name} is expected twice"
        match said.value:
            case c.Equal(text):
                out[name] = text
            case c.Absent():
                out[name] = None
            case other:
                out[name] = other
    return out


def xml(of: c.Expect) -> dict[str, Any]:
    """Elements as a reader writes them: lists of texts, None for what must be absent, else the matcher."""
    out: dict[str, Any] = {}
    for path, said in of.xml:
        assert path not in out, f"{path} is expected twice"
        match said.value:
            case c.EqualList(texts):
                out[path.removeprefix("EnumerationResults/")] = list(texts)
            case c.Equal(text):
                out[path.removeprefix("EnumerationResults/")] = text
            case c.Absent():
                out[path.removeprefix("EnumerationResults/")] = None
            case other:
                out[path.removeprefix("EnumerationResults/")] = other
    return out


def level(of: c.Graded[Any] | None) -> Level:
    """How much it matters."""
    assert of is not None
    return of.level or Level.REQUIRED


def put(name: str = "put", blob: str = "a", body: c.Recipe | None = None, **rest: Any) -> GoldenStep:
    """A Put Blob."""
    more = {**BLOCK, **rest.pop("headers", {})}
    return step(name, f"PUT {HERE}/{blob}", more, body or c.Text("hello"), **rest)


def block(number: int, body: c.Recipe, blob: str = "a", **rest: Any) -> GoldenStep:
    """A Put Block."""
    line = f"PUT {HERE}/{blob}?comp=block&blockid={{block:{number}/36}}"
    return step(rest.pop("name", f"block-{number}"), line, rest.pop("headers", None), body, **rest)


def commit(*numbers: int, blob: str = "a", which: str = "Latest", **rest: Any) -> GoldenStep:
    """A Put Block List."""
    listed = c.BlockListXml(
        tuple(c.ListedBlock(which, f"{{block:{number}/36}}") for number in numbers)  # type: ignore[arg-type]
    )
    name = rest.pop("name", "commit")
    return step(name, f"PUT {HERE}/{blob}?comp=blocklist", rest.pop("headers", None), listed, **rest)


def get(name: str = "get", blob: str = "a", **rest: Any) -> GoldenStep:
    """A Get Blob."""
    return step(name, f"GET {HERE}/{blob}", rest.pop("headers", None), **rest)


def head(name: str = "head", blob: str = "a", **rest: Any) -> GoldenStep:
    """A Get Blob Properties."""
    return step(name, f"HEAD {HERE}/{blob}", rest.pop("headers", None), **rest)


def listing(name: str = "list", query: str = "", **rest: Any) -> GoldenStep:
    """A List Blobs."""
    return step(name, f"GET {HERE}?restype=container&comp=list{query}", **rest)
