"""The stage of a gate scenario: a container, a tap in front of the endpoint, and comparisons by digest."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from harness.clients.data import content
from harness.clients.reach import Reach, is_loopback, reach
from harness.clients.truth import PremiseError, Stored, Truth, said
from harness.endpoint import Endpoint, Secret
from harness.exchange import Exchange, Response, header
from harness.faults.proxy import FaultProxy
from harness.scenario import Ended, Scenario
from harness.signing.authorise import CredentialMissingError, account_sas, service_sas
from harness.signing.spec import AccountSas, ServiceSas
from harness.vocabulary import Verdict

_PERMISSIONS = "rwdlacup"
_NOT_OFFERED = (405, 501)


class GateFaultError(Exception):
    """Our own fault: the scenario did not test what it is there to test."""


@dataclass(slots=True)
class Stage:
    """Everything that a scenario of a real client needs. Made by `stage`."""

    scenario: Scenario
    endpoint: Endpoint
    truth: Truth
    container: str
    reach: Reach
    work: Path  # a folder of its own
    seen: list[Exchange] = field(default_factory=list)  # what `settle` has taken from the tap so far

    def file(self, name: str, size: int, seed: int = 7) -> tuple[Path, bytes]:
        """A local file of pseudo-random bytes."""
        data = content(size, seed)
        path = self.work / name
        path.write_bytes(data)
        return path, data

    def sas(self, permissions: str = _PERMISSIONS) -> Secret:
        """A SAS that may do what the scenario does. Ends the scenario when the endpoint allows none."""
        return sas_for(self.scenario, self.endpoint, self.container, permissions)

    def url(self, blob: str = "", *, sas: Secret | None = None, quoted: str | None = None) -> str:
        """The address of the container, or of a blob in it, as the client is told it through the tap."""
        path = quoted if quoted is not None else blob
        where = f"{self.reach.url}/{self.container}" + (f"/{path}" if path else "")
        return f"{where}?{sas.reveal()}" if sas is not None else where

    def source_url(self, blob: str) -> Secret:
        """The address of a blob with a SAS, for the endpoint itself to read.

        Through the tap where the endpoint can reach it: then its host is the one that the client talks to.
        """
        root = self.reach.url if is_loopback(self.endpoint.face()) else self.endpoint.url
        return Secret(f"{root}/{self.container}/{blob}?{self.sas().reveal()}")

    def stored(self, blob: str, data: bytes, *, why: str = "") -> None:
        """Check that the blob holds exactly these bytes, by our own read."""
        self.stored_as(blob, said(data), why=why)

    def stored_as(self, blob: str, expected: str, *, why: str = "") -> None:
        """The same for bytes that nobody holds: `expected` is what findings show of them."""
        found = self._get(blob)
        observed = "no such blob" if found is None else f"{found.length} bytes, sha256 {found.sha256}"
        self.scenario.check(f"bytes of {blob}", expected, observed, why=why)

    def same_file(self, path: Path, data: bytes) -> None:
        """Check that a local file holds exactly these bytes."""
        observed = said(path.read_bytes()) if path.is_file() else "no such file"
        self.scenario.check(f"bytes of the file {path.name}", said(data), observed)

    def absent(self, blob: str, *, why: str = "") -> None:
        """Check that there is no such blob."""
        found = self._get(blob)
        self.scenario.check(f"presence of {blob}", "absent", "absent" if found is None else "there", why=why)

    def header(self, blob: str, name: str, expected: str, *, why: str = "") -> None:
        """Check a header of the blob, by our own read."""
        found = self._get(blob)
        observed = "no such blob" if found is None else found.header(name)
        self.scenario.check(f"{name} of {blob}", expected, observed, why=why)

    def stored_tree(self, prefix: str, wanted: Mapping[str, str]) -> None:
        """Check that below the prefix there are exactly these blobs (name → SHA-256), by our own reads."""
        try:
            names = [listed.name for listed in self.truth.names(self.container, prefix)]
        except PremiseError as error:
            self.scenario.check(f"blobs below {prefix!r}", f"{len(wanted)} blobs", str(error))
            return
        found = {}
        for name in names:
            blob = self._get(name)
            found[name.removeprefix(prefix)] = "gone" if blob is None else blob.sha256
        self.same(f"blobs below {prefix!r}", wanted, found)

    def same(self, about: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
        """Check that two trees hold the same names, and the same digest under each."""
        missing = sorted(set(wanted) - set(found))
        extra = sorted(set(found) - set(wanted))
        other = sorted(name for name in set(wanted) & set(found) if wanted[name] != found[name])
        whole = f"{len(wanted)} names"
        self.scenario.check(
            f"names of {about}", whole, whole if not missing and not extra else _names(missing, extra)
        )
        equal = f"equal for all {len(wanted)}"
        said = equal if not other and not missing else f"different for {_some(other) or 'none'}"
        if missing:
            said += f", missing for {len(missing)}"
        self.scenario.check(f"digests of {about}", equal, said)

    def settle(self, client: str, already: Sequence[Exchange] = ()) -> Sequence[Exchange]:
        """Take what the tap saw since the last call and give it to the scenario for judging.

        `already` is what somebody who watched has taken from it meanwhile.

        Raises GateFaultError when the client sent nothing through the tap: nothing would be proved. `client`
        is what it said. Ends the scenario as unsupported when the endpoint says that it does not offer what
        was asked.
        """
        exchanges = [*already, *self.reach.tap.take()]
        # All that a client sent may have been struck: whoever armed the faults knows of those.
        if not exchanges and not isinstance(self.reach.tap, FaultProxy):
            raise GateFaultError("; ".join(("nothing went through the tap", client, *self.reach.tap.faults)))
        self.scenario.exchanges(exchanges)
        self.seen += exchanges
        for exchange in exchanges:
            if exchange.response is not None and exchange.response.status in _NOT_OFFERED:
                raise Ended(Verdict.UNSUPPORTED, _refusal(exchange, exchange.response))
        return exchanges

    def _get(self, blob: str) -> Stored | None:
        try:
            return self.truth.get(self.container, blob)
        except PremiseError as error:
            self.scenario.check(f"our own read of {blob}", "200 or 404", str(error))
            return None


@contextlib.contextmanager
def stage(
    scenario: Scenario,
    endpoint: Endpoint,
    prefix: str,
    *,
    face: str | None = None,
    container: bool = True,
    work: Path | None = None,
    faulty: bool = False,
) -> Iterator[Stage]:
    """Set the stage: a container of the scenario's own, unless told not to, and a tap before one address.

    A premise that fails ends the scenario as blocked, a credential that the endpoint lacks as not applicable.
    `work` is where its files go (default: the scenario's folder). With `faulty` the tap is a fault proxy.
    """
    folder = work or scenario.work
    name = f"{prefix}{secrets.token_hex(5)}"
    with contextlib.ExitStack() as stack:
        try:
            truth = stack.enter_context(Truth(endpoint))
            reached = stack.enter_context(reach(endpoint, folder, face, faulty=faulty))
            if container:
                truth.create_container(name)
                stack.callback(truth.delete_container, name)
            yield Stage(scenario, endpoint, truth, name, reached, folder)
        except CredentialMissingError as error:
            scenario.not_applicable(str(error))


def sas_for(
    scenario: Scenario, endpoint: Endpoint, container: str, permissions: str = _PERMISSIONS
) -> Secret:
    """A SAS for this container: of the account when there is a key, else as configured, else delegated."""
    now = datetime.now(UTC)
    if endpoint.key is not None:
        return Secret(account_sas(endpoint, AccountSas(permissions=permissions), now))
    if endpoint.sas is not None:
        return endpoint.sas
    if endpoint.tokens is None:
        scenario.not_applicable(f"endpoint {endpoint.name} has no key, no SAS and no token source")
    wanted = ServiceSas(resource="container", of=container, permissions="racwdl", delegated=True)
    return Secret(service_sas(endpoint, wanted, now))


def _refusal(exchange: Exchange, response: Response) -> str:
    path, _, query = exchange.request.target.partition("?")
    comp = parse_qs(query).get("comp", [""])[0]
    code = header(response.headers, "x-ms-error-code") or "no error code"
    what = f"{exchange.request.method} {path}{comp and f' (comp={comp})'}"
    return f"the endpoint answers {what} with {response.status} {response.reason} ({code})"


def _names(missing: Sequence[str], extra: Sequence[str]) -> str:
    parts = []
    if missing:
        parts.append(f"{len(missing)} missing: {_some(missing)}")
    if extra:
        parts.append(f"{len(extra)} too many: {_some(extra)}")
    return "; ".join(parts)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
