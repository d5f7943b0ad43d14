"""Captures that are none, or broken: one clear line, exit 2, nothing invented."""

from __future__ import annotations

import functools
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.captures.made import DATA, flow, har, har_entry, line, tnetstring
from tests.command.process import Done, refused

Here = Callable[..., Done]

NO_CAPTURE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "pcap": (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(40), "a packet capture"),
    "pcapng": (b"\n\r\r\n" + bytes(40), "a packet capture"),
    "html": (b"<!DOCTYPE html><html></html>", "HTML"),
    "zip": (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
    "list": (b"[1, 2]", "a JSON list"),
    "plain": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP as plain text"),
    "binary": (bytes(range(128, 256)) * 100, "no capture that can be read"),
    "text": (b"what is this", "no capture that can be read"),
    "gzip-binary": (gzip.compress(b"\x00\x01\x02" * 99), "no capture that can be read"),
    "other-json": (b'{"a": 1}\n', "has no uri"),
    "number": (b"12:", "breaks off"),
    "gzip-twice": (gzip.compress(gzip.compress(b"{}")), "packed with gzip twice"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(40), r"only gzip is unpacked"),
    "utf-16": ('{"log": {}}'.encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize("name", NO_CAPTURE)
def test_what_is_no_capture_is_named(here: Here, tmp_path: Path, name: str) -> None:
    data, words = NO_CAPTURE[name]
    path = tmp_path / name
    path.write_bytes(data)
    refused(here("inspect", path), 2, words, name)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["mitmproxy-11.flow", "mitmproxy-11.har"])
def test_a_capture_that_is_cut_off_says_how_far_it_goes(
    here: Here, tmp_path: Path, name: str, part: float
) -> None:
    whole = (DATA / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: int(len(whole) * part)])
    refused(here("inspect", path), 2, r"breaks off after \d+ whole (flows|entries)")


@pytest.mark.parametrize("keep", [10, 200])
def test_half_a_gzip_file(here: Here, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.gz"
    packed = gzip.compress("".join(json.dumps(line(reason=str(at))) + "\n" for at in range(500)).encode())
    path.write_bytes(packed[:keep])
    refused(here("inspect", path), 2, "gzip")
    path.write_bytes(packed[:-8] + bytes(8))
    refused(here("inspect", path), 2, "gzip")


LINES = {
    "no JSON": (b"{nonsense}\n", ":2: no JSON"),
    "half a line": (json.dumps(line()).encode()[:-20], ":2: breaks off"),
    "no object": (b"3\n", ":2: no JSON object"),
    "no method": (json.dumps(line(method=None)).encode(), ":2: has no method"),
    "no status": (json.dumps(line(status="200")).encode(), ":2: status is of the wrong kind"),
    "half a URL": (json.dumps(line(uri="http://[::1")).encode(), ":2: uri is no http"),
    "nested": (b'{"method":' + b"[" * 200_000 + b"\n", ":2: no JSON: values are nested too deeply"),
    "no URL": (json.dumps(line(uri="/c/b")).encode(), ":2: uri is no http"),
    "no pairs": (json.dumps(line(response_headers=["a"])).encode(), ":2: response_headers is no list"),
    "fidelity": (json.dumps(line(fidelity="good")).encode(), ":2: fidelity is none of har, sdk-recording"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_is_named(here: Here, tmp_path: Path, name: str) -> None:
    data, words = LINES[name]
    path = tmp_path / "lines.jsonl"
    path.write_bytes(json.dumps(line()).encode() + b"\n" + data)
    refused(here("inspect", path), 2, words)


ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "no request": ({"request": None}, "entry 2: no request"),
    "no url": ({"request": {"method": "GET", "headers": []}}, "entry 2: no url"),
    "half a url": (
        {"request": {"method": "GET", "headers": [], "url": "http://[::1"}},
        "entry 2: url is no URL",
    ),
    "status": ({"response": {"status": "200", "headers": []}}, "entry 2: status is of the wrong kind"),
    "headers": ({"response": {"status": 200, "headers": ["x"]}}, "entry 2: headers are no list"),
    "base64": (
        {"response": {"status": 200, "headers": [], "content": {"text": "???", "encoding": "base64"}}},
        "entry 2: the content says base64",
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_bad_entry_is_named(here: Here, tmp_path: Path, name: str) -> None:
    change, words = ENTRIES[name]
    path = har(tmp_path / "a.har", har_entry(), {**har_entry(), **change})
    refused(here("inspect", path), 2, words)


def test_a_har_that_is_no_json(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text('{"log": {"entries": [], }}')
    refused(here("inspect", path), 2, "no JSON after 0 whole entries")


def test_a_complaint_shows_nothing_of_the_capture(here: Here, tmp_path: Path) -> None:
    """What stands where a capture breaks may be a key."""
    path = har(tmp_path / "a.har", har_entry())
    path.write_bytes(path.read_bytes().replace(b"x-ms-version", b"Authorization: geheim\xe9"))
    done = here("inspect", path)
    refused(done, 2, "invalid bytes in UTF8")
    assert "geheim" not in done.err
    path = tmp_path / "a.flow"
    path.write_bytes(b"6:geheim#")
    done = here("inspect", path)
    refused(done, 2, "type b'#' is none")
    assert "geheim" not in done.err


def test_a_har_that_is_nested_without_end_is_not_read_to_it(here: Here, tmp_path: Path) -> None:
    """The parser's memory grows with the square of the depth: 100 KB of brackets would take 20 GB."""
    path = tmp_path / "a.har"
    path.write_text('{"log": {"x": ["[[[[", "\\"[["], "entries": ' + "[" * 100_000)
    refused(here("inspect", path), 2, "nested more than 1,000 deep")


def test_a_pipe_cannot_be_read_twice(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    refused(here("inspect", path), 2, "pipe or a device")


def test_an_endpoint_url_that_is_none(here: Here, tmp_path: Path) -> None:
    path = har(tmp_path / "a.har", har_entry())
    refused(here("inspect", path, "--endpoint-url", "http://[::1"), 2, "no http or https URL")


FLOWS = {
    "old": (tnetstring({**flow(), "version": 9}), "older than 20"),
    "no version": (tnetstring({"a": 1}), "file format None"),
    "no request": (tnetstring({**flow(), "request": None}), "no HTTP flow"),
    "no mapping": (tnetstring([1, 2]), "a flow is no mapping"),
    "odd": (b"4:1:1#}", "a key without a value"),
    "bad type": (b"3:abc?", r"no type b'\?'"),
    "bad number": (b"3:abc#", "type b'#' is none"),
    "leading zero": (b"03:abc,", "a length is missing"),
    "too long inside": (b"4:9:a,}", "longer than what holds it"),
    "deep": (tnetstring({"a": functools.reduce(lambda inner, _: [inner], range(99), [1])}), "deep"),
    "endless length": (b"1" * 40 + b":", "no capture that"),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOWS)
def test_a_bad_flow_is_named(here: Here, tmp_path: Path, name: str) -> None:
    data, words = FLOWS[name]
    path = tmp_path / "a.flow"
    path.write_bytes(data)
    refused(here("inspect", path), 2, words)


def test_a_wire_file_that_is_none(here: Here, tmp_path: Path) -> None:
    wires = tmp_path / "run" / "wires"
    wires.mkdir(parents=True)
    path = wires / "a.json"
    for data, words in (
        ("{", "no JSON"),
        ("{}", "no exchanges"),
        ('{"id": "a", "exchanges": [{}]}', "exchange 1 is none"),
    ):
        path.write_text(data)
        refused(here("inspect", tmp_path / "run"), 2, words, r"wires/a\.json")
