"""The shipped profiles: whole, sourced, and with the published bytes and blobs of checkpoints."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from blobproof.cli import group
from blobproof.commands.profiles import every_number
from harness.vocabulary import ExitCode
from loadgen.payload.recipes import recipes
from loadgen.plan.document import load
from loadgen.plan.make import plan_for
from loadgen.plan.moved import laid_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Action, Lane, Plan, Share
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.read import profile, profiles
from loadgen.profiles.state import LAYOUTS
from loadgen.profiles.values import Provenance
from loadgen.work.op import Kind

_GIB = 1 << 30

# Bytes, blobs, parameters and Put Blocks by block size, from benchmarks of MLPerf Storage; sizes in GiB.
_PUBLISHED = {
    "llama3-8b": (104.7, 16, 8.03e9, {4: 26_808, 8: 13_408, 32: 3_352, 64: 1_680, 100: 1_080}),
    "llama3-70b": (911.212, 128, 69.88e9, {4: 233_344, 8: 116_736, 32: 29_248, 64: 14_656, 100: 9_344}),
    "llama3-405b": (
        *(5_292.2, 1_544, 405.85e9),
        {4: 1_356_280, 8: 678_904, 32: 169_864, 64: 84_936, 100: 54_760},
    ),
    "llama3-1t": (
        *(15_426.589, 2_072, 1_183e9),
        {4: 3_949_672, 8: 1_974_840, 32: 495_000, 64: 248_024, 100: 158_856},
    ),
}


def _stored(plan: Plan) -> int:
    return laid_bytes(plan)


@pytest.mark.parametrize("model", _PUBLISHED)
def test_checkpoints_have_the_published_bytes_blobs_and_blocks(model: str) -> None:
    gib, blobs, _, blocks = _PUBLISHED[model]
    plan = plan_for(f"checkpoint-{model}")
    assert _stored(plan) / _GIB == pytest.approx(gib, abs=0.05)
    assert sum(files.count for files in plan.files) == blobs
    for mib, count in blocks.items():
        # Put Blob was not counted apart when these were published: the smallest blobs are one block each.
        made = sum(-(-files.bytes // (mib << 20)) * files.count for files in plan.files)
        assert made == count


def test_what_the_published_log_says_of_1t_is_met_to_a_mebibyte() -> None:
    assert _stored(plan_for("checkpoint-llama3-1t")) / _GIB == pytest.approx(15_426.589, abs=0.001)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("model", _PUBLISHED)
def test_every_layout_holds_the_same_state(model: str, layout: str) -> None:
    usual, plan = (plan_for(f"checkpoint-{model}", choices={"layout": one}) for one in ("dlio", layout))
    assert _stored(plan) == pytest.approx(_stored(usual), rel=1e-4)
    ranks = plan.full_ranks
    if layout != "dlio":
        parts = plan.file_set("distcp")
        assert (parts.count, parts.owners) == (ranks * {"dcp": 1, "megatron": 2}[layout], ranks)
        assert parts.pattern.format(rank=3, part=0) == "__3_0.distcp"
        assert plan.file_set("metadata").pattern == ".metadata"


def test_with_zero_1_the_first_replica_alone_writes_the_model() -> None:
    plan = plan_for("checkpoint-llama3-405b")
    assert plan.ranks == 512
    assert {files.name: files.owners for files in plan.files}["layer"] == 256
    assert plan.file_set("optim").owners == 512


@pytest.mark.parametrize("name", profiles())
def test_every_profile_is_whole_and_every_number_has_a_source_or_a_reason(name: str) -> None:
    one = profile(name)
    assert one.title and one.why
    for number in every_number(one).values():
        assert number.provenance is not Provenance.USER_SUPPLIED
        assert number.source in one.sources if number.source else number.why
    plan = plan_for(one)
    assert plan.scale == 1 and not plan.notes
    assert plan.full_bytes > 0 and plan.ranks == plan.full_ranks
    assert {files.payload for files in plan.files} <= {*recipes()}
    laid: set[str] = set()
    for phase in plan.phases:
        assert phase.deadline_s >= 60
        reading = [lane for lane in phase.lanes if lane.action in (Action.DOWNLOAD, Action.HYDRATE)]
        assert all(set(lane.files) <= laid for lane in reading)
        laid |= {one for lane in phase.lanes if lane.action is Action.UPLOAD for one in lane.files}
        assert sum(phase_requests(plan, phase).values()) > 0


def test_the_profiles_that_were_asked_for_are_there() -> None:
    formats = ("mds", "webdataset-1gb", "webdataset-3gb", "tfrecord", "parquet", "small-files")
    wanted = {f"stage-{one}/{route}" for one in formats for route in ("upload", "download", "hydrate")}
    wanted |= {f"checkpoint-{one}" for one in _PUBLISHED}
    variants = ("own", "everything", "one-per-group")
    wanted |= {f"restore-{one}/{variant}" for one in _PUBLISHED for variant in variants}
    wanted |= {"list-storm", "mixed", "churn"}
    assert wanted <= {*profiles()}


@pytest.mark.parametrize(
    ("name", "choices", "demand"),
    [
        ("feed-unet3d", {"accelerator": "a100"}, 1.614),
        ("feed-unet3d", {}, 3.177),
        ("feed-unet3d", {"accelerator": "b200"}, 6.335),
        ("feed-resnet50", {"accelerator": "a100"}, 0.105),
        ("feed-resnet50", {}, 0.205),
        ("feed-cosmoflow", {"accelerator": "a100"}, 0.514),
        ("feed-cosmoflow", {}, 0.809),
        ("feed-retinanet", {}, 0.163),
    ],
)
def test_accelerators_ask_for_the_published_bytes(name: str, choices: dict[str, str], demand: float) -> None:
    plan = plan_for(name, choices=choices)
    lane = _lane(plan, "feed")
    assert lane.arrivals is not None
    per_second = lane.arrivals.rate * plan.file_set("samples").bytes / plan.ranks
    # The samples of a TFRecord file are a little less than the file.
    assert per_second / 1e9 == pytest.approx(demand, abs=0.001)


def _lane(plan: Plan, phase: str, lane: str = "") -> Lane:
    (found,) = [
        one for part in plan.phases if part.name == phase for one in part.lanes if one.name == (lane or phase)
    ]
    return found


def test_the_routes_and_variants_do_what_their_names_say() -> None:
    assert _lane(plan_for("stage-mds/hydrate"), "hydrate").action is Action.HYDRATE
    assert _lane(plan_for("stage-mds/download"), "fetch").action is Action.DOWNLOAD
    assert _lane(plan_for("restore-llama3-8b/everything"), "restore").share is Share.ALL
    assert _lane(plan_for("restore-llama3-405b/one-per-group"), "restore").ranks == 256
    listing = plan_for("list-storm")
    assert phase_requests(listing, listing.phases[1]) == {Kind.LIST_BLOBS: 512 * 31}
    churn = _lane(plan_for("churn"), "churn")
    assert churn.arrivals is not None and churn.arrivals.rate * 4 == 20_000


def test_a_mixed_load_has_its_lanes_side_by_side() -> None:
    plan = plan_for("mixed")
    restore, stage = _lane(plan, "mixed", "restore"), _lane(plan, "mixed", "stage")
    assert (restore.first_rank, restore.ranks, stage.first_rank, stage.ranks) == (0, 64, 64, 64)
    assert set(restore.files) == {"model", "optim"} and stage.files == ("shards",)


def test_choices_change_numbers_and_are_told_in_the_title() -> None:
    plan = plan_for("checkpoint-llama3-8b", choices={"blocks": "sdk", "mode": "asynchronous"})
    write = _lane(plan, "write")
    assert (write.block_bytes, write.single_bytes) == (4 << 20, 64 << 20)
    assert plan.asynchronous and plan.snapshot_s == 6.3
    assert plan.title.endswith("blocks sdk, mode asynchronous")
    usual = plan_for("checkpoint-llama3-8b")
    assert _lane(usual, "write").block_bytes == 8 << 20 and not usual.asynchronous


@pytest.mark.parametrize(
    ("choices", "hint"),
    [({"layout": "dpc"}, "Did you mean dcp?"), ({"colour": "red"}, "There is to choose: layout")],
)
def test_a_choice_that_there_is_not_is_said(choices: dict[str, str], hint: str) -> None:
    with pytest.raises(ProfileError) as raised:
        plan_for("checkpoint-llama3-8b", choices=choices)
    assert hint in raised.value.hint and raised.value.exit_code is ExitCode.USAGE


def test_a_profile_that_there_is_not_has_near_names() -> None:
    with pytest.raises(ProfileError) as raised:
        profile("checkpoint-llama-8b")
    assert "checkpoint-llama3-8b" in raised.value.hint


_OWN = """\
    id = "ours"
    title = "Ours"
    why = "We want to know."
    ranks = 4

    [[files]]
    name = "parts"
    count = 40
    bytes = 1000000
    payload = "text"

    [[phases]]
    name = "stage"

    [[phases.lanes]]
    name = "stage"
    action = "upload"
    files = ["parts"]
    """


def _write(folder: Path, text: str) -> str:
    path = folder / "ours.toml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


def test_a_profile_of_ones_own_may_have_bare_numbers(tmp_path: Path) -> None:
    path = _write(tmp_path, _OWN)
    plan = plan_for(path, scale=0.5)
    assert (plan.profile, plan.full_bytes, plan.scale) == ("ours", 40_000_000, 0.5)
    assert {one.provenance for one in profile(path).numbers.values()} == {Provenance.USER_SUPPLIED}


def test_a_profile_of_ones_own_may_use_shipped_sets(tmp_path: Path) -> None:
    text = textwrap.dedent(_OWN)
    start, end = text.index("[[files]]"), text.index("[[phases]]")
    text = text[:start].replace("ranks = 4", 'ranks = 4\nuse = ["mds"]') + text[end:].replace("parts", "mds")
    assert plan_for(_write(tmp_path, text)).file_set("shards").bytes == 64 << 20


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Ours"', "title = Ours", "is no TOML"),
        ('title = "Ours"', "", "'title' is a required property"),
        ("count = 40", "count = -1", "-1"),
        ("count = 40", 'count = "many"', "no number of it"),
        ('files = ["parts"]', 'files = ["pieces"]', "no set of files"),
        ('payload = "text"', 'payload = "txt"', "no payload recipe"),
        ('payload = "text"', 'payload = "text"\npattern = "{rank}_{part}"', "says no owners"),
        ('payload = "text"', 'payload = "text"\npattern = "same"', "same name"),
        ('payload = "text"', 'payload = "text"\npattern = "{nothing}"', "makes no names"),
        ('action = "upload"', 'action = "upload"\nranks = 5', "lanes have 5 ranks"),
        ('action = "upload"', 'action = "upload"\nseconds = 5', "rate"),
        ("ranks = 4", 'ranks = 4\nuse = ["msd"]', "no set 'msd'"),
    ],
)
def test_what_is_wrong_with_ones_own_profile_is_said_in_a_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = textwrap.dedent(_OWN)
    assert old in text
    with pytest.raises(ProfileError) as raised:
        plan_for(_write(tmp_path, text.replace(old, new, 1)))
    assert said in str(raised.value) and "\n" not in str(raised.value) and raised.value.hint


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        profile(str(tmp_path / "none.toml"))


def test_the_command_lists_all_and_shows_one() -> None:
    every = CliRunner().invoke(group, ["profiles", "--json", "--scale", "1/1000"])
    assert every.exit_code == 0
    assert [json.loads(line)["id"] for line in every.stdout.splitlines()] == [*profiles()]
    shown = CliRunner().invoke(group, ["profiles", "mixed", "--scale", "0.1%", "--json"])
    facts = json.loads(shown.stdout)
    assert load(facts["plan"]) == plan_for("mixed", scale=0.001)
    words = CliRunner().invoke(group, ["profiles", "checkpoint-llama3-8b", "--choose", "layout=dcp"])
    assert words.exit_code == 0 and "__{rank}_{part}.distcp" in words.stdout and "assumed" in words.stdout
