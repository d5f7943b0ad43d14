"""SAS: every token of the SDKs is reproduced, in every layout, and every signed field counts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from harness.endpoint import Secret
from harness.signing import sas
from tests.signing.alterations import SAS_ALTERATIONS, of_sas, signed_fields
from tests.signing.vectors import altered, lines, sas_of, skipped, vectors


@pytest.mark.parametrize("vector", vectors("sas_vectors.jsonl"))
def test_the_sdk_token_is_reproduced(vector: dict[str, Any]) -> None:
    made = sas_of(vector)
    key = Secret(vector["key"].removeprefix("udk:"))
    assert sas.string_to_sign(made) == vector["string_to_sign"]
    assert parse_qs(sas.sign(made, key))["sig"] == [vector["sig"]]
    assert sas.sign(made, key) == vector["token"]


@pytest.mark.parametrize(("vector", "altered"), altered("sas_vectors.jsonl", of_sas))
def test_altering_any_signed_field_changes_the_signature(
    vector: dict[str, Any], altered: dict[str, Any]
) -> None:
    key = Secret(vector["key"].removeprefix("udk:"))
    assert sas.signature(sas_of(altered), key) != vector["sig"]


def test_every_vector_is_used_and_every_signed_field_of_it_is_altered() -> None:
    records = lines("sas_vectors.jsonl")
    if not records:
        pytest.skip("the vectors are not here")
    assert (len(records), len(skipped("sas_vectors.jsonl"))) == (84, 1)
    for record in records:
        names = {name.partition(":")[0] for name, _ in of_sas(record)}
        assert names >= set(signed_fields(record)) | {"account"}
    assert sum(1 for record in records for _ in of_sas(record)) == SAS_ALTERATIONS


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
