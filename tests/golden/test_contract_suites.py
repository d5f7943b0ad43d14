"""The contract model and the suites say the same: two readings of one contract that must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.cases import case as c
from harness.cases.load import load_tree
from harness.golden.contract import predict
from harness.golden.contract.content import md5, pieces
from harness.golden.contract.text import canonical
from harness.golden.spec import GoldenStep

SUITES = Path(__file__).parents[2] / "suites"
_OUTSIDE = (
    # Lengths that are declared and not sent, versions that were never released: no client sends them.
    "append-block/size-limit",
    "copy-source/bad-address",
    "errors/wrong-header-is-named",
    "framing/write-without-a-length",
    "limits/",
    "put-blob/without-a-length",
    "put-block-from-url/above-100-mib-for-old-versions",
    "versions/",
    # Dates and tokens that do not do: the model takes `auth` by its word.
    "authentication/bearer-of-old-versions",
    "authentication/date-is-needed",
    "authentication/stale-date-is-refused",
    # What an odd name is to its neighbour.
    "names/dot-at-the-end",
)


def _steps(case: c.Case) -> Iterator[GoldenStep]:
    """A case as golden steps: one after the other, but for those that it sends at once."""
    group: list[str] = []
    before: tuple[str, ...] = ()
    parallel: str | None = None
    for number, step in enumerate(case.steps):
        if step.parallel is None or step.parallel != parallel:
            before, group, parallel = tuple(group), [], step.parallel
        group.append(f"step-{number + 1}")
        yield GoldenStep(group[-1], case.operation, step, before)


def _contradictions(said: c.Expect, wanted: c.Expect, seen: Counter[str]) -> Iterator[str]:
    for about in ("status", "error"):
        mine, theirs = getattr(said, about), getattr(wanted, about)
        if mine is not None and theirs is not None:
            seen[about] += 1
            if not set(mine.value) & set(theirs.value):
                yield f"{about}: {mine.value}, {theirs.value}"
    for about in ("headers", "xml"):
        theirs = {name.lower(): one.value for name, one in getattr(wanted, about)}
        for name, one in getattr(said, about):
            other = theirs.get(name.lower())
            if (texts := _texts(one.value)) is not None and (others := _texts(other)) is not None:
                seen[about] += 1
                if texts != others:
                    yield f"{name}: {texts}, {others}"
    if said.body is not None and wanted.body is not None:
        mine, theirs = _content(said.body.value), _content(wanted.body.value)
        if mine is not None and theirs is not None:
            seen["body"] += 1
            if mine != theirs and md5(mine) != md5(theirs):
                yield f"body: {mine}, {theirs}"


def _texts(matcher: object) -> tuple[str, ...] | None:
    """What must stand there, where it is said in words; what names saved values cannot be compared."""
    match matcher:
        case c.Absent():
            return ()
        case c.Equal(text):
            texts: tuple[str, ...] = (text,)
        case c.EqualList(texts):
            pass
        case _:
            return None
    return None if any("{" in text and ":" not in text for text in texts) else tuple(map(canonical, texts))


def _content(body: c.Recipe | c.Empty | c.Matches) -> tuple[c.Recipe, ...] | None:
    if isinstance(body, c.Matches):
        return None
    content = () if isinstance(body, c.Empty) else pieces(body)
    return None if any(isinstance(one, c.Text) and "{" in one.text for one in content) else content


def test_the_model_contradicts_no_case() -> None:
    seen: Counter[str] = Counter()
    wrong = []
    for case in load_tree(SUITES):
        if case.id.startswith(_OUTSIDE):
            continue
        said = predict(case.given, tuple(_steps(case)), {})
        for number, (one, step) in enumerate(zip(said.expects, case.steps, strict=True)):
            wrong += [f"{case.id} {number + 1} {what}" for what in _contradictions(one, step.expect, seen)]
    assert not wrong
    assert seen["status"] > 5000
    assert seen["error"] > 1000
    assert seen["headers"] > 800
    assert seen["body"] > 800
    assert seen["xml"] > 100
