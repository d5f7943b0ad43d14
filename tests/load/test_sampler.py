"""The sampler sees what its process and its machine do."""

from __future__ import annotations

import json
import os

from loadgen.validity.sampler import Sampler, way_to


def test_a_sampler_sees_its_own_work() -> None:
    sampler = Sampler(("127.0.0.1", 1))
    until = os.times().user + 0.1
    while os.times().user < until:
        pass
    first, second = sampler.take(), sampler.take()
    assert first["cpu_s"] >= 0.09
    assert second["cpu_s"] < first["cpu_s"]
    assert first["way"]["loopback"]
    assert 0 <= first["machine"] <= 1
    assert first["rss_bytes"] > 0
    json.dumps(first, allow_nan=False)


def test_no_way_is_no_way() -> None:
    assert way_to(("no.such.host.invalid", 1)) is None
