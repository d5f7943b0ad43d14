"""Keeps secrets out of everything that is written: signatures, keys and tokens become REDACTED.

Account names, key ids and expiry times stay: a reader needs them to see why something was refused.
"""

from __future__ import annotations

import functools
import re
from urllib.parse import quote, unquote

from harness.endpoint import Endpoint, Secret
from harness.exchange import Headers

REDACTED = "REDACTED"

_CREDENTIALS = frozenset({"authorization", "x-ms-copy-source-authorization", "proxy-authorization"})
_KEYS = frozenset(
    {"x-ms-encryption-key", "x-ms-source-encryption-key", "x-identity-header", "cookie", "set-cookie"}
)
# The name may be percent-encoded itself, and stand in a URL that is a part of another one.
_SIGNATURE = re.compile(
    r"((?:\b|(?<=%26)|(?<=%3F)|(?=%))(?:s|%[57]3)(?:i|%[46]9)(?:g|%[46]7)(?:=|%3D))[^&\s\"'<>\\]+",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"(?:api|access|subscription)-key|token|secret|password")
_SHARED_KEY = re.compile(r"(SharedKey(?:Lite)?\s+[^\s:]+:)\s*[A-Za-z0-9+/]+=*")
_BEARER = re.compile(r"(Bearer\s+)(?!authorization_uri)[A-Za-z0-9._~+/-]{8,}=*", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_SETTING = re.compile(
    r"(\b(?:AccountKey|client_secret|access_token|refresh_token)\"?\s*[=:]\s*\"?)[^;&\s\"]+", re.IGNORECASE
)
_DELEGATION_KEY = re.compile(r"(<Value>)[A-Za-z0-9+/]{40,}=*(</Value>)")
# What each of these patterns begins with: most texts hold none of it, and there are hundreds of thousands.
_SUSPICIOUS = re.compile(
    r"sig(?:=|%3D)|%(?:[57]3|[46][79])|SharedKey|Bearer|eyJ|AccountKey|client_secret|_token|<Value>"
    r"|HTTP request '",
    re.IGNORECASE,
)
_SHOWN_MAC = re.compile(r"(HTTP request ')[A-Za-z0-9+/]{20,}=*(')")


def redact_headers(headers: Headers) -> Headers:
    """The same headers in the same order, without what could be used again."""
    return tuple((name, _redact_value(name.lower(), value)) for name, value in headers)


def redact_target(target: str) -> str:
    """A request target or URL without signature, key or token: whatever of these stands in its query."""
    return redact_text(target)


def redact_text(text: str, endpoint: Endpoint | None = None) -> str:
    """Any text: a body, a log, a command line.

    Whatever looks like a signature, key or token goes, and the endpoint's own secrets in any spelling.
    """
    if endpoint is not None:
        for secret in _secrets(endpoint.key, endpoint.sas):
            text = text.replace(secret, REDACTED)
    if _SUSPICIOUS.search(text) is None:
        return text
    for pattern in (_SIGNATURE, _SHARED_KEY, _BEARER, _SETTING):
        text = pattern.sub(rf"\g<1>{REDACTED}", text)
    for pattern in (_DELEGATION_KEY, _SHOWN_MAC):
        text = pattern.sub(rf"\g<1>{REDACTED}\g<2>", text)
    return _JWT.sub(REDACTED, text)


def _redact_value(name: str, value: str) -> str:
    if name in _KEYS or _SECRET_NAME.search(name):
        return REDACTED
    if name in _CREDENTIALS:
        scheme, _, rest = value.partition(" ")
        account, colon, _ = rest.partition(":")
        return f"{scheme} {account}:{REDACTED}" if colon else f"{scheme} {REDACTED}" if rest else REDACTED
    return redact_text(value)


@functools.lru_cache(maxsize=8)  # asked for every text of a run
def _secrets(key: Secret | None, sas: Secret | None) -> tuple[str, ...]:
    """An endpoint's secrets as they may be written: plain, and percent-encoded either way. Longest first."""
    plain = [key.reveal()] if key else []
    if sas:
        match = re.search(r"(?:^|&)sig=([^&]+)", sas.reveal())
        if match:
            plain += [match.group(1), unquote(match.group(1))]
    spelt = {form for text in plain for form in (text, quote(text), quote(text, safe="")) if len(form) >= 8}
    return tuple(sorted(spelt, key=len, reverse=True))
