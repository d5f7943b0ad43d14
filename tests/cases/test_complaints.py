"""What is wrong with a case file is said in one line, with the file and the line where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cases.errors import CaseError, CaseTreeError
from harness.cases.load import load_file, load_tree, parse_text
from harness.vocabulary import ExitCode

FILE = "get-blob/one.yaml"
HEAD = """\
id: get-blob/one
title: One
operation: Get Blob
level: required
why: Because.
tests: [get-blob.one]
source: [reference/1.5]
provenance: {documented: here}
"""
STEPS = """\
steps:
  - send: PUT /{container}/{blob}
    body: {text: abc}
    expect: {status: 201}
    save: {etag: ETag}
  - send: GET /{container}/{blob}
    headers: {If-Match: "{etag}"}
    expect: {status: 200, body: {text: abc}}
"""


def complaint(text: str, file: str = FILE) -> str:
    """What is said about a file."""
    with pytest.raises(CaseError) as caught:
        parse_text(file, text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return str(caught.value)


def put(step: str, *, after: int = 0) -> str:
    """The file with more lines below a step: 0 is the first, which stands on line 10."""
    lines = (HEAD + STEPS).splitlines()
    at = 13 if after == 0 else len(lines)
    return "\n".join([*lines[:at], *step.splitlines(), *lines[at:]]) + "\n"


def test_the_file_is_good_to_begin_with() -> None:
    parse_text(FILE, HEAD + STEPS)


@pytest.mark.parametrize(
    "missing", ["id", "title", "operation", "level", "why", "tests", "source", "provenance"]
)
def test_every_key_of_the_head_is_needed(missing: str) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith(f"{missing}:")]
    assert complaint("\n".join(lines) + "\n" + STEPS) == f"{FILE}:1: '{missing}' is missing"


EXTRA = [
    # what is added at the end of a step, and what is said about it
    ("    bodi: {text: x}", "unknown key 'bodi'; did you mean 'body'?"),
    ("    zebra: 1", "unknown key 'zebra'; there are auth, before, body, chunked"),
    ("    repeat: 0", "0 is less than the minimum of 1"),
    ("    stop-after: 10", "whoever hangs up gets no answer"),
    ("    repeat: yes", "'yes' is not of type 'integer'"),
    ("    chunked: on", "'on' is not of type 'boolean'"),
    ("    chunked: no", "'no' is not of type 'boolean'"),
    ("    connection: old", "'old' is not one of"),
    ("    face: ftp", "'ftp' is not one of"),
    ("    wait: 1m", "'1m' does not have the right shape"),
    ("    tests: [one]", "'one' does not have the right shape"),
    ("    tests: []", "[] "),
    ("    why: ''", "'' "),
    ('    headers: {a: "x\\ny"}', "a header value holds no line break"),
    ("    headers: {a: €}", "a header value is Latin-1"),
    ("    headers: {a: {b: c}}", "headers a: "),
    ("    headers: {a: []}", "headers a: "),
    ("    headers: {a: '{etag}'}", "{etag} is neither built in nor saved by an earlier step"),
    ("    headers: {a: '}'}", "stray brace"),
    ("    headers: {a: '{blob'}", "stray brace"),
    ("    headers: {a: '{blob:two}'}", "{blob:two} needs a number"),
    ("    auth: {bearer: {}, shared-key: {}}", "auth is neither a word nor a mapping with one key"),
    ("    auth: {account-sas: {hat: x}}", "account-sas has no hat"),
    ("    auth: {account-sas: {start: yesterday}}", "not an offset like -1h"),
    ("    auth: {service-sas: {of: '{nowhere}'}}", "{nowhere} is neither built in"),
    ("    parallel: a\n    repeat: 2", "a step is sent with others at once or repeated, not both"),
]


@pytest.mark.parametrize(("added", "says"), EXTRA, ids=[row[0].strip()[:40] for row in EXTRA])
def test_what_is_wrong_in_a_step(added: str, says: str) -> None:
    said = complaint(put(added))
    file, line, rest = said.split(":", 2)
    assert file == FILE
    assert int(line) in {10, 14}, said  # where the step begins, or where the key stands
    assert says in rest


BODIES = [
    ("abc", "'abc'"),
    ("{}", "{} "),
    ("{hex: xyz}", "'xyz' is not hexadecimal"),
    ("{hex: '0'}", "'0' is not hexadecimal"),
    ("{zeros: -1}", "zeros"),
    ("{zeros: 1kb}", "'1kb' is not a size"),
    ("{random: 4}", "'seed' is a dependency of 'random'"),
    ("{seed: 4}", "'random' is a dependency of 'seed'"),
    ("{text: a, xml: b}", "unknown key 'xml' beside text"),
    ("{slice: {text: a}, from: 1}", "'to' is a dependency of 'slice'"),
    ("{slice: {text: a}, from: -1, to: 2}", "-1 is less than the minimum of 0"),
    ("{join: {text: a}}", "is not of type 'array'"),
    ("{join: [{txt: a}]}", "unknown key 'txt'"),
    ("{blocklist: [{latest: a, committed: b}]}", "an entry is {latest: ID}"),
    ("{blocklist: [{latest: a, count: many}]}", "'many' is no whole number"),
    ("{blocklist: [{latest: '{id:n}'}]}", "{id:n} needs a counter"),
    ("{blocklist: [latest]}", "an entry is {latest: ID}"),
    ("{batch: []}", "[] "),
    ("{batch: [{get: /a/b}]}", "a sub-request is {delete: TARGET"),
    ("{batch: [{delete: a/b}]}", "a target begins with '/'"),
    ("{batch: [{delete: /a/b c}]}", "a target holds no white space"),
    ("{batch: [{delete: /a/b, auth: none}]}", "unknown auth: 'none'"),
    ("{text: '{nothing}'}", "{nothing} is neither built in"),
]


@pytest.mark.parametrize(("body", "says"), BODIES, ids=[row[0] for row in BODIES])
def test_what_is_wrong_in_a_body(body: str, says: str) -> None:
    said = complaint((HEAD + STEPS).replace("body: {text: abc}\n", f"body: {body}\n", 1))
    assert said.startswith((f"{FILE}:10: ", f"{FILE}:11: "))
    assert says in said


EXPECTS = [
    ("{}", "{} "),
    ("{answer: none}", "answer: none is for a step with stop-after"),
    ("{state: 200}", "unknown key 'state'; did you mean 'status'?"),
    ("{status: 99}", "99 is not a status"),
    ("{status: '200'}", "'200' is not a status"),
    ("{status: []}", "[] "),
    ("{status: {is: 200, level: must}}", "'must' is not a level"),
    ("{status: {is: 200, lvl: expected}}", "lvl"),
    ("{error: 'no code'}", "'no code'"),
    ("{headers: {a: null}}", "a"),
    ("{headers: {a: {matches: '['}}}", "bad regular expression '['"),
    ("{headers: {a: {one-of: []}}}", "one-of needs a list"),
    ("{headers: {a: {one-of: b}}}", "one-of needs a list"),
    ("{headers: {a: {is: b, level: maybe}}}", "'maybe' is no level; use required, expected or observed"),
    ("{headers: {a: {is: b, y: z}}}", "unknown key 'y' beside `is`"),
    ("{headers: {a: {}}}", "{} "),
    ("{headers: {a: {is: {like: b}}}}", "unknown matcher 'like'; there are matches, one-of"),
    ("{headers: {a: {md5-of: {txt: a}}}}", "no recipe among txt"),
    ("{headers: {a: '{later}'}}", "{later} is neither built in nor saved by an earlier step"),
    ("{headers: {a: {matches: '{later}'}}}", "{later} is neither built in nor saved by an earlier step"),
    ("{xml: {}}", "{} "),
    ("{xml: {R/A: null}}", "null matches nothing; write absent"),
    ("{xml: {R/A: ['{later}']}}", "{later} is neither built in"),
    ("{body: text}", "'text' is not of type 'object'"),
    ("{body: {empty: false}}", "no recipe among empty"),
    ("{body: {matches: '(', level: expected}}", "no recipe among level, matches"),
    ("{parts: [{}]}", "{} "),
    ("{parts: [{code: X}]}", "unknown key 'code'"),
]


@pytest.mark.parametrize(("expect", "says"), EXPECTS, ids=[row[0] for row in EXPECTS])
def test_what_is_wrong_in_an_expectation(expect: str, says: str) -> None:
    said = complaint((HEAD + STEPS).replace("expect: {status: 201}", f"expect: {expect}"))
    assert said.startswith((f"{FILE}:10: ", f"{FILE}:12: "))
    assert says in said


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("container/blob", "a target begins with '/'"),
        ("/{container}/a b", "a target holds no white space"),
        ("/{container}/ü", "a target is ASCII; write the rest percent-encoded"),
        ("/{container}/{etag}", "{etag} is neither built in nor saved by an earlier step"),
        ("/{container}/{", "stray brace"),
        ("/{container:2}/x", "{container} takes no argument"),
    ],
)
def test_what_is_wrong_in_a_target(target: str, says: str) -> None:
    said = complaint((HEAD + STEPS).replace("PUT /{container}/{blob}", f"PUT {target}"))
    assert said.startswith(f"{FILE}:10: ")
    assert says in said


def test_a_value_is_bound_after_its_step_and_not_before() -> None:
    own = put('    headers: {If-Match: "{etag}"}')
    assert "{etag} is neither built in nor saved" in complaint(own)
    itself = (HEAD + STEPS).replace("expect: {status: 201}", 'expect: {status: 201, headers: {a: "{etag}"}}')
    assert "{etag} is neither built in nor saved" in complaint(itself)
    at_once = (HEAD + STEPS).replace("expect:", "parallel: a\n    expect:")
    assert "{etag} is neither built in nor saved" in complaint(at_once)
    parse_text(FILE, (HEAD + STEPS).replace("expect:", "parallel: a\n    expect:", 1))


def test_levels_may_be_given_to_the_parts_of_a_batch() -> None:
    (case,) = parse_text(
        FILE, (HEAD + STEPS).replace("{status: 201}", "{parts: [{status: {is: 202, level: expected}}]}")
    )
    parts = case.steps[0].expect.parts
    assert parts is not None
    assert parts[0].status is not None
    assert (parts[0].status.value, parts[0].status.level) == ((202,), "expected")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("id: [", 1, "not YAML"),
        ("a: b\n\tc: d", 2, "not YAML"),
        ("a: 'b", 1, "not YAML"),
        ("a: b\n--- \nc: d\n", 2, "not YAML"),
        ("", 1, "the file is empty"),
        ("# only words\n", 1, "the file is empty"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands twice"),
        ("a: &x {b: *x}\n", 1, "an alias refers to what it stands in"),
        ("? {a: b}\n: c\n", 1, "a key must be text"),
    ],
)
def test_what_is_no_yaml(text: str, line: int, says: str) -> None:
    said = complaint(text)
    assert said.startswith(f"{FILE}:{line}: "), said
    assert says in said


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "get-blob" / "one.yaml"
    path.parent.mkdir()
    path.write_bytes(b"id: \xff\n")
    with pytest.raises(CaseError, match=r"get-blob/one\.yaml:1: cannot be read: "):
        load_file(path, tmp_path)


# --- across files ---


def tree(folder: Path, files: dict[str, str]) -> list[str]:
    """What is said about a whole tree, line by line."""
    (folder / "requirements").mkdir(exist_ok=True)
    (folder / "requirements" / "reading.yaml").write_text(
        "get-blob.one: {says: x, level: required, source: y}\n"
    )
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with pytest.raises(CaseTreeError) as caught:
        load_tree(folder)
    assert caught.value.exit_code is ExitCode.USAGE
    return str(caught.value).splitlines()


def named(name: str, needs: str = "") -> str:
    """A good file of another name."""
    head = HEAD.replace("get-blob/one", f"get-blob/{name}")
    return head + (f"needs: [{needs}]\n" if needs else "") + STEPS


def test_the_id_is_the_path(tmp_path: Path) -> None:
    said = tree(tmp_path, {"get-blob/other.yaml": named("one")})
    assert said == ["get-blob/other.yaml:1: the id must equal the path: get-blob/other"]


def test_an_id_stands_once(tmp_path: Path) -> None:
    sweep = named("one").replace("steps:", "axes: [x]\ntable: [{x: 1}]\nsteps:", 1)
    said = tree(tmp_path, {"get-blob/one.yaml": sweep, "get-blob/one[x=1].yaml": named("one[x=1]")})
    assert said == ["get-blob/one[x=1].yaml:1: the id get-blob/one[x=1] is in get-blob/one.yaml already"]


def test_a_need_and_a_requirement_exist(tmp_path: Path) -> None:
    files = {
        "get-blob/one.yaml": named("one", "get-blob/none"),
        "get-blob/two.yaml": named("two").replace("[get-blob.one]", "[get-blob.two]"),
        "get-blob/tri.yaml": named("tri").replace("    save:", "    tests: [get-blob.three]\n    save:"),
    }
    assert tree(tmp_path, files) == [
        "get-blob/one.yaml:9: needs get-blob/none, which does not exist",
        "get-blob/tri.yaml:13: tests get-blob.three, which no file of requirements/ lists",
        "get-blob/two.yaml:6: tests get-blob.two, which no file of requirements/ lists",
    ]


def test_a_sweep_says_its_mistakes_once(tmp_path: Path) -> None:
    sweep = named("one", "get-blob/none").replace("steps:", "axes: [x]\ntable: [{x: 1}, {x: 2}]\nsteps:", 1)
    assert tree(tmp_path, {"get-blob/one.yaml": sweep}) == [
        "get-blob/one.yaml:9: needs get-blob/none, which does not exist"
    ]


def test_no_case_is_overlooked_for_its_file_s_ending(tmp_path: Path) -> None:
    said = tree(tmp_path, {"get-blob/one.yml": named("one")})
    assert said == ["get-blob/one.yml:1: the name of a case file ends in .yaml"]


def test_needs_do_not_go_in_circles(tmp_path: Path) -> None:
    files = {
        "get-blob/a.yaml": named("a", "get-blob/b"),
        "get-blob/b.yaml": named("b", "get-blob/c"),
        "get-blob/c.yaml": named("c", "get-blob/a"),
        "get-blob/d.yaml": named("d", "get-blob/a"),
        "get-blob/e.yaml": named("e", "get-blob/e"),
    }
    assert tree(tmp_path, files) == [
        "get-blob/a.yaml:1: needs go in a circle: get-blob/a → get-blob/b → get-blob/c → get-blob/a",
        "get-blob/e.yaml:1: needs go in a circle: get-blob/e → get-blob/e",
    ]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "get-blob").mkdir()
    (tmp_path / "get-blob" / "z.yaml").write_text("id: [")
    said = tree(tmp_path, {"get-blob/a.yaml": named("b"), "requirements/a.yaml": "a: b\na: c\n"})
    assert [line.partition(": ")[0] for line in said] == [
        "get-blob/a.yaml:1",
        "get-blob/z.yaml:1",
        "requirements/a.yaml:2",
    ]
