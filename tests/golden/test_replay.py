"""Replays at a façade: every way of signing, every address, and servers that are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.cases import case as c
from harness.endpoint import Endpoint, Secret, Style
from harness.endpoints import open_endpoint
from harness.exchange import header
from harness.golden.address import AddressError, at_address, turned
from harness.golden.case import as_case
from harness.golden.replay import replay_once
from harness.golden.spec import GoldenSpec
from harness.golden.ways import Way
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.results.finding import Finding, verdict
from harness.signing.authorise import account_sas
from harness.signing.spec import AccountSas
from harness.vocabulary import Verdict
from tests.golden.made import HEADERS, KIND, LENGTH, PAYLOAD, blocks, expect, spec, step


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    """One façade for all of them."""
    with open_endpoint("reference") as endpoint:
        yield endpoint


def judged(of: GoldenSpec, facts: Facts) -> tuple[Finding, ...]:
    """What the judge says, without what wire rules say in passing."""
    return tuple(one for one in judge(as_case(of), facts) if one.verdict is not Verdict.OBSERVED)


def wrong(found: tuple[Finding, ...]) -> list[str]:
    """What did not hold."""
    return [f"{one.step}: {one.about}: {one.observed}" for one in found if one.verdict is not Verdict.PASS]


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("face", ["main", "https", "host", "host-https"])
def test_an_upload_in_blocks_passes_in_each_way_at_each_address(
    facade: Endpoint, face: str, way: Way
) -> None:
    of = blocks()
    facts = replay_once(of, turned(facade, face), way=way)
    found = judged(of, facts)
    assert wrong(found) == []
    assert verdict(found) is Verdict.PASS
    assert len(facts.steps) == 7


# --- what a way of signing cannot do is left to the endpoint's default ---


def account_work() -> GoldenSpec:
    """A client that looks around, makes a container, works in it and removes it."""
    at = "/{new-container}"
    made = step("make", f"PUT {at}?restype=container", operation="Create Container", wanted=expect(201))
    length = (*HEADERS, LENGTH)
    return spec(
        step("services", "GET /?comp=list&prefix=bp-none", operation="List Containers"),
        replace(made, step=replace(made.step, headers=length)),
        step(
            "put",
            f"PUT {at}/a%20b",
            operation="Put Blob",
            headers=(*length, KIND, ("x-ms-meta-b", ""), ("x-ms-meta-a", "1"), ("x-ms-tags", "a=b")),
            wanted=expect(201),
            after=["make"],
        ),
        step("acl", f"GET {at}?restype=container&comp=acl", operation="Get Container ACL", after=["put"]),
        step("tags", f"GET {at}/a%20b?comp=tags", operation="Get Blob Tags", after=["put"]),
        step("list", f"GET {at}?restype=container&comp=list", operation="List Blobs", after=["put"]),
        step(
            "information",
            f"GET {at}/a%20b?comp=properties&restype=account",
            operation="Get Account Information",
            after=["put"],
        ),
        step(
            "properties", f"HEAD {at}?restype=container", operation="Get Container Properties", after=["put"]
        ),
        step(
            "batch", f"POST {at}?restype=container&comp=batch", operation="Blob Batch", after=["list", "tags"]
        ),
        step(
            "remove",
            f"DELETE {at}?restype=container",
            operation="Delete Container",
            wanted=expect(202),
            after=["acl", "list", "batch", "information", "properties"],
        ),
    )


def with_batch(of: GoldenSpec, *, account: bool) -> GoldenSpec:
    """The same with a batch that deletes the blob, asked of its container or of the account."""
    part = c.BatchPart(
        "DELETE",
        "/{new-container}/a%20b",
        headers=(
            ("x-ms-client-request-id", "{guid:9}"),
            ("Content-Length", "0"),
            ("Authorization", "{authorization}"),
        ),
        mime=(("Content-Type", "application/http"), ("Content-ID", "0")),
    )
    parts = (c.PartExpect(c.Graded((202,))),)
    sent = c.Step(
        "POST",
        "/?comp=batch" if account else "/{new-container}?restype=container&comp=batch",
        (*HEADERS, LENGTH, ("Content-Type", "multipart/mixed; boundary=batch_{guid:8}")),
        c.Batch((part,), boundary="batch_{guid:8}"),
        expect=replace(expect(202), parts=parts),
        exact=True,
    )
    return replace(
        of, steps=tuple(replace(one, step=sent) if one.name == "batch" else one for one in of.steps)
    )


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("way", Way)
def test_what_a_way_cannot_do_is_signed_as_the_endpoint_does(
    facade: Endpoint, way: Way, account: bool
) -> None:
    of = replace(with_batch(account_work(), account=account), signed="shared-key")
    found = judged(of, replay_once(of, facade, way=way))
    assert wrong(found) == []


@pytest.mark.parametrize("way", Way)
def test_what_a_step_says_of_its_credentials_is_held(facade: Endpoint, way: Way) -> None:
    weak = {"account-sas": {"permissions": "r"}}
    of = spec(
        step(
            "weak",
            "PUT /{own-container}/a",
            operation="Put Blob",
            headers=(*HEADERS, LENGTH, KIND),
            wanted=expect(403, error="AuthorizationPermissionMismatch"),
            auth=weak,
        ),
        step("nobody", "GET /{own-container}/a", wanted=expect(401), auth="anonymous"),
    )
    assert wrong(judged(of, replay_once(of, facade, way=way))) == []


@pytest.mark.parametrize("way", Way)
def test_copy_sources_have_credentials_of_their_own(facade: Endpoint, way: Way) -> None:
    source = ("x-ms-copy-source", "{url}/{own-container}/source?{source-sas}")
    tier = ("x-ms-access-tier", "Hot")
    of = spec(
        step(
            "copy",
            "PUT /{own-container}/copy",
            operation="Put Blob From URL",
            headers=(*HEADERS, LENGTH, source, KIND, tier),
            wanted=expect(201),
        ),
        given=[c.Step("PUT", "/{own-container}/source", (KIND,), PAYLOAD, expect=expect(201))],
        then=[c.Step("GET", "/{own-container}/copy", expect=replace(expect(200), body=c.Graded(PAYLOAD)))],
    )
    assert wrong(judged(of, replay_once(of, facade, way=way))) == []


def bare_copy() -> GoldenSpec:
    """A client that copies within its account, and leaves it to its own credentials to open the source."""
    headers = (*HEADERS, LENGTH, ("x-ms-copy-source", "{url}/{own-container}/source"))
    line = "PUT /{own-container}/copy"
    return spec(
        step("copy", line, operation="Copy Blob", headers=headers, wanted=expect(202)),
        given=[c.Step("PUT", "/{own-container}/source", (KIND,), PAYLOAD, expect=expect(201))],
        signed="shared-key",
    )


@pytest.mark.parametrize("way", Way)
def test_a_bare_copy_source_is_opened_by_the_endpoints_default(facade: Endpoint, way: Way) -> None:
    assert wrong(judged(bare_copy(), replay_once(bare_copy(), facade, way=way))) == []


@pytest.mark.parametrize(
    ("way", "lacking"),
    [
        (Way.SHARED_KEY, "account key"),
        (Way.SERVICE_SAS, "account key"),
        (Way.BEARER, "token source"),
        (Way.USER_DELEGATION_SAS, "token source"),
    ],
)
def test_a_credential_that_the_endpoint_lacks(facade: Endpoint, way: Way, lacking: str) -> None:
    key = facade.key
    assert key is not None
    sas = Secret(account_sas(facade, AccountSas(), datetime.now(UTC)))
    poor = replace(facade, key=None, tokens=None, sas=sas)
    facts = replay_once(blocks(), poor, way=way)
    assert facts.not_applicable == f"endpoint reference has no {lacking}"
    assert verdict(judge(as_case(blocks()), facts)) is Verdict.NOT_APPLICABLE
    facts = replay_once(bare_copy(), poor)
    assert facts.not_applicable == "endpoint reference has no credential for Copy Blob of a bare source"
    for instead in (Way.RECORDED, Way.ACCOUNT_SAS, Way.DEFAULT):
        of = replace(blocks(), signed="shared-key", sas="sorted")
        assert wrong(judged(of, replay_once(of, poor, way=instead))) == []


# --- addresses ---


def test_a_spec_goes_to_the_address_that_it_needs(facade: Endpoint) -> None:
    of = blocks(needs={"style": "host", "scheme": "https"})
    facts = replay_once(of, facade)
    assert wrong(judged(of, facts)) == []
    seen = [fact for fact in facts.steps if not fact.label.startswith("then")]
    assert {fact.exchange.scheme for fact in seen} == {"https"}
    assert {fact.prefix for fact in seen} == {""}
    alone = replace(facade, also={})
    facts = replay_once(of, alone)
    assert facts.not_applicable == (
        "it is about style host and scheme https, and endpoint reference has no such address"
    )


@pytest.mark.parametrize("way", [Way.BEARER, Way.SHARED_KEY])
@pytest.mark.parametrize("style", Style)
def test_tokens_go_over_https_in_the_same_style(facade: Endpoint, style: Style, way: Way) -> None:
    facts = replay_once(blocks(2), at_address(facade, None, style), way=way)
    steps = [fact for fact in facts.steps if not fact.label.startswith("then")]
    assert {fact.exchange.scheme for fact in steps} == {"https" if way is Way.BEARER else "http"}
    assert {fact.prefix for fact in facts.steps} == {"/blobproof" if style is Style.PATH else ""}


def test_an_address_that_there_is_not(facade: Endpoint) -> None:
    with pytest.raises(AddressError, match="has no address 'ftp'; it has: main, https"):
        at_address(facade, "ftp", None)
    with pytest.raises(AddressError, match="endpoint reference has no address of style host"):
        at_address(replace(facade, also={}), None, Style.HOST)


def test_a_replay_by_way_of_a_recorder(facade: Endpoint) -> None:
    main = facade.face()
    recorder = replace(main, authority=f"localhost:{main.address[1]}")
    facts = replay_once(blocks(2), facade, via=recorder, prefix="bp-r-")
    hosts = {fact.label: header(fact.exchange.request.headers, "Host") for fact in facts.steps}
    assert hosts.pop("then 1") == main.authority
    assert set(hosts.values()) == {recorder.authority}
    assert {fact.scope.own_container for fact in facts.steps} == {"bp-r-own-0001"}
    assert {fact.scope.url for fact in facts.steps} == {recorder.url}


# --- servers that are wrong ---


def stale_etag() -> GoldenSpec:
    """A client that writes on the strength of an ETag that another write has made stale."""
    write = (*HEADERS, LENGTH, KIND)
    made = step(
        "first",
        "PUT /{own-container}/a",
        operation="Put Blob",
        headers=write,
        wanted=expect(201),
        save=[("e", "ETag")],
    )
    second = replace(made, name="second", after=("first",), step=replace(made.step, save=()))
    return spec(
        made,
        second,
        step(
            "stale",
            "PUT /{own-container}/a",
            operation="Put Blob",
            headers=(*write, ("If-Match", "{e}")),
            wanted=expect(412, error="ConditionNotMet"),
            after=["second"],
        ),
    )


@pytest.mark.parametrize(
    ("mutant", "of"),
    [("block-list-order-ignored", blocks(8)), ("old-etag-still-matches", stale_etag())],
)
def test_a_server_that_is_wrong_is_found_out(mutant: str, of: GoldenSpec, facade: Endpoint) -> None:
    assert wrong(judged(of, replay_once(of, facade))) == []
    with open_endpoint(f"reference:{mutant}") as endpoint:
        assert verdict(judged(of, replay_once(of, endpoint))) is Verdict.DIFFERS
