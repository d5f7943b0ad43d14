"""The page about versions says of each what begins, what is asserted more, and what was otherwise before."""

from __future__ import annotations

from harness.cases.load import parse_text
from harness.catalogue import Catalogue, Requirement
from reports.versions import markdown

HEAD = """\
operation: Get Blob
level: required
why: Versions differ.
source: [reference/2.2]
provenance: {documented: yes}
"""
ALWAYS = f"""\
id: get-blob/always
title: Always
tests: [get-blob.one]
{HEAD}steps:
  - send: GET /{{container}}/a
    expect: {{status: 401, headers: {{a: {{is: present, since: 2019-02-02}}}}}}
    before:
      2019-12-12: {{status: 404}}
  - send: GET /{{container}}/b?api-version=2021-02-12
    tests: [get-blob.two]
    headers: {{x-ms-version: "2018-11-09"}}
    expect: {{error: {{is: A, since: 2020-02-10}}}}
"""
LATER = f"""\
id: get-blob/later
title: Later
tests: [get-blob.one]
since: 2019-02-02
{HEAD}axes: [name]
table:
  - {{name: a}}
  - {{name: b}}
steps:
  - send: GET /{{container}}/{{name}}
    expect: {{status: 200, headers: {{a: {{is: present, since: 2018-11-09}}}}}}
"""
DELEGATED = f"""\
id: get-blob/delegated
title: Delegated
tests: [get-blob.one]
{HEAD}steps:
  - send: GET /{{container}}/a
    auth: {{user-delegation-sas: {{permissions: r}}}}
    expect: {{status: 200}}
"""
KNOWN = Catalogue({"get-blob.one": Requirement("get-blob.one", "One | and <two>.")})


def test_the_page() -> None:
    files = {"always": ALWAYS, "later": LATER, "delegated": DELEGATED}
    cases = [case for name, text in files.items() for case in parse_text(f"get-blob/{name}.yaml", text)]
    counts, _, rest = markdown(cases, (), KNOWN).partition("## What differs")
    assert counts.rstrip().splitlines()[-3:] == [
        "| the oldest | 1 | 3 |",
        "| 2018-11-09 | 2 | 2 |",
        "| 2019-02-02 | 4 | 0 |",
    ]
    lines = rest.partition("## Cases that")[0].splitlines()
    one = r"| One \| and &lt;two>. `get-blob.one` | "
    assert [line for line in lines if line.startswith("###") or "`" in line] == [
        "### 2019-02-02",
        f"{one}`get-blob/always` asserts more; `get-blob/later` (2 cases) begins |",
        "### 2019-12-12",
        f"{one}`get-blob/always` expects otherwise before |",
        "### 2020-02-10",
        "|  `get-blob.two` | `get-blob/always` asserts more |",
    ]
    assert "| `get-blob/always` | `get-blob.two` | 2018-11-09, 2021-02-12 |" in rest
