"""Left-over containers: only our own are ever deleted, whatever an endpoint lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness.containers import RUN_PREFIX, Container, ContainerListError, containers, older, remove
from tests.execute.service import Received, response, service

NOW = datetime.now(UTC)


def _page(*names: str, marker: str = "", modified: str | None = None) -> bytes:
    when = modified if modified is not None else format_datetime(NOW, usegmt=True)
    entries = "".join(
        f"<Container><Name>{name}</Name><Properties><Last-Modified>{when}</Last-Modified></Properties></Container>"
        for name in names
    )
    xml = f"<EnumerationResults><Containers>{entries}</Containers><NextMarker>{marker}</NextMarker>"
    return response(200, "", f"{xml}</EnumerationResults>".encode())


def test_pages_are_followed_and_strangers_left_out() -> None:
    def answers(request: Received) -> bytes:
        return (
            _page("bp-2", "bp-3") if "marker=m%2F1" in request.target else _page("bp-1", "mine", marker="m/1")
        )

    with service(answers) as made:
        assert [one.name for one in containers(made.endpoint, RUN_PREFIX)] == ["bp-1", "bp-2", "bp-3"]
    assert all(request.method == "GET" and "prefix=bp-" in request.target for request in made.requests)


def test_markers_without_end_do_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.containers._PAGES", 5)
    with service(lambda request: _page("bp-1", marker="again")) as made:
        assert len(containers(made.endpoint, RUN_PREFIX)) == 5


@pytest.mark.parametrize(
    ("answer", "says"), [(response(403), "answered 403"), (response(200, "", b"<"), "no XML")]
)
def test_what_cannot_be_listed_is_said(answer: bytes, says: str) -> None:
    with service(lambda request: answer) as made, pytest.raises(ContainerListError, match=says):
        containers(made.endpoint, RUN_PREFIX)


def test_only_delete_is_used_and_what_stays_is_named() -> None:
    def answers(request: Received) -> bytes:
        return response({"bp-1": 202, "bp-2": 404}.get(request.target.split("/")[2].split("?")[0], 412))

    with service(answers) as made:
        stayed = remove(made.endpoint, ["bp-1", "bp-2", "bp-3"])
    assert {request.method for request in made.requests} == {"DELETE"}
    assert dict(stayed) == {"bp-3": "412"}


def test_an_endpoint_that_is_gone_is_asked_once() -> None:
    with service(lambda request: b"") as made:
        stayed = remove(made.endpoint, ["bp-1", "bp-2"])
    assert list(stayed) == ["bp-1", "bp-2"]
    assert len(made.requests) == 1


def test_age_decides_and_an_unknown_age_is_young() -> None:
    found = [
        Container("bp-old", NOW - timedelta(hours=30)),
        Container("bp-new", NOW - timedelta(hours=1)),
        Container("bp-unknown", None),
    ]
    assert older(found, 24) == ("bp-old",)
    assert older(found, 0) == ("bp-old", "bp-new")
    with service(lambda request: _page("bp-1", modified="soon")) as made:
        assert containers(made.endpoint, RUN_PREFIX) == (Container("bp-1", None),)
