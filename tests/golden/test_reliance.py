"""What clients rely on: the shape of a request, and the table of facts with their sources."""

from __future__ import annotations

import pytest

from harness import catalogue
from harness.cases import case as c
from harness.cases.errors import CaseError
from harness.data import folder
from harness.golden import reliance as tables
from harness.golden.features import Shape, of_step, of_wire
from harness.golden.reliance import Effect, Reliance, bindings
from harness.golden.trouble import fields
from harness.rules.identify import identify
from tests.golden.library import DOWNLOAD
from tests.golden.made import HEADERS, step
from tests.reports import factory

TWICE = [("x-ms-meta-a", "1"), ("x-ms-meta-b", "2")]
LISTED = "GET /{own-container}?restype=container&comp=list&prefix=&include=metadata,tags&marker={marker-1}"


@pytest.mark.parametrize(
    ("line", "headers", "features"),
    [
        ("GET /{own-container}/a", [], set()),
        (
            "GET /{own-container}/a?snapshot={snapshot-1}",
            [("x-ms-range", "bytes=0-9")],
            {"snapshot", "x-ms-range"},
        ),
        ("GET /{own-container}/a", [("If-Match", "{etag-1}"), ("x-ms-date", "{now}")], {"If-Match"}),
        ("PUT /{own-container}/a", [("If-None-Match", "*")], {"If-None-Match: *", "no bytes"}),
        ("PUT /{own-container}/a", [("x-ms-blob-type", "AppendBlob")], {"AppendBlob"}),
        ("PUT /{own-container}/a", TWICE, {"x-ms-meta-…", "no bytes"}),
        (LISTED, [], {"include=metadata", "include=tags", "marker"}),
        ("HEAD /{own-container}/a%2Fb%20c", [], {"%2F in the name", "escapes in the name"}),
        ("PUT /{own-container}/a?comp=tier", [("x-ms-access-tier", "Cool")], {"x-ms-access-tier"}),
    ],
)
def test_what_of_a_request_decides(line: str, headers: list[tuple[str, str]], features: set[str]) -> None:
    sent = (*HEADERS, *headers)
    operation = identify(*line.split(" "), sent).operation
    shape = of_step(step("one", line, operation=operation, headers=sent), "sas")
    assert shape == Shape(operation, frozenset(features), "sas")


def test_a_block_list_decides_by_its_elements() -> None:
    listed = c.BlockListXml((c.ListedBlock("Uncommitted", "{block:1/36}"),))
    asked = step("one", "PUT /{own-container}/a?comp=blocklist", operation="Put Block List", body=listed)
    assert of_step(asked).features == {"<Uncommitted>"}
    empty = step(
        "one", "PUT /{own-container}/a?comp=blocklist", operation="Put Block List", body=c.BlockListXml(())
    )
    assert of_step(empty).features == {"an empty list"}


def test_the_same_shape_from_a_wire() -> None:
    exchange = factory.exchange(
        "PUT /blobproof/c/a?comp=blocklist&sv=2026-10-06&sig=REDACTED", "201 Created", sent=b"x"
    )
    exchange["request"]["headers"] = [["If-Match", '"0x1"'], ["x-ms-version", "2025-07-05"]]
    exchange["request"]["body"]["text"] = "<?xml?><BlockList><Latest>aa</Latest></BlockList>"
    assert of_wire(exchange["request"], "/blobproof") == Shape(
        "Put Block List", frozenset({"If-Match", "<Latest>"}), "sas"
    )
    assert of_wire({"line": "nonsense"}, "") is None


def test_a_client_depends_on_what_it_sends_back() -> None:
    (one,) = bindings(DOWNLOAD)
    assert (one.operation, one.field, one.place) == (
        "Get Blob Properties",
        "header Last-Modified",
        "If-Unmodified-Since",
    )


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("status", ("status",)),
        ("header ETag", ("header ETag",)),
        ("ETag to remember", ("header ETag",)),
        ("EnumerationResults/NextMarker to remember", ("xml EnumerationResults/NextMarker",)),
        ("error Code", ("error",)),
        ("part 3 status", ("parts",)),
        ("outcome", ("answer",)),
    ],
)
def test_what_a_finding_is_about(about: str, expected: tuple[str, ...]) -> None:
    assert fields(factory.finding(about, "a", "b")) == expected


def test_every_fact_has_a_known_source(table: Reliance) -> None:
    known = catalogue.load(folder("suites"))
    assert len(table.facts) > 50
    for fact in table.facts:
        assert fact.effect is Effect.NONE or fact.says
        for source in fact.source:
            assert known.source(source).title, source


def fact(**changed: str) -> str:
    """A table with one fact."""
    said = {
        "clients": "[a]",
        "operation": "'*'",
        "field": "status",
        "effect": "none",
        "source": "x",
    } | changed
    return f"clients: {{a: {{name: A}}}}\nfacts:\n  - {{{', '.join(f'{k}: {v}' for k, v in said.items())}}}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clients: {}", "'facts'"),
        (fact(clients="[b]"), "'b'"),
        (fact(operation="Get"), "'Get'"),
        (fact(field="colour"), "colour"),
        (fact(effect="fails"), "says"),
    ],
)
def test_a_wrong_table_names_the_line(text: str, words: str) -> None:
    with pytest.raises(CaseError, match=r"reliance\.yaml:") as error:
        tables.parse(text)
    assert words in str(error.value)


def test_a_client_has_several_names(table: Reliance) -> None:
    assert table.client("AzCopy").id == "azcopy"
    assert table.client("object_store").id == "obstore"
    assert table.client("mystery").name == "mystery"
