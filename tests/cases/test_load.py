"""Reading case files: what they become, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cases import case as c
from harness.cases.errors import CaseError, CaseTreeError
from harness.cases.load import load_tree, parse_text, schema
from harness.cases.marks import read
from harness.vocabulary import ExitCode, Level

FILE = "put-block-list/unknown-block-id.yaml"
GOOD = """\
id: put-block-list/unknown-block-id
title: A list that names an unknown block is refused
operation: Put Block List
level: required
why: A mover that resumes re-commits its list.
tests: [put-block-list.known-ids]
source: [rest/put-block-list]
provenance: {recorded: azure 2018-11-09}
given:
  - send: PUT /{container}/{blob}?comp=block&blockid={id:0}
    body: {random: 1KiB, seed: 1}
    expect: {status: 201}
    save: {crc: x-ms-content-crc64}
steps:
  - send: PUT /{container}/{blob}?comp=blocklist
    headers: {x-ms-version: 2021-12-02, x-twice: [a, b], x-ms-date: null}
    body: {blocklist: [{latest: "{id:404}"}]}
    expect:
      status: {is: 400, level: expected, why: because}
      headers: {x-ms-content-crc64: {not: "{crc}"}, ETag: absent}
  - send: HEAD /{container}/{blob}
    expect: {status: [404, 410], error: BlobNotFound}
    wait: 1.5s
    parallel: a
"""


def test_a_file_becomes_a_case() -> None:
    (case,) = parse_text(FILE, GOOD)
    assert (case.id, case.level, case.file) == ("put-block-list/unknown-block-id", Level.REQUIRED, FILE)
    assert case.given[0].body == c.Random(1024, 1)
    put, head = case.steps
    assert put.headers == (
        ("x-ms-version", "2021-12-02"),
        ("x-twice", "a"),
        ("x-twice", "b"),
        ("x-ms-date", None),
    )
    assert put.body == c.BlockListXml((c.ListedBlock("Latest", "{id:404}"),))
    assert put.expect.status == c.Graded((400,), Level.EXPECTED, "because")
    assert dict(put.expect.headers)["ETag"].value == c.Absent()
    assert head.expect.error == c.Graded(("BlobNotFound",))
    assert (head.wait, head.parallel, head.line) == (1.5, "a", 21)


def test_scalars_are_not_guessed() -> None:
    value = read(
        "f", "{a: no, b: on, c: 2018-11-09, d: 12, e: 012, f: '7', g: true, h: ~, i: 1.5, j: 0x10}"
    ).value
    assert value == {
        "a": "no",
        "b": "on",
        "c": "2018-11-09",
        "d": 12,
        "e": "012",
        "f": "7",
        "g": True,
        "h": None,
        "i": "1.5",
        "j": "0x10",
    }


WRONG = [
    ("title: A list", "titel: A list", 2, "unknown key 'titel'; did you mean 'title'?"),
    ("level: required", "level: needed", 4, "'needed' is not a level"),
    ("operation: Put Block List", "operation: PutBlockList", 3, "did you mean 'Put Block List'?"),
    ("id: put-block-list/unknown-block-id", "id: put-block-list/other", 1, "the id must equal the path"),
    ("level: required\n", "level: required\nlevel: expected\n", 5, "the key 'level' stands twice"),
    ("why: A mover that resumes re-commits its list.\n", "", 1, "'why' is missing"),
    ("random: 1KiB", "random: 1KB", 11, "'1KB' is not a size"),
    ("random: 1KiB, seed: 1", "random: 1KiB", 11, "'seed' is a dependency of 'random'"),
    ("{id:0}", "{idd:0}", 10, "{idd} is neither built in nor saved"),
    ("{id:0}", "{id:x}", 10, "{id:x} needs a number"),
    ('not: "{crc}"', 'not: "{etag}"', 15, "{etag} is neither built in nor saved"),
    ('not: "{crc}"', 'nut: "{crc}"', 20, "unknown matcher 'nut'"),
    ('not: "{crc}"', "not: a, contains: b", 20, "a matcher has one key"),
    ('{not: "{crc}"}', '{matches: "("}', 20, "bad regular expression"),
    ('{not: "{crc}"}', "[a, b]", 20, "a header has one value"),
    ("save: {crc:", "save: {blob:", 10, "{blob} is built in"),
    ("status: [404, 410]", "status: fine", 22, "'fine' is not a status"),
    ("status: [404, 410]", "status: [404, 910]", 22, "[404, 910] is not a status"),
    ("send: HEAD /", "send: HEAD ", 21, "a target begins with '/'"),
    ("wait: 1.5s", "wait: soon", 23, "'soon' does not have the right shape"),
    ("parallel: a", "auth: magic", 21, "unknown auth: 'magic'"),
    ("parallel: a", "auth: {bearer: {tamper: hat}}", 21, "tamper of bearer is one of"),
    ("latest:", "newest:", 17, "an entry is {latest: ID}"),
    ("parallel: a", "headers: {a: '{now+1y}'}", 21, "{now+1y} is"),
    ("parallel: a", "headers: {a: '{n}'}", 21, "{n} has a meaning only"),
    ("parallel: a", "headers: {a: 'x}'}", 21, "stray brace"),
    ("steps:\n", "steps: [\n", 15, "not YAML"),
]


@pytest.mark.parametrize(("there", "instead", "line", "says"), WRONG, ids=[row[3][:40] for row in WRONG])
def test_what_is_wrong_is_said_with_its_line(there: str, instead: str, line: int, says: str) -> None:
    assert there in GOOD
    with pytest.raises(CaseError) as caught:
        parse_text(FILE, GOOD.replace(there, instead, 1))
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{FILE}:{line}: "), str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("text", ["", "[]", "just text", "a: &x [*x]", "{? [a] : b}", "a: b\n---\nc: d"])
def test_odd_documents_are_case_errors(text: str) -> None:
    with pytest.raises(CaseError):
        parse_text(FILE, text)


def test_regular_expressions_keep_their_quantifiers() -> None:
    text = GOOD.replace('{not: "{crc}"}', '{matches: "[0-9a-f]{8}{crc}"}')
    parse_text(FILE, text)


SWEEP = """\
id: get-blob/ranges
title: Ranges
operation: Get Blob
level: required
why: Readers ask for pieces.
tests: [get-blob.ranges]
source: [reference/1.5]
provenance: {documented: yes}
axes: [range]
table:
  - {range: "bytes=0-1", status: 206, got: {text: ab}, extra: 1}
  - {range: "bytes=-5", status: [200], got: {text: abc}, extra: omit}
steps:
  - send: GET /{container}/{blob}
    headers: {x-ms-range: "{range}", x-extra: "{extra}"}
    expect: {status: "{status}", body: "{got}"}
"""


def test_a_sweep_is_a_case_for_each_row() -> None:
    first, second = parse_text("get-blob/ranges.yaml", SWEEP)
    assert [first.id, second.id] == ["get-blob/ranges[range=bytes=0-1]", "get-blob/ranges[range=bytes=-5]"]
    assert first.steps[0].headers == (("x-ms-range", "bytes=0-1"), ("x-extra", "1"))
    assert second.steps[0].headers == (("x-ms-range", "bytes=-5"),)
    assert second.steps[0].expect.status == c.Graded((200,))
    assert second.steps[0].expect.body == c.Graded(c.Text("abc"))


def test_a_column_may_name_other_columns() -> None:
    nested = SWEEP.replace("got: {text: ab}", 'got: {text: "{range} x{extra}"}', 1)
    first, _ = parse_text("get-blob/ranges.yaml", nested)
    assert first.steps[0].expect.body == c.Graded(c.Text("bytes=0-1 x1"))


def test_a_column_keeps_its_brackets_and_blanks_inside_a_longer_text() -> None:
    odd = SWEEP.replace("got: {text: ab}", 'got: {text: "x{extra}x"}', 1).replace(
        "extra: 1", 'extra: " [a] "'
    )
    first, _ = parse_text("get-blob/ranges.yaml", odd)
    assert first.steps[0].expect.body == c.Graded(c.Text("x [a] x"))


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("status: [200]", "state: [200]", "every row needs the same columns"),
        ('range: "bytes=-5"', 'range: "bytes=0-1"', "two rows make"),
        ("axes: [range]", "axes: [blob]", "the row has no 'blob'"),
        ("status: 206", "status: what", "'what' is not a status"),
        ("got: {text: ab}, extra", "got: {text: ab}, url: x, extra", "'url' is a built-in placeholder"),
    ],
)
def test_what_is_wrong_in_a_sweep(there: str, instead: str, says: str) -> None:
    with pytest.raises(CaseError, match=r"get-blob/ranges\.yaml:\d+: ") as caught:
        parse_text("get-blob/ranges.yaml", SWEEP.replace(there, instead, 1))
    assert says in str(caught.value)


def _tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_tree_is_checked_across_files(tmp_path: Path) -> None:
    other = GOOD.replace("unknown-block-id", "other").replace(
        "given:", "needs: [put-block-list/nowhere]\ngiven:"
    )
    circle = GOOD.replace("unknown-block-id", "a").replace("given:", "needs: [put-block-list/b]\ngiven:")
    back = GOOD.replace("unknown-block-id", "b").replace("given:", "needs: [put-block-list/a]\ngiven:")
    suites = _tree(
        tmp_path,
        {
            "requirements/other.yaml": "other.requirement: {says: x, level: required, source: [y]}\n",
            FILE: GOOD,
            "put-block-list/other.yaml": other,
            "put-block-list/a.yaml": circle,
            "put-block-list/b.yaml": back,
            "put-block-list/broken.yaml": "id: a: b",
        },
    )
    with pytest.raises(CaseTreeError) as caught:
        load_tree(suites)
    said = str(caught.value)
    assert "needs put-block-list/nowhere, which does not exist" in said
    assert "tests put-block-list.known-ids, which no file of requirements/ lists" in said
    assert "needs go in a circle: put-block-list/a → put-block-list/b → put-block-list/a" in said
    assert "put-block-list/broken.yaml:1: not YAML" in said


def test_a_good_tree_is_sorted_by_id(tmp_path: Path) -> None:
    suites = _tree(
        tmp_path, {FILE: GOOD, "get-blob/ranges.yaml": SWEEP, "get-blob/_draft.yaml": "nonsense: ["}
    )
    assert [case.id for case in load_tree(suites)] == [
        "get-blob/ranges[range=bytes=-5]",
        "get-blob/ranges[range=bytes=0-1]",
        "put-block-list/unknown-block-id",
    ]


def test_the_schema_is_one() -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema())
