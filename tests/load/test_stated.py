"""What users state of their own: read, wrong, and as the page of KPIs shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from loadgen.kpi.stated import StatedError, read_stated, stated
from loadgen.kpi.values import Given
from loadgen.substrates.read import substrate
from tests.load.made_runs import PRICE, UNET


def test_what_is_stated_is_read(tmp_path: Path) -> None:
    file = tmp_path / "stated.toml"
    file.write_text(
        'gpus_per_rank = 8\nmtbf = "3.09h"\ncadence = "15min"\n'
        'stage = ["1TB", "0.5 TiB"]\naccount = "blob-account"\n'
        '[price]\namount = 3.6\ncurrency = "USD"\ndate = 2026-01-02\nsource = "a contract"\n'
        '[training]\nname = "UNet3D, H100"\nbytes_per_step = 1_026_204_396\ncompute_s = 0.323\n'
    )
    found = read_stated(file)
    assert found == Given(8, PRICE, 3.09 * 3600, 900.0, (10**12, 2**39), UNET, substrate("blob-account"))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"gpu_per_rank": 8}, "'gpu_per_rank' is unknown; did you mean gpus_per_rank?"),
        ({"gpus_per_rank": 0}, "a whole number above 0"),
        ({"mtbf": "3 GB"}, "a time with its unit is wanted"),
        ({"mtbf": 3}, "text in quotes"),
        ({"stage": ["10 h"]}, "a byte with its unit is wanted"),
        ({"price": {"amount": 3}}, "price: currency is missing"),
        ({"price": {"amount": 3, "currency": "$"}}, "three capital letters"),
        ({"price": {"date": "yesterday"}}, "date cannot be 'yesterday'"),
        ({"price": 3}, "a table is wanted"),
        ({"training": {"compute_s": float("inf")}}, "a number above 0"),
    ],
)
def test_what_is_stated_wrongly(document: Mapping[str, object], said: str) -> None:
    with pytest.raises(StatedError, match=re.escape(said)):
        stated(document)


def test_a_file_that_states_nothing_readable(tmp_path: Path) -> None:
    with pytest.raises(StatedError, match="cannot be read"):
        read_stated(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(StatedError, match="is no TOML"):
        read_stated(tmp_path / "bad.toml")
