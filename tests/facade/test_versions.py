"""The shape of answers follows the effective version, wherever the request names it."""

from __future__ import annotations

import re

import pytest

from reference_impl.protocol import since
from tests.facade.client import Client


def at(client: Client, method: str, target: str, version: str) -> set[str]:
    """The names in an answer to a request that names its version in the query only."""
    mark = "&" if "?" in target else "?"
    answer = client.send(method, f"{target}{mark}api-version={version}", {"x-ms-version": None})
    assert answer.status < 300, answer
    assert answer["x-ms-version"] == version
    return {name.lower() for name in answer.names} | set(re.findall(r"<([A-Z][\w-]+)", answer.body.decode()))


@pytest.mark.parametrize("version", ["2015-04-05", "2016-05-31", "2017-04-17", "2017-11-09", "2019-12-12"])
def test_nothing_is_told_before_its_time(client: Client, container: str, version: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"x")
    found = {
        "blob": at(client, "HEAD", target, version),
        "container": at(client, "HEAD", f"/{container}?restype=container", version),
        "blobs": at(client, "GET", f"/{container}?restype=container&comp=list", version),
        "containers": at(client, "GET", f"/?comp=list&prefix={container}", version),
        "deletion": at(client, "DELETE", target, version),
    }
    young = {name for name, first in {**since.HEADERS, **since.ELEMENTS}.items() if first > version}
    assert {where: names & young for where, names in found.items() if names & young} == {}
    assert ("x-ms-creation-time" in found["blob"]) is (version >= "2017-11-09")
    assert ("AccessTier" in found["blobs"]) is (version >= "2017-04-17")
    assert ("x-ms-delete-type-permanent" in found["deletion"]) is (version >= "2017-11-09")


def test_the_range_tells_the_whole_md5_since_2016(client: Client, container: str) -> None:
    target = f"/{container}/b"
    client.put(target, b"hello")
    for version, told in (("2015-12-11", False), ("2016-05-31", True)):
        answer = client.send(
            "GET", f"{target}?api-version={version}", {"x-ms-version": None, "x-ms-range": "bytes=0-1"}
        )
        assert (answer.status, answer.get("x-ms-blob-content-md5") is not None) == (206, told)


@pytest.mark.parametrize(("version", "limit"), [("2015-12-11", 64), ("2017-04-17", 256)])
def test_the_limit_follows_the_query(client: Client, container: str, version: str, limit: int) -> None:
    headers = {"x-ms-version": None, "x-ms-blob-type": "BlockBlob", "Content-Length": str((limit << 20) + 1)}
    target = f"/{container}/b?api-version={version}"
    answer = client.send("PUT", target, {**headers, "Expect": "100-continue"})
    assert (answer.status, answer.xml.findtext("MaxLimit")) == (413, str(limit << 20))


def test_tokens_are_younger_than_some_versions(client: Client, container: str) -> None:
    headers = {"x-ms-version": None, "Authorization": "Bearer token"}
    answer = client.send("GET", f"/{container}/b?api-version=2017-07-29", headers)
    assert (answer.status, answer.xml.findtext("Code")) == (403, "AuthenticationFailed")
    assert b"Authentication scheme Bearer is not supported in this version." in answer.body
