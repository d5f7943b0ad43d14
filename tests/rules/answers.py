"""Right answers of every kind, made by hand; whoever needs a wrong one changes a header or the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.cases.recipes import crc64_base64, md5_base64
from harness.exchange import Exchange
from harness.rules.check import Outcome, outcomes
from harness.rules.memory import Memory
from tests.judge.made import BOM, REQUEST_ID, error, exchange

PREFIX = "/acct"
DATE = "Sun, 22 Nov 2026 00:00:00 GMT"
TICKS = "2026-11-22T00:00:00.0000000Z"
ECHO = "feede690-2f09-4ef5-9db9-2af18c4d3705"
GUID = "3a9897d2-6f20-4c6c-9cb3-45f851205a22"
ASKED = {"x-ms-version": "2025-07-05", "x-ms-client-request-id": ECHO}
COMMON: Mapping[str, str | None] = {
    "x-ms-request-id": REQUEST_ID,
    "x-ms-version": "2025-07-05",
    "x-ms-client-request-id": ECHO,
    "Date": DATE,
}
VALIDATORS = {"ETag": '"0x8D"', "Last-Modified": DATE}
EMPTY = {"Content-Length": "0"}
XML = {"Content-Type": "application/xml"}
LEASE = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
READ = {
    **VALIDATORS,
    **LEASE,
    "x-ms-blob-type": "BlockBlob",
    "x-ms-creation-time": DATE,
    "x-ms-server-encrypted": "true",
    "Accept-Ranges": "bytes",
}
COPIED = {
    "x-ms-copy-id": GUID,
    "x-ms-copy-source": "http://h/acct/c/a",
    "x-ms-copy-status": "success",
    "x-ms-copy-progress": "10/10",
    "x-ms-copy-completion-time": DATE,
}
DATA = b"0123456789"
ENCRYPTED = {"x-ms-request-server-encrypted": "true"}
DECLARED = BOM + b'<?xml version="1.0" encoding="utf-8"?>'


def xml(text: str) -> bytes:
    """A document as the service begins it."""
    return DECLARED + text.encode()


def listing(
    *names: str,
    head: str = "<Prefix>a</Prefix><MaxResults>2</MaxResults>",
    mark: bytes = BOM,
    extra: str = "",
    properties: str = "<Content-Length>1</Content-Length><BlobType>BlockBlob</BlobType>",
) -> bytes:
    """A page of List Blobs; a name that begins with / is that of a prefix, without the slash."""
    entries = "".join(
        f"<BlobPrefix><Name>{name[1:]}</Name></BlobPrefix>"
        if name.startswith("/")
        else f"<Blob><Name>{name}</Name><Properties>{properties}</Properties>{extra}</Blob>"
        for name in names
    )
    text = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults>{head}<Blobs>{entries}</Blobs>'
    return mark + f"{text}<NextMarker /></EnumerationResults>".encode()


def containers(etag: str = '"0x8D"') -> bytes:
    """A page of List Containers."""
    properties = f"<Last-Modified>{DATE}</Last-Modified><Etag>{etag}</Etag>"
    entry = f"<Container><Name>c</Name><Properties>{properties}</Properties></Container>"
    return xml(f"<EnumerationResults><Containers>{entry}</Containers><NextMarker /></EnumerationResults>")


def block_list(*parts: str) -> bytes:
    """A block list of these parts."""
    return xml(f"<BlockList>{''.join(parts)}</BlockList>")


COMMITTED = "<CommittedBlocks><Block><Name>YQ==</Name><Size>10</Size></Block></CommittedBlocks>"
KEY = (
    "<SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>2026-11-22T00:00:00Z</SignedStart>"
    "<SignedExpiry>2026-11-23T00:00:00Z</SignedExpiry><SignedService>b</SignedService>"
    "<SignedVersion>2025-07-05</SignedVersion><Value>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</Value>"
)
KEY_INFO = b"<KeyInfo><Start>2026-11-22T00:00:00Z</Start><Expiry>2026-11-23T00:00:00Z</Expiry></KeyInfo>"
POLICY = f"<SignedIdentifier><Id>a</Id><AccessPolicy><Start>{TICKS}</Start></AccessPolicy></SignedIdentifier>"
_RETENTION = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
_METRICS = f"<Version>1.0</Version><Enabled>false</Enabled>{_RETENTION}"
SERVICE = (
    "<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>"
    f"{_RETENTION}</Logging><HourMetrics>{_METRICS}</HourMetrics>"
    f"<MinuteMetrics>{_METRICS}</MinuteMetrics><Cors />"
)
_PART = "Content-Type: application/http\r\nContent-ID: {0}\r\n\r\nHTTP/1.1 202 Accepted\r\n{1}\r\n"


def batch(*ids: str, head: str = f"x-ms-request-id: {REQUEST_ID}\r\nx-ms-version: 2025-07-05\r\n") -> bytes:
    """The answer to a batch."""
    parts = "".join(f"--b\r\n{_PART.format(one, head)}" for one in ids)
    return f"{parts}--b--".encode()


def batched(*ids: str) -> bytes:
    """The body of a batch."""
    return "".join(f"--a\r\nContent-ID: {one}\r\n\r\nDELETE /c/b HTTP/1.1\r\n\r\n" for one in ids).encode()


HASHES = {"Content-MD5": md5_base64(DATA), "x-ms-content-crc64": crc64_base64(DATA)}
_CRC = {"x-ms-content-crc64": crc64_base64(DATA)}
_LIST = "GET /acct/c?restype=container&comp=list&maxresults=2&prefix=a"
_BLOCK_LIST = {**XML, **VALIDATORS, "x-ms-blob-content-length": "10"}
_ACCOUNT = {"x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2", "x-ms-is-hns-enabled": "false"}
_CONTAINER = {
    **LEASE,
    "x-ms-has-immutability-policy": "false",
    "x-ms-has-legal-hold": "false",
    "x-ms-default-encryption-scope": "$account-encryption-key",
}
_PART_OF = {"Content-Length": "4", "Content-Range": "bytes 2-5/10"}
FOLDERS = "<Prefix>a</Prefix><MaxResults>2</MaxResults><Delimiter>/</Delimiter>"
_PARTS = {"Content-Type": "multipart/mixed; boundary=b"}

KINDS: dict[str, tuple[str, int, Mapping[str, str | None], bytes, bytes, Mapping[str, str]]] = {
    # line, status, headers of the answer, its body, what was sent, headers of the request
    "put": ("PUT /acct/c/b", 201, {**EMPTY, **VALIDATORS, **HASHES, **ENCRYPTED}, b"", DATA,
            {"x-ms-blob-type": "BlockBlob"}),
    "block": ("PUT /acct/c/b?comp=block&blockid=YQ%3D%3D", 201, {**EMPTY, **_CRC, **ENCRYPTED}, b"", DATA,
              {}),
    "commit": ("PUT /acct/c/b?comp=blocklist", 201, {**EMPTY, **VALIDATORS, **_CRC, **ENCRYPTED}, b"", DATA,
               {}),
    "append": ("PUT /acct/c/b?comp=appendblock", 201,
               {**EMPTY, **VALIDATORS, **_CRC, **ENCRYPTED, "x-ms-blob-append-offset": "0",
                "x-ms-blob-committed-block-count": "1"}, b"", DATA, {}),
    "get": ("GET /acct/c/b", 200, {**READ, "Content-Length": "10"}, DATA, b"", {}),
    "range": ("GET /acct/c/b", 206, {**READ, **_PART_OF}, DATA[2:6], b"", {"x-ms-range": "bytes=2-5"}),
    "hashed": ("GET /acct/c/b", 206,
               {**READ, **_PART_OF, "Content-MD5": md5_base64(DATA[2:6])},
               DATA[2:6], b"", {"x-ms-range": "bytes=2-5", "x-ms-range-get-content-md5": "true"}),
    "summed": ("GET /acct/c/b", 206,
               {**READ, **_PART_OF, "x-ms-content-crc64": crc64_base64(DATA[2:6])},
               DATA[2:6], b"", {"x-ms-range": "bytes=2-5", "x-ms-range-get-content-crc64": "true"}),
    "head": ("HEAD /acct/c/b", 200, {**READ, "Content-Length": "10"}, b"", b"", {}),
    "copied": ("HEAD /acct/c/b", 200, {**READ, **COPIED, "Content-Length": "10", "x-ms-tag-count": "2",
               "x-ms-version-id": TICKS}, b"", b"", {}),
    "appended": ("HEAD /acct/c/b", 200, {**READ, "Content-Length": "10", "x-ms-blob-type": "AppendBlob",
                 "x-ms-blob-committed-block-count": "1"}, b"", b"", {}),
    "snapshot": ("PUT /acct/c/b?comp=snapshot", 201, {**EMPTY, **VALIDATORS, "x-ms-snapshot": TICKS,
                 "x-ms-request-server-encrypted": "false"}, b"", b"", {}),
    "of snapshot": (f"HEAD /acct/c/b?snapshot={TICKS}", 200,
                    {**READ, **dict.fromkeys(LEASE), "Content-Length": "10", "x-ms-snapshot": TICKS},
                    b"", b"", {}),
    "metadata": ("HEAD /acct/c/b?comp=metadata", 200, {**EMPTY, **VALIDATORS, "x-ms-meta-a": "b"}, b"", b"",
                 {}),
    "delete": ("DELETE /acct/c/b", 202, {**EMPTY, "x-ms-delete-type-permanent": "true"}, b"", b"", {}),
    "copy": ("PUT /acct/c/b", 202,
             {**EMPTY, **VALIDATORS, "x-ms-copy-id": GUID, "x-ms-copy-status": "pending"}, b"", b"",
             {"x-ms-copy-source": "http://h/acct/c/a"}),
    "acquire": ("PUT /acct/c/b?comp=lease", 201, {**EMPTY, **VALIDATORS, "x-ms-lease-id": GUID}, b"", b"",
                {"x-ms-lease-action": "acquire", "x-ms-proposed-lease-id": GUID}),
    "release": ("PUT /acct/c/b?comp=lease", 200, {**EMPTY, **VALIDATORS}, b"", b"",
                {"x-ms-lease-action": "release"}),
    "break": ("PUT /acct/c/b?comp=lease", 202, {**EMPTY, **VALIDATORS, "x-ms-lease-time": "0"}, b"", b"",
              {"x-ms-lease-action": "break"}),
    "account": ("GET /acct/?restype=account&comp=properties", 200, {**EMPTY, **_ACCOUNT}, b"", b"", {}),
    "container": ("GET /acct/c?restype=container", 200, {**EMPTY, **VALIDATORS, **_CONTAINER}, b"", b"", {}),
    "list": (_LIST, 200, XML, listing("a", "a/b"), b"", {}),
    "folders": (f"{_LIST}&delimiter=/", 200, XML,
                listing("a", "/a/", head=FOLDERS), b"", {}),
    "containers": ("GET /acct/?comp=list", 200, XML, containers(), b"", {}),
    "blocks": ("GET /acct/c/b?comp=blocklist", 200, _BLOCK_LIST, block_list(COMMITTED), b"", {}),
    "key": ("POST /acct/?restype=service&comp=userdelegationkey", 200, XML,
            xml(f"<UserDelegationKey>{KEY}</UserDelegationKey>"), KEY_INFO, {}),
    "acl": ("GET /acct/c?restype=container&comp=acl", 200, {**XML, **VALIDATORS},
            xml(f"<SignedIdentifiers>{POLICY}</SignedIdentifiers>"), b"", {}),
    "tags": ("GET /acct/c/b?comp=tags", 200, XML,
             xml("<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>"), b"", {}),
    "set tags": ("PUT /acct/c/b?comp=tags", 204, {}, b"", b"<Tags />", {}),
    "service": ("GET /acct/?restype=service&comp=properties", 200, XML,
                xml(f"<StorageServiceProperties>{SERVICE}</StorageServiceProperties>"), b"", {}),
    "batch": ("POST /acct/?comp=batch", 202, _PARTS, batch("0", "1"), batched("0", "1"), {}),
}  # fmt: skip


def good(name: str, headers: Mapping[str, str | None] | None = None, **rest: Any) -> Exchange:
    """A right answer of this kind, with these headers changed (None: dropped)."""
    line, status, said, body, sent, asked = KINDS[name]
    return exchange(
        rest.pop("line", line),
        rest.pop("status", status),
        {**COMMON, **said, **(headers or {})},
        rest.pop("xml", rest.pop("body", body)),
        sent=rest.pop("sent", sent),
        asked={**ASKED, **asked, **rest.pop("asked", {})},
        **rest,
    )


def refused(
    *arguments: Any, asked: Mapping[str, str] | None = None, sent: bytes = b"", **named: Any
) -> Exchange:
    """A refusal as the service makes it; `arguments` are those of `tests.judge.made.error`."""
    made = error(*arguments, **named)
    assert made.response is not None
    request = replace(made.request, headers=(*made.request.headers, *(asked or {}).items()))
    if sent:
        request = exchange(
            sent=sent, asked=dict(request.headers), line=f"{request.method} {request.target}"
        ).request
    return replace(made, request=request, response=replace(made.response, reason="What it means."))


def refusal(**headers: str | None) -> Exchange:
    """A right refusal, with these headers changed; underscores stand for dashes."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return refused(headers={"x-ms-client-request-id": ECHO, **changed})


def detailed(code: str, elements: str, status: int = 400) -> bytes:
    """The document of an error with elements beside Code and Message."""
    text = f"What it means.\nRequestId:{REQUEST_ID}\nTime:{TICKS}"
    return xml(f"<Error><Code>{code}</Code><Message>{text}</Message>{elements}</Error>")


CHALLENGE = "Bearer authorization_uri=https://h/t/oauth2/authorize resource_id=https://storage.azure.com"
NOT_MODIFIED = {**COMMON, "x-ms-error-code": "ConditionNotMet", "Content-Length": "0"}
MISMATCH = (
    f"<UserSpecifiedMd5>{md5_base64(b'x')}</UserSpecifiedMd5>"
    f"<ServerCalculatedMd5>{md5_base64(DATA)}</ServerCalculatedMd5>"
)


def challenged(value: str | None) -> Exchange:
    """A 401 with this challenge."""
    return refused("GET /acct/c/b", 401, "NoAuthenticationInformation", headers={"WWW-Authenticate": value})


def mismatched(elements: str) -> Exchange:
    """A block whose hash is not that of its bytes."""
    return refused(
        "PUT /acct/c/b?comp=block&blockid=YQ%3D%3D", 400, "Md5Mismatch", detailed("Md5Mismatch", elements),
        asked={"Content-MD5": md5_base64(b"x")}, sent=DATA,
    )  # fmt: skip


def out_of_range(value: str = "0") -> Exchange:
    """A parameter that is out of bounds."""
    elements = (
        f"<QueryParameterName>maxresults</QueryParameterName><QueryParameterValue>{value}</QueryParameterValue>"
        "<MinimumAllowed>1</MinimumAllowed><MaximumAllowed>5000</MaximumAllowed>"
    )
    code = "OutOfRangeQueryParameterValue"
    return refused(
        "GET /acct/c?restype=container&comp=list&maxresults=0", 400, code, detailed(code, elements)
    )


def copy_failed(status: str | None) -> Exchange:
    """A copy whose source could not be read."""
    said = {"x-ms-copy-source-status-code": status}
    return refused("PUT /acct/c/b", 404, "CannotVerifyCopySource", headers=said)


RIGHT: dict[str, Exchange] = {
    **{name: good(name) for name in KINDS},
    "refusal": refusal(),
    "head refusal": refused("HEAD /acct/c/b", 404, "BlobNotFound", body=b"", headers={"Content-Type": None}),
    "not modified": exchange("GET /acct/c/b", 304, NOT_MODIFIED, asked=ASKED),
    "challenge": challenged(CHALLENGE),
    "behind the end": refused("GET /acct/c/b", 416, "InvalidRange", headers={"Content-Range": "bytes */10"}),
    "clamped": good("range", asked={"x-ms-range": "bytes=2-99"}, headers={"Content-Range": "bytes 2-5/6"}),
    "open": good("range", asked={"x-ms-range": "bytes=2-"}, headers={"Content-Range": "bytes 2-5/6"}),
    "front end": refused("GET /acct/c/b", 403, "AuthenticationFailed", headers={"x-ms-version": None}),
    "block with md5": good("block", {"x-ms-content-crc64": None, "Content-MD5": md5_base64(DATA)},
                           asked={"Content-MD5": md5_base64(DATA)}),
    "mismatch": mismatched(MISMATCH),
    "out of range": out_of_range(),
    "busy": refused("GET /acct/c/b", 503, "ServerBusy", headers={"Retry-After": "3"}),
    "copy failed": copy_failed("404"),
    "leased": good("head", {"x-ms-lease-status": "locked", "x-ms-lease-state": "leased",
                            "x-ms-lease-duration": "infinite"}),
}  # fmt: skip


def said_of(*exchanges: Exchange) -> list[Outcome]:
    """What the rules say of exchanges with one endpoint, one after the other."""
    memory = Memory()
    return [outcome for one in exchanges for outcome in outcomes(one, PREFIX, memory)]


def broken(*exchanges: Exchange) -> set[str]:
    """The rules that exchanges break."""
    return {outcome.rule.id for outcome in said_of(*exchanges) if outcome.broken is not None}
