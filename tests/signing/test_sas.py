"""SAS: every token of the SDKs is reproduced, in every layout, and every signed field counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from harness.endpoint import Secret
from harness.signing import sas
from harness.signing.canonical import hmac_base64
from tests.signing.vectors import sas_of, vectors

# Carried in the token, but not signed: what they say follows from the resource.
UNSIGNED = frozenset({"sdd"})


@pytest.mark.parametrize("vector", vectors("sas_vectors.jsonl"))
def test_the_sdk_token_is_reproduced(vector: dict[str, Any]) -> None:
    made = sas_of(vector)
    key = Secret(vector["key"].removeprefix("udk:"))
    assert sas.string_to_sign(made) == vector["string_to_sign"]
    assert parse_qs(sas.sign(made, key))["sig"] == [vector["sig"]]
    assert sas.sign(made, key) == vector["token"]


@pytest.mark.parametrize("vector", vectors("sas_vectors.jsonl"))
def test_altering_any_field_changes_the_signature(vector: dict[str, Any]) -> None:
    made = sas_of(vector)
    key = vector["key"].removeprefix("udk:")
    relevant = set(made.signed) & ({"account"} if "srt" in made.fields else {"resource", "snapshot"})
    changed = [replace(made, signed={**made.signed, name: "other"}) for name in relevant]
    for name, value in made.fields.items():
        if name in UNSIGNED or name in ("srh", "srq"):
            continue
        changed.append(replace(made, fields={**made.fields, name: _other(name, value)}))
    for name in made.signed_headers:
        changed.append(replace(made, signed_headers={**made.signed_headers, name: "other"}))
    for name in made.signed_query:
        changed.append(replace(made, signed_query={**made.signed_query, name: "other"}))
    if vector["sv"] < "2025-07-05":
        changed = [each for each in changed if each.fields.get("sduoid") == made.fields.get("sduoid")]
    signatures = [hmac_base64(key, sas.string_to_sign(each)) for each in changed]
    assert vector["sig"] not in signatures
    assert len(set(signatures)) == len(signatures)


def _other(name: str, value: str) -> str:
    # A version of the same layout: another layout would change the text for another reason.
    return value[:-2] + "28" if name == "sv" else value + "x"


@pytest.mark.parametrize(
    ("version", "fields"),
    [("2012-02-12", 6), ("2013-08-15", 11), ("2015-04-05", 13), ("2018-03-28", 13), ("2018-11-09", 15)],
)
def test_old_service_layouts(version: str, fields: int) -> None:
    made = sas.Sas(
        {"sv": version, "sr": "b", "sp": "r"}, {"resource": sas.resource_path("a", "c", "b", version)}
    )
    text = sas.string_to_sign(made)
    assert text.count("\n") + 1 == fields
    assert ("/blob/a/c/b" in text.split("\n")) == (version >= "2015-02-21")


def test_a_version_before_the_first_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="2011-08-18"):
        sas.string_to_sign(sas.Sas({"sv": "2011-08-18", "sr": "b"}))
