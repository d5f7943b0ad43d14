"""Placeholders: what they become in a target, in a header, in a regular expression."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.cases.template import (
    Scope,
    TemplateError,
    names,
    problem,
    render,
    render_regex,
    render_target,
)

SCOPE = Scope(
    account="acct",
    url="http://127.0.0.1:1/acct",
    secure_url="https://127.0.0.1:2/acct",
    container="bp-1-shared",
    own_container="bp-1-own-7",
    new_containers="bp-1-new-7",
    blobs="blob-7",
    seed="bp-1-7",
    now=datetime(2026, 11, 22, 15, 30, tzinfo=UTC),
    source_sas="sv=2025&sig=a%2Bb",
    host="127.0.0.1:1",
    length=7,
).knowing({"etag": '"0x8D"', "name": "a b/ü+&?"})


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{container} {own-container}", "bp-1-shared bp-1-own-7"),
        ("{new-container} {new-container:2}", "bp-1-new-7-1 bp-1-new-7-2"),
        ("{blob} {blob:2}", "blob-7 blob-7-2"),
        ("{id:7}", "YmxvY2stMDAwMDAwMDc="),
        ("{etag}", '"0x8D"'),
        ("{account} {url}", "acct http://127.0.0.1:1/acct"),
        ("{https-url}", "https://127.0.0.1:2/acct"),
        ("{now}", "Sun, 22 Nov 2026 15:30:00 GMT"),
        ("{now-1h}", "Sun, 22 Nov 2026 14:30:00 GMT"),
        ("{now+2d}", "Tue, 24 Nov 2026 15:30:00 GMT"),
        ("{{literal}}", "{literal}"),
        ("{source-sas}", "sv=2025&sig=a%2Bb"),
        ("{own-container:2}", "bp-1-own-7-2"),
        ("{host} {length}", "127.0.0.1:1 7"),
    ],
)
def test_values_are_inserted_as_they_are(template: str, wanted: str) -> None:
    assert render(template, SCOPE) == wanted


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("/{container}/{name}", "/bp-1-shared/a%20b/%C3%BC%2B%26%3F"),
        ("/c?prefix={name}", "/c?prefix=a%20b%2F%C3%BC%2B%26%3F"),
        ("/c/a%20b+//?x=%zz", "/c/a%20b+//?x=%zz"),
        ("/c/b?comp=block&blockid={id:0}", "/c/b?comp=block&blockid=YmxvY2stMDAwMDAwMDA%3D"),
        ("/c/b?{source-sas}", "/c/b?sv=2025&sig=a%2Bb"),
    ],
)
def test_in_a_target_values_are_encoded_for_their_place(template: str, wanted: str) -> None:
    assert render_target(template, SCOPE) == wanted


def test_a_counter_numbers_ids_and_blobs() -> None:
    counted = replace(SCOPE, counter=3)
    assert render("{n} {id:n} {blob:n}", counted) == "3 YmxvY2stMDAwMDAwMDM= blob-7-3"


def test_guids_are_the_same_within_a_case_and_differ_between_cases() -> None:
    one, other = render("{guid:1}", SCOPE), render("{guid:2}", SCOPE)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one)
    assert render("{guid:1}", SCOPE) == one != other
    assert render("{guid:1}", replace(SCOPE, seed="another")) != one


def test_in_a_regular_expression_values_are_escaped_and_quantifiers_stay() -> None:
    pattern = render_regex("[a-z]{2}{name}", SCOPE)
    assert re.fullmatch(pattern, "xya b/ü+&?")
    assert not re.fullmatch(pattern, "xya b/üü&?")


@pytest.mark.parametrize("template", ["{", "}", "a{b", "{Upper}", "{a{b}}", "{0}"])
def test_stray_braces_are_errors(template: str) -> None:
    with pytest.raises(TemplateError):
        names(template)


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("{blob:x}", "needs a number"),
        ("{id}", "needs a number"),
        ("{container:2}", "takes no argument"),
        ("{etag:2}", "takes no argument"),
        ("{nothing}", "neither built in nor saved"),
        ("{n}", "has a meaning only"),
        ("{id:n}", "needs a counter"),
        ("{now+1y}", "is no offset"),
    ],
)
def test_what_cannot_be_rendered_is_said_before(template: str, wrong: str) -> None:
    (placeholder,) = names(template)
    assert wrong in (problem(placeholder, frozenset({"etag"}), counted=False) or "")


@pytest.mark.parametrize("size", [4, 6, 16, 36, 48])
def test_block_ids_are_distinct_scattered_and_safe_everywhere(size: int) -> None:
    def ids(scope: Scope) -> list[str]:
        return [render(f"{{block:{number}/{size}}}", scope) for number in range(1, 1001)]

    ours, others = ids(SCOPE), ids(replace(SCOPE, seed="bp-2-7"))
    assert len(set(ours)) == 1000
    assert not set(ours) & set(others) or size == 4
    assert all(re.fullmatch("[A-Za-z0-9]+=*", one) for one in ours)
    assert {len(base64.b64decode(one)) for one in ours} == {size}
    for found in (ours, others):
        assert found[0] > found[1] < found[2]  # even two of them are not in the order of their numbers


@pytest.mark.parametrize("name", ["host", "length", "block:1/36", "authorization"])
def test_what_only_golden_specs_know(name: str) -> None:
    (placeholder,) = names(f"{{{name}}}")
    said = problem(placeholder, frozenset(), False)
    assert said == f"{{{placeholder.name}}} has a meaning only in a golden spec"
    assert problem(replace(placeholder, argument=""), frozenset({placeholder.name}), False) is None
