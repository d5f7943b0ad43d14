"""Authorising requests: Shared Key, shared access signatures, bearer tokens. Never the façade's code."""

from harness.signing.authorise import Authorised, CredentialMissingError, authorise, face_for
from harness.signing.spec import AuthSpec, AuthSpecError, parse_auth

__all__ = [
    "AuthSpec",
    "AuthSpecError",
    "Authorised",
    "CredentialMissingError",
    "authorise",
    "face_for",
    "parse_auth",
]
