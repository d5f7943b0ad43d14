"""Wire files: heads as they were, bodies short, and nothing in them that opens a door."""

from __future__ import annotations

from harness.endpoint import Endpoint, Secret, Style
from harness.results import wires
from harness.results.wires import wire_json
from tests.judge.made import exchange

KEY = "c2VjcmV0IGtleSBvZiB0aGUgYWNjb3VudA=="
ENDPOINT = Endpoint("x", "http://h/acct", "acct", Style.PATH, key=Secret(KEY))
SIGNATURE = "qL5tbxQ0Y4mWbnPUd6dCXbXnqgYp0Jj0xF5hFhS4bGs="


def test_heads_are_exact_but_for_secrets() -> None:
    one = exchange(
        "GET /acct/c/b?sv=2025-07-05&sig=abc%2Bdef",
        403,
        (("X-Twice", "a"), ("x-twice", "b")),
        f"The MAC signature; key {KEY}".encode(),
        asked={
            "Authorization": f"SharedKey acct:{SIGNATURE}",
            "x-ms-copy-source": f"http://h/c?sig={SIGNATURE}",
        },
    )
    made = wire_json("a/b", [one], ["given 1"], ENDPOINT)
    (said,) = made["exchanges"]
    assert said["step"] == "given 1"
    assert said["request"]["line"] == "GET /acct/c/b?sv=2025-07-05&sig=REDACTED HTTP/1.1"
    assert said["request"]["headers"][0] == ["Authorization", "SharedKey acct:REDACTED"]
    assert said["response"]["headers"] == [["X-Twice", "a"], ["x-twice", "b"]]
    assert KEY not in str(made)
    assert SIGNATURE not in str(made)


def test_bodies_are_text_where_they_are_and_a_little_hex_where_not() -> None:
    text = exchange(body=b"<a>1\r\n2</a>")
    binary = exchange(body=bytes(range(256)) * 4, sent=b"\xff\xfe")
    nothing = exchange()
    long = exchange(body=("é" * 100_000).encode())
    made = wire_json("a/b", [text, binary, nothing, long], ["1", "2", "3", "4"], ENDPOINT)["exchanges"]
    bodies = [one["response"]["body"] for one in made]
    assert (bodies[0]["text"], bodies[0]["hex"]) == ("<a>1\r\n2</a>", None)
    assert (bodies[1]["text"], bodies[1]["hex"]) == (None, bytes(range(256)).hex())
    assert (bodies[1]["length"], made[1]["request"]["body"]["hex"]) == (1024, "fffe")
    assert (bodies[2]["text"], bodies[2]["hex"], bodies[2]["length"]) == (None, None, 0)
    assert bodies[3]["text"] == "é" * wires.TEXT_KEPT


def test_without_an_answer_there_is_none() -> None:
    (said,) = wire_json("a/b", [exchange(status=0, failure="timeout: x")], ["1"], ENDPOINT)["exchanges"]
    assert said["response"] is None
    assert said["failure"] == "timeout: x"


def test_of_very_many_exchanges_some_are_left_out_and_counted() -> None:
    many = [exchange()] * (wires.MOST + 3)
    made = wire_json("a/b", many, [""] * len(many), ENDPOINT)
    assert len(made["exchanges"]) + made["left_out"] == len(many)
    assert made["left_out"] > 0
