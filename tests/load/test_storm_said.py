"""What --fault may say, and what is refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.faults.fault import Kind as Harm
from harness.vocabulary import ExitCode
from loadgen.storm.plan import StormError, What, check, parse


def test_no_fault_is_no_storm() -> None:
    assert parse([]) is None


def test_what_may_be_said() -> None:
    storm = parse(
        [
            "busy@10s+5s",
            "slow@restore:500ms+2m,delay=200ms,nodes=3",
            "kill-worker@20s,worker=2",
            "restart@30+2s",
            "throttle-429-retry-after@40s+1s,on=write",
        ]
    )
    assert storm is not None
    assert storm.nodes == 3
    assert storm.needs_proxy
    assert storm.needs_restart
    busy, kill, restart, throttle, slow = storm.acts
    assert (busy.what, busy.at_s, busy.end_s) == (What.WIRE, 10, 15)
    assert busy.fault is not None
    assert (busy.fault.status, busy.fault.times) == (503, 0)
    assert (kill.what, kill.worker, kill.during_s) == (What.KILL_WORKER, 2, 0)
    assert (restart.at_s, restart.end_s) == (30, 32)
    assert throttle.fault is not None
    assert (throttle.fault.on, throttle.fault.retry_after) == ("write", 1)
    assert slow.fault is not None
    assert (slow.phase, slow.at_s, slow.during_s) == ("restore", 0.5, 120)
    assert (slow.fault.kind, slow.fault.seconds) == (Harm.STALL, 0.2)


def test_a_rate() -> None:
    storm = parse(["slow@1s+1s,rate=1.5MiB/s"])
    assert storm is not None
    assert storm.acts[0].fault is not None
    assert storm.acts[0].fault.bytes_per_second == 3 << 19


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("busy", "WHAT@TIME"),
        ("busy@", "WHAT@TIME"),
        ("busy@10s", "for how long"),
        ("busy@10s+0s", "for how long"),
        ("busy@10h+1s", "'10h' is no time"),
        ("busy@-1s+1s", "'-1s' is no time"),
        ("bsy@1s+1s", "no fault is called 'bsy'"),
        ("busy@1s+1s,on=everything", "everything"),
        ("busy@1s+1s,worker=1", "no option 'worker'"),
        ("busy@1s+1s,on", "not one NAME=VALUE"),
        ("slow@1s+1s", "either delay=TIME or rate"),
        ("slow@1s+1s,delay=1s,rate=1MB/s", "either delay=TIME or rate"),
        ("slow@1s+1s,delay=0s", "a delay of nothing"),
        ("slow@1s+1s,rate=fast", "'fast' is no rate"),
        ("slow@1s+1s,delay=1s,nodes=0", "no whole number from 1 to 64"),
        ("kill-worker@1s+1s", "does not come back"),
        ("kill-worker@1s,worker=x", "no whole number"),
        ("reset-inside-request@1s+1s,on=list", "not meant for 'list'"),
    ],
)
def test_what_means_nothing_is_said_in_one_line(text: str, about: str) -> None:
    with pytest.raises(StormError, match="--fault") as caught:
        parse([text])
    assert about in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


def test_two_at_once_cannot_be_told_apart() -> None:
    with pytest.raises(StormError, match="before"):
        parse(["busy@1s+5s", "slow@3s+5s,delay=1s"])
    assert parse(["busy@1s+5s", "slow@6s+5s,delay=1s"]) is not None


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("busy@restor:1s+1s", "no phase 'restor'"),
        ("kill-worker@1s,worker=2", "no worker 2"),
        ("restart@1s+1s", "only the built-in reference"),
    ],
)
def test_what_this_run_cannot_have(text: str, about: str) -> None:
    storm = parse([text])
    assert storm is not None
    with pytest.raises(StormError, match=about):
        check(storm, phases=["prepare", "restore"], workers=2, can_restart=False)


def test_the_last_worker_is_not_killed() -> None:
    storm = parse(["kill-worker@1s"])
    assert storm is not None
    check(storm, phases=[], workers=2, can_restart=False)
    with pytest.raises(StormError, match="nobody left"):
        check(storm, phases=[], workers=1, can_restart=False)


@given(st.text(max_size=30))
def test_any_text_is_a_storm_or_one_line(text: str) -> None:
    try:
        storm = parse([text])
    except StormError as error:
        assert error.hint
    else:
        assert storm is not None
