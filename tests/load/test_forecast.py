"""Forecasts: caps, tails, what is measured and what modelled, what is refused, and the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from blobproof.cli import group
from loadgen.forecast import tail
from loadgen.forecast.caps import caps_of, elsewhere
from loadgen.forecast.errors import ForecastError
from loadgen.forecast.points import By, Point, Series, series
from loadgen.forecast.predict import Cap, predict
from loadgen.forecast.usl import Usl
from loadgen.plan.values import Action
from loadgen.record.lines import Check, Event
from loadgen.record.read import LoadRun
from loadgen.substrates.read import substrate
from tests.load.made_runs import GB, plan, run, write
from tests.load.scaled_runs import LAW, SIZES, law_runs, scaled


def test_a_forecast_keeps_measured_and_modelled_apart() -> None:
    (found,) = [predict(one, 16) for one in series(law_runs(LAW, SIZES))]
    assert [row.size for row in found.measured] == [*SIZES]
    assert {row.size for row in found.modelled} == {16}
    assert found.modelled[0].model == "USL"
    assert found.modelled[0].low < LAW.at(16) < found.modelled[0].high
    assert found.modelled[0].value < found.modelled[1].value  # linear scaling would be more
    held = found.modelled[0].hold_out
    assert (held.size, held.actual) == (8, found.measured[-1].median)
    assert held.error == pytest.approx(held.predicted / held.actual - 1)
    assert held.held
    assert abs(found.modelled[1].hold_out.error) > abs(held.error)
    assert found.tail_measured == pytest.approx(1 / 0.9, rel=0.05)
    assert found.scale == 0.001
    assert all(row.scale == 0.001 for row in (*found.measured, *found.modelled))


def test_physics_caps_the_figure_and_its_interval() -> None:
    (one,) = series(law_runs(LAW, SIZES))
    capped = predict(one, 32, lambda size: (Cap("server NIC", 1.05e8 * size**0.9, "published"),))
    free = predict(one, 32)
    assert not free.modelled[0].capped
    limit = 1.05e8 * 32**0.9
    line = capped.modelled[1]
    assert line.capped
    assert line.value == line.high == limit
    assert line.uncapped == free.modelled[1].value > limit
    assert line.cap is not None
    assert line.cap.provenance == "published"


def test_a_cap_below_what_was_measured_is_refused() -> None:
    (one,) = series(law_runs(LAW, SIZES))
    with pytest.raises(ForecastError, match="the cap is not that of what was measured"):
        predict(one, 16, lambda _: (Cap("client NIC", 1e7, "assumed"),))


def test_extrapolation_ends_at_four_times_the_largest() -> None:
    (one,) = series(law_runs(LAW, SIZES))
    assert not predict(one, 32).forced
    with pytest.raises(ForecastError, match="more than 4 times the largest") as refused:
        predict(one, 33)
    assert "9 or more" in refused.value.hint
    assert predict(one, 33, force=True).forced


def test_a_substrate_caps_a_forecast() -> None:
    (one,) = series(law_runs(LAW, SIZES))
    assert (one.reads, one.writes) == (False, True)
    caps = caps_of(one, substrate("L96as_v4"), nodes=12, client_gbps=1.0)
    network, client = caps(16)
    assert network.name == "12 × L96as_v4 network"
    assert network.rate / 12 / 1e9 == pytest.approx(3.64, abs=0.01)  # the published model: 12 nodes, EC 8+4
    assert network.provenance == "assumed"
    assert (client.rate, client.provenance) == (16 * 1.25e8, "user-supplied")
    assert predict(one, 16, caps).modelled[0].cap == client
    assert (
        "this machine; the cap is that of L96as_v4" in elsewhere(one, substrate("L96as_v4")).assumptions[-1]
    )
    here = replace(one, substrate="L96as_v4")
    assert elsewhere(here, substrate("L96as_v4")) == here


def test_an_account_caps_requests_as_well() -> None:
    (one,) = series(law_runs(LAW, SIZES))
    requests, ingress = caps_of(one, substrate("blob-account"))(16)
    assert requests.rate == 20_000 * GB / 100  # 100 requests moved 1 GB
    assert ingress.rate == 25 * 1.25e8
    assert {requests.provenance, ingress.provenance} == {"published"}
    listing = replace(one, unit="requests/s", reads=False, writes=False)
    (only,) = caps_of(listing, substrate("blob-account"), client_gbps=1.0)(16)
    assert only.rate == 20_000
    mixed = replace(one, reads=True)
    assert caps_of(mixed, substrate("blob-account"))(16)[1].rate == 75 * 1.25e8
    assert caps_of(replace(mixed, writes=False), substrate("blob-account"))(16)[1].rate == 50 * 1.25e8
    with pytest.raises(ForecastError, match="by workers only"):
        caps_of(replace(one, by=By.RANKS), None, client_gbps=1.0)


def changed(one: LoadRun, **what: Any) -> LoadRun:
    """The run with parts of its header replaced; those that are mappings are added to."""
    old = {name: getattr(one.header, name) for name in what}
    new = {name: {**old[name], **part} if isinstance(part, dict) else part for name, part in what.items()}
    return replace(one, folder=Path("other"), header=replace(one.header, **new))


def refusals() -> Mapping[str, list[LoadRun]]:
    runs = law_runs(LAW, SIZES)
    other = replace(runs[0], folder=Path("other"))
    header = other.header
    opened = json.loads(json.dumps(header.plan))
    for phase in opened["phases"]:
        phase["lanes"][0]["arrivals"] = {"rate": 5.0}
    packed = json.loads(json.dumps(header.plan))
    packed["files"][0]["payload"] = "random"
    fault = Event(1.0, "fault", "busy", {"fault": "busy", "state": "begins"})
    on = {"cpu": "A", "cores": 2}
    here = replace(changed(runs[1], measured_on=on), folder=Path("run-2"))
    invalid = Check("ceiling", "invalidates", "91 % of it")
    return {
        "needs runs at 4 sizes or more; there are 3": runs[:3],
        "say too little of their own noise": law_runs(LAW, SIZES, repeats=1),
        "differently scaled": [*runs, scaled(16, [1e9] * 3, scale=0.01)],
        ", other of b": [*runs, replace(other, header=replace(header, profile="b"))],
        "is partial: cut off": [*runs, replace(other, complete=False, why="cut off")],
        "invalidated by the check ceiling": [*runs, replace(other, checks=(invalid,))],
        "send other requests": [*runs, scaled(16, [1e9] * 3, block_bytes=4 << 20)],
        "ran on this machine, other on L96as_v4": [
            *runs, replace(other, header=replace(header, substrate="L96as_v4"))
        ],
        "2 files were given up": [
            *runs, run(plan({"write": Action.UPLOAD}, ranks=8), {"write": [[1.0] * 8]}, failed=2)
        ],
        "is an open loop": [replace(one, header=replace(one.header, plan=opened)) for one in runs],
        "in which nothing was done": [
            *runs, replace(other, phases=tuple(replace(one, ops=0, bytes=0) for one in other.phases))
        ],
        "has no phase write": [*runs, replace(other, phases=())],
        "run-1 is given twice": [*runs, runs[0]],
        "ran against here, other against azurite": [*runs, changed(runs[0], endpoint={"name": "azurite"})],
        "ran over http, other over https": [*runs, changed(runs[0], endpoint={"scheme": "https"})],
        "durability not stated, other with durability 2 copies; flush: none": [
            *runs, changed(runs[0], disclosure={"durability": {"redundancy": "2 copies", "flush": "none"}})
        ],
        "write/write upload, text, blocks .* and write/write upload, random": [
            *runs, replace(changed(runs[0]), header=replace(header, plan=packed))
        ],
        "whose processor is A, other .* is B": [here, changed(runs[0], measured_on={**on, "cpu": "B"})],
        "cores is 2, other .* is 4": [here, changed(runs[0], measured_on={**on, "cores": 4})],
        r"faults were injected \(busy\)": [*runs, replace(other, events=(fault,))],
        r"faults were injected \(slow@1s\)": [*runs, changed(runs[0], disclosure={"faults": ["slow@1s"]})],
        "no runs were given": [],
    }  # fmt: skip


@pytest.mark.parametrize("why", [*refusals()])
def test_what_makes_no_forecast(why: str) -> None:
    with pytest.raises(ForecastError, match=why) as refused:
        series(refusals()[why])
    assert refused.value.hint


def test_hosts_of_one_fleet_keys_and_versions_are_a_doubt() -> None:
    runs = law_runs(LAW, SIZES)
    (plain,) = series(runs)
    for what, said in (
        ({"measured_on": {"host": "b"}}, "from several machines"),
        ({"endpoint": {"authorised": "sas"}}, "sign in several ways"),
        ({"tool": "1"}, "several versions"),
    ):
        last = replace(changed(runs[-1], **what), folder=runs[-1].folder)
        (found,) = series([*runs[:-1], last])
        (new,) = set(found.assumptions) - set(plain.assumptions)
        assert said in new


def test_ranks_may_be_what_grows() -> None:
    runs = [
        replace(one, header=replace(one.header, ranks=one.header.workers * 4)) for one in law_runs(LAW, SIZES)
    ]
    (found,) = series(runs, By.RANKS)
    assert [point.size for point in found.points] == [4, 8, 16, 32]


def test_the_tail_of_more_ranks_is_longer() -> None:
    generator = np.random.default_rng(5)
    measured = [[*np.exp(generator.normal(3, 0.1, 32))] for _ in range(5)]
    tails = [tail.last_of(measured, ranks) for ranks in (1, 8, 64, 512, 4096)]
    values = [one.value for one in tails if one]
    assert values == sorted(values)
    assert len(values) == 5
    assert all(1 <= one.low <= one.value <= one.high for one in tails if one)
    assert tail.last_of([[1.0] * 5, [1.0, 2.0]], 64) is None  # 7 ranks say nothing of a tail
    even = tail.last_of([[1.0] * 32], 1000)
    assert even is not None
    assert even.value == 1.0


def test_the_tail_holds_the_truth() -> None:
    """The last of 512 ranks, from 6 iterations of 16: log-normal, exponential and normal ranks."""
    generator = np.random.default_rng(8)
    for draw in (
        lambda shape: np.exp(generator.normal(0, 0.1, shape)),
        lambda shape: 1 + generator.exponential(0.1, shape),
        lambda shape: generator.normal(1, 0.1, shape),
    ):
        many = draw((1000, 512))
        truth = float(np.median(many.max(axis=1) / np.median(many, axis=1)))
        held = 0
        for _ in range(8):
            found = tail.last_of([*draw((6, 16))], 512, draws=60)
            assert found is not None
            held += found.low <= truth <= found.high
        assert held >= 7


def test_no_tail_where_nobody_knows_how_many_ranks_there_will_be() -> None:
    def point(size: int, ranks: int) -> Point:
        return Point(size, (1e8 * size,) * 3, ((1.0, 1.1),) * 3, ranks, 1)

    points = tuple(point(size, ranks) for size, ranks in ((1, 8), (2, 16), (4, 32), (8, 32)))
    one = Series("p", "write", "bytes/s", By.WORKERS, 1.0, points, ())
    assert "neither stay the same" in predict(one, 16).tail_missing
    steady = replace(one, points=tuple(replace(point, ranks=8) for point in points))
    assert "fewer than 16 ranks" in predict(steady, 16).tail_missing
    growing = replace(
        one, points=tuple(replace(point, ranks=8 * point.size, rank_s=((1.0, 1.1) * 20,)) for point in points)
    )
    last = predict(growing, 16).tail
    assert last is not None
    assert last.ranks == 128


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (Usl(GB, 0.05, 0.01), "; most at 10 workers, less beyond"),
        (Usl(GB, 0.9, 0.1), "; every one more gives less"),
    ],
)
def test_where_more_gives_less_is_said(law: Usl, said: str) -> None:
    (one,) = series(law_runs(law, SIZES, noise=0.0))
    assert predict(one, 16).modelled[0].said.endswith(said)


def test_the_command(tmp_path: Path) -> None:
    folders = [str(write(one, tmp_path / one.folder)) for one in law_runs(LAW, SIZES)]
    said = CliRunner().invoke(group, ["forecast", *folders, "--to", "16"], standalone_mode=False)
    assert said.exception is None
    rows = [line for line in said.output.splitlines() if "MB/s" in line or "GB/s" in line]
    assert len(rows) == 6
    assert all("0.001" in row for row in rows)  # the scale stands on every row
    assert "at 8" in said.output
    limited = [*folders, "--to", "16", "--substrate", "blob-account", "--client-gbps", "1"]
    capped = CliRunner().invoke(group, ["forecast", *limited], standalone_mode=False)
    assert "client network 2 GB/s (user-supplied)" in capped.output
    plain = CliRunner().invoke(group, ["forecast", *folders, "--to", "16", "--json"], standalone_mode=False)
    (found,) = json.loads(plain.output)["forecasts"]
    assert {row["size"] for row in found["measured"]} == {*SIZES}
    assert [row["model"] for row in found["modelled"]] == ["USL", "linear"]
    refused = CliRunner().invoke(group, ["forecast", *folders[:3], "--to", "16"], standalone_mode=False)
    assert isinstance(refused.exception, ForecastError)
