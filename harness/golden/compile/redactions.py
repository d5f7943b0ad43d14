"""The rules by which what a recording holds becomes a symbol. A spec names those that were needed."""

from __future__ import annotations

import enum


class Redaction(enum.StrEnum):
    """What is replaced. The value is the rule's id."""

    ACCOUNT = "account-name"
    AUTHORIZATION = "authorization"
    BLOCK_ID = "block-id"
    BODY = "body-recipe"
    BOUND = "bound-value"
    CONTAINER = "container-name"
    DATE = "date"
    GUID = "guid"
    HOST = "host"
    MACHINE = "machine"
    PROXY = "proxy-header"
    REQUEST_ID = "request-id"
    SAS = "sas"
    SOURCE_BEARER = "copy-source-bearer"
    SOURCE_SAS = "copy-source-sas"
    STAND_IN = "body-stand-in"
    URL = "endpoint-url"

    @property
    def says(self) -> str:
        """What it does, in a sentence."""
        return _SAYS[self]


_SAYS = {
    Redaction.ACCOUNT: "The account in a path is left out; the address that a replay goes to brings its own.",
    Redaction.AUTHORIZATION: "`Authorization` becomes `{authorization}`; a replay signs anew.",
    Redaction.BLOCK_ID: "A block id that each recording has anew becomes `{block:N/LENGTH}`: number N of the "
    "list, so many bytes before base64.",
    Redaction.BODY: "A body is written as what it is: a place in a payload, a block list, a batch, a text.",
    Redaction.BOUND: "An ETag, a time, a marker, a copy, lease or snapshot id becomes the name under "
    "which the answer that gave it saves it.",
    Redaction.CONTAINER: "The recorder's containers become `{own-container}` and `{new-container}`.",
    Redaction.DATE: "The date of a request becomes `{now}`.",
    Redaction.GUID: "A GUID becomes `{guid:N}`; equal ones have the same number.",
    Redaction.HOST: "`Host` becomes `{host}`.",
    Redaction.MACHINE: "What a User-Agent tells of the recorder's kernel becomes `(Linux)`.",
    Redaction.PROXY: "Headers that were meant for the recorder's proxy are left out.",
    Redaction.REQUEST_ID: "`x-ms-client-request-id` becomes `{guid:N}`; retries share a number.",
    Redaction.SAS: "A shared access signature is left out; a replay adds one.",
    Redaction.SOURCE_BEARER: "The token for a copy source becomes `{source-bearer}`.",
    Redaction.SOURCE_SAS: "The signature of a copy source becomes `{source-sas}`.",
    Redaction.STAND_IN: "A body that the client made up itself is replaced by one of the same length.",
    Redaction.URL: "The service's root in a URL becomes `{url}`.",
}
