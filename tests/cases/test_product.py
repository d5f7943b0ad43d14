"""Sweeps over a product of axes: which combinations become cases, with what, and what is wrong in a file."""

from __future__ import annotations

import pytest

from harness.cases import case as c
from harness.cases.errors import CaseError
from harness.cases.load import parse_text

FILE = "get-blob/letters.yaml"
SWEEP = """\
id: get-blob/letters
title: Letters
operation: Get Blob
level: required
why: Readers need letters.
tests: [get-blob.letters]
source: [reference/3.2]
provenance: {documented: yes}
axes:
  letter: [r, d, l]
  operation:
    get: {send: "GET /{container}/{blob}", body: omit}
    put: {send: "PUT /{container}/{blob}", body: {text: x}}
table:
  - {operation: get, letter: r, status: 200, error: omit}
  - {operation: put, letter: [r, d], status: 201, error: omit}
  - {operation: get, letter: l, skip: the same as d}
  - {status: 403, error: NotYours}
steps:
  - send: "{send}"
    headers: {x-letter: "{letter}"}
    body: "{body}"
    expect: {status: "{status}", error: "{error}"}
"""


def test_every_combination_is_a_case_of_the_first_rule_that_fits() -> None:
    cases = parse_text(FILE, SWEEP)
    assert {case.id: case.steps[0].expect.status for case in cases} == {
        "get-blob/letters[letter=r,operation=get]": c.Graded((200,)),
        "get-blob/letters[letter=r,operation=put]": c.Graded((201,)),
        "get-blob/letters[letter=d,operation=get]": c.Graded((403,)),
        "get-blob/letters[letter=d,operation=put]": c.Graded((201,)),
        "get-blob/letters[letter=l,operation=put]": c.Graded((403,)),
    }
    assert cases[0].steps[0].target == "/{container}/{blob}"
    assert [case.steps[0].body for case in cases[:2]] == [None, c.Text("x")]
    assert cases[0].steps[0].expect.error is None
    assert cases[2].steps[0].expect.error == c.Graded(("NotYours",))
    assert cases[1].steps[0].headers == (("x-letter", "r"),)


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("  - {status: 403, error: NotYours}\n", "", "no rule says what holds for letter=d, operation=get"),
        ("letter: r, status", "letter: x, status", "15: letter has no point 'x'"),
        ("status: 201, error: omit", "status: 201", "16: every row needs the same columns; 'error'"),
        ("skip: the same as d", "skip: ''", "17: skip needs the reason"),
        ("letter: l, skip", "letter: r, skip", "17: this rule never applies"),
        ("letter: [r, d, l]", "letter: [r, d, r, l]", "has non-unique elements"),
        ("status: 200, error: omit", "status: 200, error: omit, blob: x", "'blob' is a built-in placeholder"),
        ("status: 200", "status: what", "'what' is not a status"),
        ("letter: [r, d, l]", "letter: []", "should be non-empty"),
    ],
)
def test_what_is_wrong_in_a_product(there: str, instead: str, says: str) -> None:
    assert there in SWEEP
    with pytest.raises(CaseError, match=r"get-blob/letters\.yaml:\d+: ") as caught:
        parse_text(FILE, SWEEP.replace(there, instead, 1))
    assert says in str(caught.value)
