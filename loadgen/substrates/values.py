"""A substrate as values. A parameter that is only assumed may fill a table; it never leads to a verdict."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from harness.vocabulary import ExitCode
from loadgen.profiles.values import Source


class SubstrateError(Exception):
    """A substrate that there is not, that cannot be read, or that does not say enough."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class Provenance(enum.StrEnum):
    """Where a parameter comes from."""

    PUBLISHED = "published"  # a source says it
    USER_SUPPLIED = "user-supplied"  # whoever runs the substrate says it
    CALIBRATED = "calibrated"  # it was measured on the substrate
    ASSUMED = "assumed"  # somebody chose it: it leads to no verdict


class Kind(enum.StrEnum):
    """What a substrate is made of, and so which parameters it has."""

    NODES = "nodes"  # servers with NVMe and a network
    ACCOUNT = "account"  # a managed storage account with limits


class Access(enum.StrEnum):
    """How clients reach the bytes of a cluster of nodes."""

    GATEWAY = "gateway"  # any node serves any blob, and fetches its fragments from the others
    DIRECT = "direct"  # clients reach the node, or the fragments, by themselves


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a substrate."""

    name: str
    value: float | str | bool
    unit: str
    provenance: Provenance
    source: Source | None = None
    date: str = ""  # when it was read, measured or said, ISO date or year-month
    why: str = ""

    @property
    def number(self) -> float:
        """The value, where it is a number."""
        return float(self.value)


@dataclass(frozen=True, slots=True)
class Known:
    """What every parameter of a name means."""

    unit: str
    meaning: str
    kind: Kind


KNOWN: Mapping[str, Known] = {
    "nodes": Known("nodes", "servers in the cluster", Kind.NODES),
    "nic_gbps": Known("Gbit/s", "network of one node, each way", Kind.NODES),
    "nvme_read_gb_s": Known("GB/s", "sequential read of all NVMe of one node", Kind.NODES),
    "nvme_write_gb_s": Known("GB/s", "sequential write of all NVMe of one node, fresh drives", Kind.NODES),
    "redundancy": Known("", "ec K+M, replicas N, or none", Kind.NODES),
    "access": Known("", "gateway or direct", Kind.NODES),
    "receive_capped": Known("", "whether a node's network limits what it receives as well", Kind.NODES),
    "drr": Known("", "data reduction: client bytes / bytes on NVMe, for the payload in question", Kind.NODES),
    "nvme_disks": Known("disks", "NVMe disks of one node", Kind.NODES),
    "nvme_gb": Known("GB", "size of one NVMe disk", Kind.NODES),
    "raw_tb": Known("TB", "NVMe of one node", Kind.NODES),
    "requests_per_s": Known("requests/s", "limit of the account", Kind.ACCOUNT),
    "ingress_gbps": Known("Gbit/s", "limit of the account, to it", Kind.ACCOUNT),
    "egress_gbps": Known("Gbit/s", "limit of the account, from it", Kind.ACCOUNT),
    "blob_requests_per_s": Known("requests/s", "limit of one block blob", Kind.ACCOUNT),
    "capacity_pib": Known("PiB", "capacity of the account", Kind.ACCOUNT),
}
"""Every parameter that there is, with its unit."""

NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.NODES: (
        *("nodes", "nic_gbps", "nvme_read_gb_s", "nvme_write_gb_s"),
        *("redundancy", "access", "receive_capped"),
    ),
    Kind.ACCOUNT: ("requests_per_s", "ingress_gbps", "egress_gbps"),
}
"""What a ceiling needs; a substrate may ask for more."""


@dataclass(frozen=True, slots=True)
class Substrate:
    """The hardware, or the service, that an endpoint runs on."""

    id: str
    title: str
    why: str
    kind: Kind
    parameters: Mapping[str, Parameter]
    required: tuple[str, ...]  # what has to be said before anything is computed

    @property
    def missing(self) -> tuple[str, ...]:
        """Required parameters that nobody said."""
        return tuple(name for name in self.required if name not in self.parameters)

    @property
    def assumed(self) -> tuple[str, ...]:
        """Required parameters that are assumptions: with any of them, no verdict."""
        known = self.parameters
        return tuple(
            name for name in self.required if name in known and known[name].provenance is Provenance.ASSUMED
        )

    @property
    def may_judge(self) -> bool:
        """Whether a verdict may be based on it: nothing required is missing or assumed."""
        return not (self.missing or self.assumed)

    @property
    def provenance(self) -> Provenance:
        """That of its weakest required parameter; user-supplied where none is said yet."""
        order = (Provenance.ASSUMED, Provenance.USER_SUPPLIED, Provenance.PUBLISHED, Provenance.CALIBRATED)
        given = {self.parameters[name].provenance for name in self.required if name in self.parameters}
        return next((one for one in order if one in given), Provenance.USER_SUPPLIED)
