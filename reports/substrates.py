"""The tables of docs/substrates.md: hardware and ceilings, account limits, parameters and what they mean."""

from __future__ import annotations

from loadgen.substrates.ceiling import ceiling
from loadgen.substrates.read import substrate, substrates
from loadgen.substrates.values import KNOWN, NEEDED, Kind, Provenance, Substrate

_GB = 1e9


def nodes() -> str:
    """A row for each substrate of nodes: its hardware, and its modelled ceiling for one node."""
    rows = [
        "| substrate | NVMe | reads / writes GB/s | network Gbit/s | nodes, redundancy | read, gateway "
        "| read, direct | write, gateway | write, gateway, receiving capped | read / write, as it is said |",
        "|---|---|--:|--:|---|--:|--:|--:|--:|--:|",
    ]
    for one in map(substrate, substrates()):
        if one.kind is Kind.NODES:
            rows.append(f"| `{one.id}` | {' | '.join(_hardware(one))} | {' | '.join(_modelled(one))} |")
    return "\n".join(rows)


def _hardware(one: Substrate) -> tuple[str, ...]:
    if one.missing:
        return ("yours to say",) * 4
    said = one.parameters

    def value(name: str) -> str:
        mark = "*" if said[name].provenance is Provenance.ASSUMED else ""
        shown = said[name].value
        return f"{shown:g}{mark}" if isinstance(shown, float) else f"{shown}{mark}"

    disks = f"{value('nvme_disks')} × {said['nvme_gb'].number:,.0f} GB" if "nvme_disks" in said else "–"
    return (
        disks,
        f"{value('nvme_read_gb_s')} / {value('nvme_write_gb_s')}",
        value("nic_gbps"),
        f"{value('nodes')}, {value('redundancy')}",
    )


def _modelled(one: Substrate) -> tuple[str, ...]:
    if one.missing:
        return ("–",) * 5
    gateway, direct = (ceiling(one, access=access, receive_capped=False) for access in ("gateway", "direct"))
    capped = ceiling(one, access="gateway", receive_capped=True)
    each = (
        gateway.read_bytes_per_s,
        direct.read_bytes_per_s,
        gateway.write_bytes_per_s,
        capped.write_bytes_per_s,
    )
    said = ceiling(one)
    cells = [f"{value / gateway.nodes / _GB:.2f}" for value in each]
    both = [f"{value / said.nodes / _GB:.2f}" for value in (said.read_bytes_per_s, said.write_bytes_per_s)]
    return (*cells, " / ".join(both))


def accounts() -> str:
    """A row for each account: its limits."""
    names = [name for name, about in KNOWN.items() if about.kind is Kind.ACCOUNT]
    rows = [f"| account | {' | '.join(names)} | read |", "|---|" + "--:|" * len(names) + "---|"]
    for one in map(substrate, substrates()):
        if one.kind is Kind.ACCOUNT:
            cells = [f"{one.parameters[name].number:,.0f}" for name in names]
            dates = sorted({parameter.date for parameter in one.parameters.values()})
            rows.append(f"| `{one.id}` | {' | '.join(cells)} | {', '.join(dates)} |")
    return "\n".join(rows)


def parameters() -> str:
    """A row for each parameter."""
    rows = ["| parameter | unit | what | a ceiling needs it |", "|---|---|---|---|"]
    for name, about in KNOWN.items():
        needed = "yes" if name in NEEDED[about.kind] else "no"
        rows.append(f"| `{name}` | {about.unit or '–'} | {about.meaning} | {needed} |")
    return "\n".join(rows)


def sources() -> str:
    """A row for each source."""
    cited = {
        parameter.source: None
        for one in map(substrate, substrates())
        for parameter in one.parameters.values()
        if parameter.source is not None
    }
    rows = ["| source | at | read |", "|---|---|---|"]
    rows += [f"| [{one.title}]({one.url}) | {one.at or '–'} | {one.read} |" for one in cited]
    return "\n".join(rows)
