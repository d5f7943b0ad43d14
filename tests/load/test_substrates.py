"""Substrates: the ceiling is that which was published, and what is assumed or missing leads to no verdict."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from blobproof.cli import group
from loadgen.plan.make import plan_for
from loadgen.plan.requests import requests
from loadgen.substrates.account import account_floor, account_floors
from loadgen.substrates.ceiling import ceiling, overhead, supplied
from loadgen.substrates.read import substrate, substrates
from loadgen.substrates.values import KNOWN, Kind, Provenance, SubstrateError
from loadgen.work.op import Kind as Request

# GB/s of one node of twelve, EC 8+4: read by gateway, read directly, write, write where receiving is capped.
_MODEL = {
    "L8as_v4": (0.82, 1.56, 1.00, 0.66),
    "L16as_v4": (0.82, 1.56, 1.14, 0.66),
    "L32as_v4": (1.04, 2.00, 1.45, 0.84),
    "L48as_v4": (1.83, 3.50, 2.55, 1.47),
    "L64as_v4": (2.35, 4.50, 3.27, 1.89),
    "L80as_v4": (2.61, 5.00, 3.64, 2.11),
    "L96as_v4": (2.61, 5.00, 3.64, 2.11),
    "L48s_v4": (1.57, 3.00, 2.18, 1.26),
    "L64s_v4": (1.96, 3.75, 2.73, 1.58),
    "L80s_v4": (2.35, 4.50, 3.27, 1.89),
    "L96s_v4": (2.67, 5.12, 3.73, 2.16),
    "L2aos_v4": (0.49, 0.94, 0.37, 0.37),
    "L8aos_v4": (0.82, 1.56, 1.14, 0.66),
    "L16aos_v4": (1.63, 3.12, 2.27, 1.32),
    "L24aos_v4": (2.45, 4.69, 3.41, 1.97),
    "L32aos_v4": (3.26, 6.25, 4.55, 2.63),
    "L96as_v5": (4.57, 8.75, 6.36, 3.68),
    "L160ias_v5": (13.04, 25.0, 16.0, 10.53),
    "L64aos_v5": (6.52, 12.5, 9.09, 5.26),
    "L96aos_v5": (9.78, 18.75, 13.64, 7.89),
    "L128aos_v5": (9.78, 18.75, 13.64, 7.89),
    "L160iaos_v5": (13.04, 25.0, 18.18, 10.53),
}


@pytest.mark.parametrize("name", _MODEL)
def test_the_ceiling_of_every_azure_size_is_that_of_the_published_model(name: str) -> None:
    one = substrate(name)
    usual, direct, capped = ceiling(one), ceiling(one, access="direct"), ceiling(one, receive_capped=True)
    each = 12e9
    got = (usual.read_bytes_per_s, direct.read_bytes_per_s, usual.write_bytes_per_s, capped.write_bytes_per_s)
    assert [value / each for value in got] == pytest.approx(_MODEL[name], abs=0.0051)


def test_every_azure_size_is_there_and_its_hardware_is_published() -> None:
    sizes = [one for one in map(substrate, substrates()) if one.title.startswith("Azure L")]
    assert {one.id for one in sizes} == {*_MODEL}
    for one in sizes:
        for name in ("nvme_disks", "nvme_gb", "raw_tb", "nvme_read_gb_s", "nvme_write_gb_s", "nic_gbps"):
            parameter = one.parameters[name]
            assert parameter.provenance is Provenance.PUBLISHED
            assert (
                parameter.source is not None
                and parameter.date
                and "azure-compute-docs" in parameter.source.url
            )
        said = one.parameters
        disks = said["nvme_disks"].number * said["nvme_gb"].number
        assert said["raw_tb"].number == pytest.approx(disks / 1000)


@pytest.mark.parametrize("name", substrates())
def test_every_parameter_says_where_it_comes_from(name: str) -> None:
    for key, parameter in substrate(name).parameters.items():
        assert parameter.unit == KNOWN[key].unit
        assert parameter.why if parameter.provenance is Provenance.ASSUMED else parameter.source


def test_what_is_assumed_leads_to_no_verdict_until_somebody_says_it() -> None:
    one = substrate("L96as_v4")
    assert ceiling(one).assumed == ("nodes", "redundancy", "access", "receive_capped")
    assert not ceiling(one).may_judge and not one.may_judge and one.provenance is Provenance.ASSUMED
    told = ceiling(one, nodes=12, redundancy="ec 8+4", access="gateway", receive_capped=False)
    assert told.may_judge and told.read_bytes_per_s == ceiling(one).read_bytes_per_s
    account = substrate("blob-account")
    assert account.may_judge and account.provenance is Provenance.PUBLISHED


def test_vast_on_odm_says_nothing_of_itself(tmp_path: Path) -> None:
    one = substrate("vast-odm")
    assert not one.parameters and {*one.missing} == {
        *("nodes", "nic_gbps", "nvme_read_gb_s", "nvme_write_gb_s"),
        *("redundancy", "access", "receive_capped", "drr"),
    }
    with pytest.raises(SubstrateError, match="does not say its nodes") as raised:
        ceiling(one)
    assert 'base = "vast-odm"' in raised.value.hint
    ours = substrate(_write(tmp_path, _OURS))
    assert ours.may_judge and ours.provenance is Provenance.USER_SUPPLIED
    top = ceiling(ours)
    assert top.read_bytes_per_s == 14 * 25e9 and top.write_bytes_per_s == pytest.approx(14 * 10e9 * 2 / 1.1)
    assert {parameter.name for parameter in top.from_parameters} == {*ours.required}


_OURS = """\
    [substrates.ours]
    base = "vast-odm"
    [substrates.ours.parameters]
    nodes = { value = 14, provenance = "user-supplied", date = "2026-11-02", why = "rack plan" }
    nic_gbps = 200
    nvme_read_gb_s = 40
    nvme_write_gb_s = 10
    redundancy = "ec 40+4"
    access = "direct"
    receive_capped = false
    drr = 2.0
    """


def _write(folder: Path, text: str) -> str:
    path = folder / "ours.toml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nic_gbps = 200", "nic_gbps = 0", "nic_gbps cannot be 0"),
        ("nodes = {", "nodes = 1.5\nraw_tb = {", "nodes cannot be 1.5"),
        ("nic_gbps = 200", 'nic_gbps = "fast"', "nic_gbps cannot be 'fast'"),
        ('"ec 40+4"', '"raid"', "redundancy cannot be 'raid'"),
        ('"direct"', '"both"', "access cannot be 'both'"),
        ("receive_capped = false", 'receive_capped = "no"', "receive_capped cannot be 'no'"),
        ("nic_gbps = 200", "nic_gbp = 200", "no parameter 'nic_gbp'"),
        ("nic_gbps = 200", "egress_gbps = 200", "no parameter 'egress_gbps'"),
        ('"vast-odm"', '"vast"', "no substrate 'vast' to begin from"),
        ('provenance = "user-supplied"', 'provenance = "rumour"', "nodes"),
        ('provenance = "user-supplied"', 'provenance = "published", source = "x"', "cites 'x'"),
        ("[substrates.ours]\n", "[substrates.ours\n", "is no TOML"),
        ("drr = 2.0", "", "does not say its drr"),
    ],
)
def test_what_is_wrong_with_ones_own_substrate_is_said_in_a_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = textwrap.dedent(_OURS)
    assert old in text
    with pytest.raises(SubstrateError) as raised:
        ceiling(substrate(_write(tmp_path, text.replace(old, new, 1))))
    assert said in str(raised.value) and raised.value.hint


def test_a_file_of_several_is_told_which(tmp_path: Path) -> None:
    path = _write(
        tmp_path, textwrap.dedent(_OURS) + '\n[substrates.more]\nbase = "ours"\nparameters.nodes = 20\n'
    )
    with pytest.raises(SubstrateError, match="holds 2 substrates"):
        substrate(path)
    more = substrate(f"{path}:more")
    assert (more.id, more.parameters["nodes"].number) == ("more", 20)
    with pytest.raises(SubstrateError, match="no substrate 'less'"):
        substrate(f"{path}:less")
    with pytest.raises(SubstrateError, match="cannot be read"):
        substrate(str(tmp_path / "none.toml"))


def test_ids_are_found_in_any_case_and_near_ones_are_named() -> None:
    assert substrate("l96AS_V4").id == "L96as_v4"
    with pytest.raises(SubstrateError) as raised:
        substrate("L96as_v6")
    assert "L96as_v4" in raised.value.hint


def test_published_runs_on_bare_metal_stay_below_their_ceiling() -> None:
    # GB/s from barrier to barrier, written and read; of the smallest only the writing is known.
    for name, write, read in (
        ("aistore-oci-12", 112.3, 118.3),
        ("aistore-oci-6", 61.4, 64.2),
        ("aistore-oci-3", 34.2, 0.0),
    ):
        top = ceiling(substrate(name))
        assert write * 1e9 < top.write_bytes_per_s < 1.5 * write * 1e9
        assert read * 1e9 < top.read_bytes_per_s
    node = ceiling(substrate("bare-metal-100gbe"))
    assert node.write_bytes_per_s / 12e9 == pytest.approx(5.263, abs=0.001)


@pytest.mark.parametrize(
    ("words", "factor"), [("none", 1), ("ec 8+4", 1.5), ("ec 4+0", 1), ("replicas 3", 3)]
)
def test_redundancy_is_bytes_stored_over_bytes_of_clients(words: str, factor: float) -> None:
    assert overhead(words) == factor


@settings(max_examples=50)
@given(st.integers(1, 500), st.sampled_from(("none", "ec 8+4", "replicas 3")), st.booleans())
def test_more_is_never_less_and_no_node_outruns_its_parts(nodes: int, redundancy: str, capped: bool) -> None:
    one = substrate("L32aos_v4")
    told = {"redundancy": redundancy, "receive_capped": capped}
    gateway, direct = (
        ceiling(one, nodes=nodes, access=access, redundancy=redundancy, receive_capped=capped)
        for access in ("gateway", "direct")
    )
    more = ceiling(one, nodes=nodes + 1, redundancy=redundancy, receive_capped=capped)
    assert gateway.read_bytes_per_s <= direct.read_bytes_per_s <= nodes * 6.25e9
    assert gateway.write_bytes_per_s <= nodes * 8.8e9 / overhead(redundancy) * (1 + 1e-9)
    if nodes >= overhead(redundancy):  # a node of fewer keeps what a client would have to send coded
        assert gateway.write_bytes_per_s <= direct.write_bytes_per_s * (1 + 1e-9)
    assert more.read_bytes_per_s > gateway.read_bytes_per_s * (1 - 1e-9)
    assert supplied(one, told).parameters["redundancy"].provenance is Provenance.USER_SUPPLIED


# Seconds that a default account takes at least: in at 60 and 25 Gbit/s, out at 200 and 50.
@pytest.mark.parametrize(
    ("model", "listed_in", "other_in", "listed_out", "other_out"),
    [
        ("llama3-8b", 15, 36, 4, 18),
        ("llama3-70b", 130, 313, 39, 157),
        ("llama3-405b", 758, 1818, 227, 909),
        ("llama3-1t", 2209, 5301, 663, 2650),
    ],
)
def test_the_floor_of_an_account_is_the_published_one(
    model: str, listed_in: float, other_in: float, listed_out: float, other_out: float
) -> None:
    plan = plan_for(f"checkpoint-{model}")
    for name, into, out in (
        ("blob-account-listed", listed_in, listed_out),
        ("blob-account", other_in, other_out),
    ):
        write, restore = account_floors(plan, substrate(name))
        assert write.ingress_s == pytest.approx(into, abs=0.6) and write.limited_by == "ingress"
        assert restore.egress_s == pytest.approx(out, abs=0.6) and not restore.assumed
        assert account_floor(plan, substrate(name)) == write.seconds + restore.seconds


def test_requests_rule_where_blobs_are_small() -> None:
    plan = plan_for("stage-small-files/hydrate")
    (floor,) = account_floors(plan, substrate("blob-account"))
    assert floor.requests == 2 * 1_170_301 == sum(requests(plan).values())
    assert requests(plan)[Request.PUT_BLOCK_LIST] == 1_170_301
    assert floor.requests_s == pytest.approx(117.03, abs=0.01)
    assert floor.bytes_in == floor.bytes_out == 1_170_301 * 322_957
    (listed,) = account_floors(plan_for("list-storm"), substrate("blob-account"))
    assert (listed.limited_by, listed.bytes_in) == ("requests", 0)


def test_a_cluster_has_no_account_limits() -> None:
    with pytest.raises(SubstrateError, match="no account limits"):
        account_floor(plan_for("churn"), substrate("L96as_v4"))
    with pytest.raises(SubstrateError, match="no parameter 'nodes'"):
        ceiling(substrate("blob-account"), nodes=3)
    assert substrate("blob-account").kind is Kind.ACCOUNT


def test_the_command_lists_all_and_shows_one() -> None:
    every = CliRunner().invoke(group, ["substrates", "--json"])
    facts = {one["id"]: one for one in map(json.loads, every.stdout.splitlines())}
    assert [*facts] == [*substrates()]
    assert facts["vast-odm"]["modelled"] is None and not facts["vast-odm"]["may_judge"]
    words = CliRunner().invoke(
        group, ["substrates", "L32aos_v4", "--nodes", "16", "--redundancy", "replicas 3"]
    )
    assert words.exit_code == 0 and "Modelled ceiling of 16 nodes" in words.stdout
    assert "Leads to no verdict: access, receive_capped assumed" in words.stdout
    assert CliRunner().invoke(group, ["substrates", "--nodes", "3"]).exit_code == 2
    assert "missing" in CliRunner().invoke(group, ["substrates", "vast-odm"]).stdout
