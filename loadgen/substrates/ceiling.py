"""What physics lets a substrate do at most: a bound for checks, no forecast.

The model knows the network, NVMe and redundancy of the nodes. It ignores processors, TLS and checksums.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from loadgen.substrates.values import (
    KNOWN,
    Access,
    Kind,
    Parameter,
    Provenance,
    Substrate,
    SubstrateError,
)

_BYTES_PER_GBIT = 125_000_000
_GB = 1_000_000_000
_EC = re.compile(r"ec ([1-9][0-9]?)\+([0-9]{1,2})")
_REPLICAS = re.compile(r"replicas ([1-9])")


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most so many bytes of clients a second, over the whole substrate, each way on its own."""

    read_bytes_per_s: float
    write_bytes_per_s: float
    nodes: int  # 0: an account, which has none that can be counted
    read_limited_by: str  # "network", "NVMe" or "account"
    write_limited_by: str
    from_parameters: tuple[Parameter, ...]

    @property
    def assumed(self) -> tuple[str, ...]:
        """The names of those parameters that are assumptions."""
        return tuple(one.name for one in self.from_parameters if one.provenance is Provenance.ASSUMED)

    @property
    def may_judge(self) -> bool:
        """Whether a verdict may be based on it: none of its parameters is an assumption."""
        return not self.assumed


def ceiling(
    substrate: Substrate,
    *,
    nodes: int | None = None,
    redundancy: str | None = None,
    access: str | None = None,
    receive_capped: bool | None = None,
    drr: float | None = None,
) -> Ceiling:
    """The ceiling of a substrate; what is given here takes the place of its parameter, as user-supplied.

    Raises `SubstrateError` for what is missing or makes no sense.
    """
    given = {
        "nodes": nodes,
        "redundancy": redundancy,
        "access": access,
        "receive_capped": receive_capped,
        "drr": drr,
    }
    one = supplied(substrate, {name: value for name, value in given.items() if value is not None})
    if one.missing:
        raise SubstrateError(
            f"{one.id} does not say its {', '.join(one.missing)}",
            f'Write a TOML file with base = "{one.id}" that does; docs/substrates.md shows one.',
        )
    return _of_account(one) if one.kind is Kind.ACCOUNT else _of_nodes(one)


def supplied(substrate: Substrate, values: Mapping[str, float | str | bool]) -> Substrate:
    """A substrate with parameters that its user says. Raises `SubstrateError` for one that it cannot have."""
    if not values:
        return substrate
    for name in values:
        if name not in KNOWN or KNOWN[name].kind is not substrate.kind:
            raise SubstrateError(
                f"{substrate.id} has no parameter {name!r}",
                f"There are: {', '.join(key for key, one in KNOWN.items() if one.kind is substrate.kind)}.",
            )
    own = {
        name: Parameter(name, value, KNOWN[name].unit, Provenance.USER_SUPPLIED)
        for name, value in values.items()
    }
    return replace(substrate, parameters={**substrate.parameters, **own})


def overhead(redundancy: str) -> float:
    """Bytes stored / bytes of clients: `ec 8+4` 1.5, `replicas 3` 3, `none` 1. Raises `SubstrateError`."""
    if redundancy == "none":
        return 1.0
    if found := _EC.fullmatch(redundancy):
        data, parity = map(int, found.groups())
        return (data + parity) / data
    if found := _REPLICAS.fullmatch(redundancy):
        return float(found[1])
    raise SubstrateError(
        f"redundancy cannot be {redundancy!r}", "Write ec 8+4, replicas 3 or none; the numbers are yours."
    )


def _of_account(one: Substrate) -> Ceiling:
    used = tuple(one.parameters[name] for name in ("egress_gbps", "ingress_gbps"))
    out, into = (_positive(parameter) * _BYTES_PER_GBIT for parameter in used)
    return Ceiling(out, into, 0, "account", "account", used)


def _of_nodes(one: Substrate) -> Ceiling:
    said = one.parameters
    count = round(_positive(said["nodes"]))
    if count != said["nodes"].number:
        raise SubstrateError(f"nodes cannot be {said['nodes'].value!r}", "Nodes are counted: give 1, 2, 3 …")
    network = _positive(said["nic_gbps"]) * _BYTES_PER_GBIT
    reduction = _positive(said["drr"]) if "drr" in said else 1.0
    disk_read = _positive(said["nvme_read_gb_s"]) * _GB * reduction
    stored = overhead(str(said["redundancy"].value))
    disk_write = _positive(said["nvme_write_gb_s"]) * _GB * reduction / stored
    others = (count - 1) / count  # of what a node stores or wants, the part that lies on other nodes
    capped = _flag(said["receive_capped"])
    if _access(said["access"]) is Access.GATEWAY:
        # A node sends to its clients, and to other nodes whatever those fetch from it.
        net_read = network / (1 + others)
        # It receives from clients, and sends all fragments but its own on; the others receive those.
        sending = stored * others
        net_write = network / (1 + sending) if capped else network / sending if sending else math.inf
    else:
        net_read = network
        net_write = network / stored if capped else math.inf
    used = tuple(said[name] for name in (*one.required, "drr") if name in said)
    return Ceiling(
        read_bytes_per_s=count * min(net_read, disk_read),
        write_bytes_per_s=count * min(net_write, disk_write),
        nodes=count,
        read_limited_by="network" if net_read <= disk_read else "NVMe",
        write_limited_by="network" if net_write <= disk_write else "NVMe",
        from_parameters=tuple({parameter.name: parameter for parameter in used}.values()),
    )


def _positive(parameter: Parameter) -> float:
    value = parameter.value
    if isinstance(value, bool | str) or not (value > 0 and math.isfinite(value)):
        raise SubstrateError(f"{parameter.name} cannot be {value!r}", "Give a number above 0.")
    return float(value)


def _flag(parameter: Parameter) -> bool:
    if not isinstance(parameter.value, bool):
        raise SubstrateError(f"{parameter.name} cannot be {parameter.value!r}", "Give true or false.")
    return parameter.value


def _access(parameter: Parameter) -> Access:
    try:
        return Access(str(parameter.value))
    except ValueError:
        raise SubstrateError(
            f"access cannot be {parameter.value!r}", f"Give {' or '.join(Access)}."
        ) from None
