"""The words of `serve` on the command line and in the environment, turned into a checked Config."""

from __future__ import annotations

import argparse
import base64
import binascii
import ipaddress
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from reference_impl.config import ROLES, Account, Config, MachineError, Network, UsageError
from reference_impl.protocol.hosts import PublicHost, parse_public_host

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_EPILOG = """\
When it is ready it writes one line of JSON to standard output:
{"event": "listening", "http": URL, "https": URL or null, "pid": N, "accounts": [...]}.
The account may also come from BLOBPROOF_ACCOUNT and BLOBPROOF_KEY, so that the key need not stand here.
SIGTERM and SIGINT finish the running requests and end it. Exit codes: 0 stopped, 2 usage, 3 environment.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the whole usage."""
        raise UsageError(message, "see --help")


def parser() -> argparse.ArgumentParser:
    """The options of `serve`."""
    words = _Parser(
        prog="python -m reference_impl serve",
        description="Serves the reference façade: an Azure Blob endpoint over a folder.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = words.add_argument
    add(
        "--root",
        required=True,
        type=Path,
        metavar="DIR",
        help="the folder that holds the blobs; it must exist",
    )
    add(
        "--account",
        action="append",
        default=[],
        metavar="NAME",
        help="an account; may be given several times",
    )
    add(
        "--key", action="append", default=[], metavar="BASE64", help="the shared key of the account before it"
    )
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)")
    add(
        "--port", type=_port, default=0, metavar="N", help="port for HTTP; 0 takes any free one (%(default)s)"
    )
    add("--https-port", type=_port, metavar="N", help="port for HTTPS as well; needs --cert and --cert-key")
    add("--cert", type=Path, metavar="PEM", help="certificate chain for HTTPS")
    add("--cert-key", type=Path, metavar="PEM", help="private key of the certificate")
    add(
        "--processes", type=_count, default=1, metavar="N", help="processes that serve the tree (%(default)s)"
    )
    add("--domain", default="blob.localhost", metavar="NAME", help="host style is ACCOUNT.NAME (%(default)s)")
    add("--issuer", type=_url, metavar="URL", help="OpenID Connect issuer whose bearer tokens are accepted")
    add(
        "--jwks-ca",
        type=Path,
        metavar="PEM",
        help="authority that the issuer's certificate is checked against",
    )
    add(
        "--audience",
        action="append",
        default=[],
        metavar="URI",
        help="audience a bearer token may name; repeatable",
    )
    add("--default-role", choices=ROLES, default="reader", help="role of a token without roles (%(default)s)")
    add(
        "--allow-copy-source",
        action="append",
        default=[],
        type=_network,
        metavar="CIDR",
        help="private addresses that a copy source may have; repeatable; none otherwise",
    )
    add("--copy-source-ca", type=Path, metavar="PEM", help="one more authority for HTTPS copy sources")
    add(
        "--public-host",
        action="append",
        default=[],
        type=_public_host,
        metavar="NAME[:PORT]",
        help="a name of this server: a copy source that bears it is read from here; *.NAME for ACCOUNT.NAME; "
        "repeatable",
    )
    add(
        "--sku",
        default="Standard_LRS",
        metavar="NAME",
        help="SKU that account information names (%(default)s)",
    )
    add("--kind", default="StorageV2", metavar="NAME", help="account kind that it names (%(default)s)")
    add("--no-fsync", action="store_true", help="acknowledge writes before they are on disk (for tests)")
    add("--mutant", metavar="NAME", help="serve one deliberately wrong behaviour (see `mutants`)")
    add(
        "--idle-timeout",
        type=_seconds,
        default=60.0,
        metavar="S",
        help="end a silent transfer (%(default)g s)",
    )
    add(
        "--keep-alive",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="close an unused connection (%(default)g s)",
    )
    add(
        "--shutdown-grace",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="time that running requests have at the end (%(default)g s)",
    )
    add(
        "--log", choices=("access",), help="write one line per request to standard error; signatures left out"
    )
    return words


def read_config(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """The Config that the words ask for; raises UsageError and MachineError."""
    words = parser().parse_args(arguments)
    if words.https_port is not None and (words.cert is None or words.cert_key is None):
        raise UsageError("--https-port needs a certificate", "give --cert and --cert-key as well")
    for option, path in (("--jwks-ca", words.jwks_ca), ("--copy-source-ca", words.copy_source_ca)):
        if path is not None and not path.is_file():
            raise MachineError(f"{option} {path} is not a file", "give the path of a PEM file")
    return Config(
        root=_root(words.root),
        accounts=_accounts(words.account, words.key, environment),
        host=words.host,
        port=words.port,
        https_port=words.https_port,
        certificate=words.cert,
        certificate_key=words.cert_key,
        processes=words.processes,
        domain=words.domain,
        issuer=words.issuer,
        jwks_ca=words.jwks_ca,
        audiences=tuple(words.audience),
        default_role=words.default_role,
        allow_copy_sources=tuple(words.allow_copy_source),
        copy_source_ca=words.copy_source_ca,
        public_hosts=tuple(words.public_host),
        sku=words.sku,
        kind=words.kind,
        durable=not words.no_fsync,
        mutant=words.mutant,
        idle_timeout=words.idle_timeout,
        keep_alive_timeout=words.keep_alive,
        shutdown_grace=words.shutdown_grace,
        access_log=words.log == "access",
    )


def _accounts(names: list[str], keys: list[str], environment: Mapping[str, str]) -> tuple[Account, ...]:
    if not names and "BLOBPROOF_ACCOUNT" in environment:
        names = [environment["BLOBPROOF_ACCOUNT"]]
    if not keys and "BLOBPROOF_KEY" in environment:
        keys = [environment["BLOBPROOF_KEY"]]
    if not names:
        raise UsageError(
            "there is no account", "give --account and --key, or BLOBPROOF_ACCOUNT and BLOBPROOF_KEY"
        )
    if len(names) != len(keys):
        raise UsageError(
            f"there are {len(names)} accounts but {len(keys)} keys",
            "give one --key (or BLOBPROOF_KEY) for each --account",
        )
    if len(set(names)) != len(names):
        raise UsageError("an account is named twice", "give each --account once")
    return tuple(Account(name, _key(name, key)) for name, key in zip(names, keys, strict=True))


def _key(name: str, text: str) -> bytes:
    if _ACCOUNT.fullmatch(name) is None:
        raise UsageError(f"{name!r} is no account name", "use 3 to 24 lower-case letters and digits")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise UsageError(f"the key of account {name} is not base64", "make one with: openssl rand -base64 64")
    return key


def _root(path: Path) -> Path:
    if not path.exists():
        raise MachineError(f"the root {path} does not exist", f"make it with: mkdir -p {path}")
    if not path.is_dir():
        raise MachineError(f"the root {path} is not a folder", "give the path of a folder")
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise MachineError(
            f"the root {path} cannot be written ({error.strerror})",
            "mount it writable, or change its owner or mode",
        ) from None
    return path.resolve()


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 256")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.05 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a network such as 10.0.0.0/8") from None


def _public_host(text: str) -> PublicHost:
    host = parse_public_host(text)
    if host is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a host name such as storage.example.com:8443")
    return host


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not an http or https URL")
    return text
