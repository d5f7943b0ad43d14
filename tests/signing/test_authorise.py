"""What `auth:` of a case means, and what it does to a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from harness.endpoint import Endpoint, Secret, Style
from harness.exchange import header
from harness.signing import (
    AuthSpecError,
    CredentialMissingError,
    authorise,
    face_for,
    parse_auth,
)
from harness.signing.sas import UserDelegationKey
from harness.signing.spec import (
    AccountSas,
    Anonymous,
    Bearer,
    Default,
    ServiceSas,
    SharedKey,
    parse_offset,
)

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
KEY = Secret("a2V5a2V5a2V5")
HEADERS = (("Host", "x"), ("x-ms-date", "Sun, 22 Nov 2026 15:30:00 GMT"), ("x-ms-version", "2025-07-05"))


class Tokens:
    """A token source that can be told to mint."""

    def token(self) -> Secret:
        return Secret("head.claims.Asignature")

    def mint(self, claims: Mapping[str, object]) -> Secret:
        return Secret("minted." + ",".join(sorted(claims)) + ".s")


class PlainTokens:
    """A token source that cannot mint."""

    def token(self) -> Secret:
        return Secret("head.claims.signature")


ENDPOINT = Endpoint("x", "http://127.0.0.1:1/acct", "acct", Style.PATH, key=KEY, tokens=Tokens())
BARE = Endpoint("bare", "http://127.0.0.1:1/acct", "acct", Style.PATH)
UDK = UserDelegationKey("oid", "tid", "start", "expiry", "b", "2025-07-05", Secret("dWRr"))


def signed(auth: object, endpoint: Endpoint = ENDPOINT, target: str = "/acct/c/d%20e") -> tuple[str, str]:
    done = authorise("GET", target, HEADERS, endpoint, parse_auth(auth), NOW, delegation=lambda *_: UDK)
    return done.target, header(done.headers, "Authorization") or ""


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        (None, Default()),
        ("default", Default()),
        ("anonymous", Anonymous()),
        ("shared-key", SharedKey()),
        ({"shared-key": {"tamper": "date"}}, SharedKey("date")),
        ("bearer", Bearer()),
        ({"bearer": {"tamper": "expired"}}, Bearer("expired")),
        (
            {"account-sas": {"permissions": "r", "start": "-1h", "expiry": "+1d", "ip": "1.2.3.4"}},
            AccountSas("r", start=-timedelta(hours=1), expiry=timedelta(days=1), ip="1.2.3.4"),
        ),
        ({"service-sas": {"of": "c"}}, ServiceSas("container", "c")),
        ({"service-sas": {"of": "c/b", "permissions": "rw"}}, ServiceSas("blob", "c/b", "rw")),
        ({"user-delegation-sas": {"resource": "container"}}, ServiceSas("container", delegated=True)),
    ],
)
def test_auth_values(value: object, spec: object) -> None:
    assert parse_auth(value) == spec


@pytest.mark.parametrize(
    ("value", "about"),
    [
        ("kerberos", "unknown auth"),
        ({"a": 1, "b": 2}, "one key"),
        ({"shared-key": {"tamper": "everything"}}, "one of signature"),
        ({"account-sas": {"colour": "red"}}, "has no colour"),
        ({"account-sas": {"expiry": "soon"}}, "not an offset"),
        ({"service-sas": {"response-headers": {"x": "y"}}}, "rscc"),
        ({"bearer": {"claims": 3}}, "no mapping"),
        ({"account-sas": {"identifier": "weekly"}}, "has no identifier"),
        ({"service-sas": {"key": {"value": "x"}}}, "has no key"),
        ({"user-delegation-sas": {"key": {"value": "x"}}}, "object, start, tenant"),
        ({"service-sas": {"resource": "snapshot"}}, "together"),
        ({"service-sas": {"times": "hour"}}, "one of day"),
        ({"service-sas": {"change": "sp"}}, "no mapping"),
        ({"service-sas": {"fields": ["sp"]}}, "no mapping"),
        ({"bearer": 3}, "one key"),
    ],
)
def test_auth_values_without_a_meaning(value: object, about: str) -> None:
    with pytest.raises(AuthSpecError, match=about):
        parse_auth(value)


def test_offsets() -> None:
    assert parse_offset("-90s") == timedelta(seconds=-90)
    assert parse_offset("+2d") == timedelta(days=2)


def test_default_is_the_key_then_the_sas_then_tokens_then_nothing() -> None:
    sas = Endpoint("s", "http://h/acct", "acct", Style.PATH, sas=Secret("sv=1&sig=x"))
    tokens = Endpoint("t", "http://h/acct", "acct", Style.PATH, tokens=Tokens())
    assert signed("default")[1].startswith("SharedKey acct:")
    assert signed("default", sas, "/acct/c?comp=list") == ("/acct/c?comp=list&sv=1&sig=x", "")
    assert signed("default", tokens)[1] == "Bearer head.claims.Asignature"
    assert signed("default", BARE) == ("/acct/c/d%20e", "")


def test_nothing_but_the_credentials_changes() -> None:
    done = authorise("GET", "/acct/c", HEADERS, ENDPOINT, SharedKey(), NOW)
    assert done.headers[:-1] == HEADERS
    assert done.target == "/acct/c"


def test_every_way_of_tampering_with_shared_key_is_another_way() -> None:
    ways = [signed("shared-key")[1]]
    ways += [signed({"shared-key": {"tamper": way}})[1] for way in ("signature", "key", "date", "account")]
    assert len(set(ways)) == 5
    assert [way.startswith("SharedKey acct:") for way in ways] == [True, True, True, True, False]
    dated = authorise("GET", "/acct/c", HEADERS, ENDPOINT, SharedKey("date"), NOW)
    assert header(dated.headers, "x-ms-date") == "Sun, 22 Nov 2026 14:30:00 GMT"


def test_headers_may_be_signed_in_either_order() -> None:
    odd = (*HEADERS, ("x-ms-meta-a-b", "1"), ("x-ms-meta-a1", "2"), ("x-ms-meta-a_b", "3"))
    ways = [
        authorise("PUT", "/acct/c", headers, ENDPOINT, SharedKey(ordinal=ordinal), NOW).headers[-1]
        for headers in (HEADERS, odd)
        for ordinal in (False, True)
    ]
    assert ways[0] == ways[1]
    assert ways[2] != ways[3]
    assert parse_auth({"shared-key": {"ordinal": True}}) == SharedKey(ordinal=True)


def test_bearer_tampering() -> None:
    assert signed({"bearer": {"tamper": "signature"}})[1] == "Bearer head.claims.Bsignature"
    assert signed({"bearer": {"tamper": "expired"}})[1] == "Bearer minted.exp,iat,nbf.s"
    assert signed({"bearer": {"tamper": "audience"}})[1] == "Bearer minted.aud.s"
    assert signed({"bearer": {"claims": {"roles": ["reader"]}}})[1] == "Bearer minted.roles.s"


@pytest.mark.parametrize(
    ("auth", "endpoint", "reason"),
    [
        ("shared-key", BARE, "no account key"),
        ({"account-sas": {}}, BARE, "no account key"),
        ({"service-sas": {}}, BARE, "no account key"),
        ("bearer", BARE, "no token source"),
        ({"user-delegation-sas": {}}, BARE, "no token source"),
        (
            {"bearer": {"tamper": "issuer"}},
            Endpoint("p", "http://h/acct", "acct", Style.PATH, tokens=PlainTokens()),
            "valid tokens only",
        ),
    ],
)
def test_a_missing_credential_has_a_reason(auth: object, endpoint: Endpoint, reason: str) -> None:
    with pytest.raises(CredentialMissingError, match=reason) as caught:
        signed(auth, endpoint)
    assert endpoint.name in caught.value.reason


@pytest.mark.parametrize(
    ("auth", "version", "first"),
    [
        ({"user-delegation-sas": {}}, "2018-03-28", "2018-11-09"),
        ({"user-delegation-sas": {"version": "2020-02-10"}}, "2018-03-28", "2018-11-09"),
        ({"user-delegation-sas": {"version": "2018-03-28"}}, "2025-07-05", "2018-11-09"),
        ({"account-sas": {}}, "2014-02-14", "2015-04-05"),
        ({"service-sas": {}}, "2011-08-18", "2012-02-12"),
    ],
)
def test_a_version_that_has_no_such_sas_yet(auth: object, version: str, first: str) -> None:
    with pytest.raises(CredentialMissingError, match=f"from service version {first} on"):
        signed(auth, replace(ENDPOINT, version=version))


def test_service_sas_names_what_the_target_names() -> None:
    one = parse_qs(signed({"service-sas": {}})[0].partition("?")[2])
    other = parse_qs(signed({"service-sas": {"of": "c/d e"}})[0].partition("?")[2])
    wrong = parse_qs(signed({"service-sas": {"of": "c/d%20e"}})[0].partition("?")[2])
    assert one == other
    assert one["sig"] != wrong["sig"]
    assert one["sr"] == ["b"]
    assert one["se"] == ["2026-11-22T16:30:00Z"]


def test_container_sas_comes_after_the_query() -> None:
    target, _ = signed(
        {"service-sas": {"resource": "container"}}, target="/acct/c?restype=container&comp=list"
    )
    assert target.startswith("/acct/c?restype=container&comp=list&sv=2025-07-05&sr=c&se=")


def test_sas_tampering_changes_only_the_signature() -> None:
    for kind in ("account-sas", "service-sas", "user-delegation-sas"):
        whole = parse_qs(signed({kind: {}})[0].partition("?")[2])
        broken = parse_qs(signed({kind: {"tamper": "signature"}})[0].partition("?")[2])
        assert whole.pop("sig") != broken.pop("sig")
        assert whole == broken


def test_user_delegation_sas_carries_the_key_it_is_signed_with() -> None:
    fields = parse_qs(signed({"user-delegation-sas": {"permissions": "r"}})[0].partition("?")[2])
    assert {name: fields[name] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")} == {
        "skoid": ["oid"],
        "sktid": ["tid"],
        "skt": ["start"],
        "ske": ["expiry"],
        "sks": ["b"],
        "skv": ["2025-07-05"],
    }


def query_of(auth: object, target: str = "/acct/c/d%20e") -> dict[str, list[str]]:
    return parse_qs(signed(auth, target=target)[0].partition("?")[2])


def test_fields_that_a_stored_policy_has_are_left_out_of_the_token() -> None:
    options = {"identifier": "weekly", "permissions": "absent", "expiry": "absent", "start": "absent"}
    fields = query_of({"service-sas": options})
    assert set(fields) == {"sv", "sr", "si", "sig"}
    assert fields["si"] == ["weekly"]
    shared = query_of({"service-sas": {**options, "expiry": "+1h"}})
    assert shared["se"] == ["2026-11-22T16:30:00Z"]
    assert shared["sig"] != fields["sig"]
    assert query_of({"service-sas": {**options, "identifier": "daily"}})["sig"] != fields["sig"]


@pytest.mark.parametrize(
    ("times", "start", "expiry"),
    [
        ("day", "2026-11-21", "2026-11-23"),
        ("minute", "2026-11-21T15:30Z", "2026-11-23T15:30Z"),
        ("second", "2026-11-21T15:30:00Z", "2026-11-23T15:30:00Z"),
        ("fraction", "2026-11-21T15:30:00.0000000Z", "2026-11-23T15:30:00.0000000Z"),
    ],
)
def test_forms_of_time(times: str, start: str, expiry: str) -> None:
    for kind in ("account-sas", "service-sas"):
        fields = query_of({kind: {"start": "-1d", "expiry": "+1d", "times": times}})
        assert (fields["st"], fields["se"]) == ([start], [expiry])


def test_a_change_after_signing_leaves_the_signature() -> None:
    for kind in ("account-sas", "service-sas", "user-delegation-sas"):
        whole = query_of({kind: {"permissions": "r", "ip": "1.2.3.4"}})
        changed = query_of({kind: {"permissions": "r", "ip": "1.2.3.4", "change": {"sp": "rw", "sip": None}}})
        assert changed == {name: value for name, value in whole.items() if name != "sip"} | {"sp": ["rw"]}


def test_a_field_of_ones_own_is_signed() -> None:
    whole = query_of({"user-delegation-sas": {}})
    bound = query_of({"user-delegation-sas": {"fields": {"sduoid": "somebody"}}})
    assert bound["sduoid"] == ["somebody"]
    assert bound["sig"] != whole["sig"]


def test_a_snapshot_is_signed_and_not_carried() -> None:
    one = query_of({"service-sas": {"resource": "snapshot", "snapshot": "2026-01-01T00:00:00.0000000Z"}})
    other = query_of({"service-sas": {"resource": "snapshot", "snapshot": "2026-01-02T00:00:00.0000000Z"}})
    assert one["sr"] == ["bs"]
    assert one.pop("sig") != other.pop("sig")
    assert one == other
    assert "snapshot" not in one


def test_parts_of_the_request_may_be_signed() -> None:
    options = {"version": "2026-04-06", "signed-headers": {"x-ms-meta-a": "1", "x-ms-meta-b": "2"}}
    one = query_of({"user-delegation-sas": options})
    other = query_of({"user-delegation-sas": {**options, "signed-headers": {"x-ms-meta-a": "1"}}})
    third = query_of({"user-delegation-sas": {**options, "signed-query": {"timeout": "30"}}})
    assert one["srh"] == ["x-ms-meta-a,x-ms-meta-b"]
    assert third["srq"] == ["timeout"]
    assert len({fields["sig"][0] for fields in (one, other, third)}) == 3


def test_a_key_that_the_case_asked_for_itself() -> None:
    key = {
        "object": "o",
        "tenant": "t",
        "start": "s",
        "expiry": "e",
        "version": "2025-07-05",
        "value": "b3RoZXI=",
    }
    fields = query_of({"user-delegation-sas": {"key": key}})
    assert [fields[name] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")] == [
        *(["o"], ["t"], ["s"], ["e"], ["b"], ["2025-07-05"])
    ]
    assert fields["sig"] != query_of({"user-delegation-sas": {"key": {**key, "value": "b3V0"}}})["sig"]
    assert "b3RoZXI=" not in repr(parse_auth({"user-delegation-sas": {"key": key}}))


def test_sorted_parameters_stand_among_the_operations_own() -> None:
    target, _ = signed(
        {"service-sas": {"resource": "container", "sorted": True}},
        target="/acct/c?restype=container&comp=list",
    )
    names = [part.partition("=")[0] for part in target.partition("?")[2].split("&")]
    assert names == ["comp", "restype", "se", "sig", "sp", "sr", "sv"]


def test_bearer_goes_to_https_where_there_is_https() -> None:
    both = Endpoint(
        "b", "http://h/acct", "acct", Style.PATH, key=KEY, tokens=Tokens(), also={"https": "https://h/acct"}
    )
    assert face_for(Bearer(), both) == "https"
    assert face_for(Default(), both) is None
    assert face_for(Bearer(), ENDPOINT) is None
