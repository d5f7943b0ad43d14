"""The caps of a forecast: what a substrate's parameters and the clients' network allow at a size."""

from __future__ import annotations

from dataclasses import replace

from loadgen.forecast.errors import ForecastError
from loadgen.forecast.points import By, Series
from loadgen.forecast.predict import Cap, CapsAt
from loadgen.substrates.ceiling import Ceiling, ceiling
from loadgen.substrates.values import Kind, Substrate

_BYTES_PER_GBIT = 125_000_000


def caps_of(
    series: Series, substrate: Substrate | None, *, nodes: int | None = None, client_gbps: float | None = None
) -> CapsAt:
    """The caps of one phase. `nodes`: servers, in place of the substrate's; `client_gbps`: of each worker.

    A phase that reads and writes has both ceilings together. Raises `SubstrateError` where the substrate
    does not say enough, `ForecastError` for a client's network where it is not workers that grow.
    """
    if client_gbps is not None and series.by is not By.WORKERS:
        raise ForecastError(
            "the network of a client caps a forecast by workers only",
            "Leave --client-gbps out, or --by ranks.",
        )
    fixed = _of_substrate(series, substrate, nodes) if substrate else ()

    def caps(size: int) -> tuple[Cap, ...]:
        if client_gbps is None or series.unit != "bytes/s":
            return fixed
        rate = size * client_gbps * _BYTES_PER_GBIT
        said = f"{size} workers × {client_gbps:g} Gbit/s"
        return (*fixed, Cap("client network", rate, "user-supplied", said))

    return caps


def elsewhere(series: Series, substrate: Substrate) -> Series:
    """The series; where its runs were not on the substrate that caps it, it says so."""
    if series.substrate == substrate.id:
        return series
    said = f"the runs were on {series.substrate or 'this machine'}; the cap is that of {substrate.id}"
    return replace(series, assumptions=(*series.assumptions, said))


def _of_substrate(series: Series, substrate: Substrate, nodes: int | None) -> tuple[Cap, ...]:
    found = ceiling(substrate, nodes=nodes)
    provenance = substrate.provenance.value if not found.assumed else "assumed"
    where = f"{found.nodes} × {substrate.id}" if found.nodes else substrate.id
    caps = []
    if substrate.kind is Kind.ACCOUNT:
        limit = substrate.parameters["requests_per_s"].number
        rate = limit * series.bytes_per_request if series.unit == "bytes/s" else limit
        caps.append(Cap(f"{where} requests", rate, provenance, f"{limit:g} requests/s"))
    if series.unit == "bytes/s":
        rate, by = _ways(series, found)
        caps.append(Cap(f"{where} {by}", rate, provenance, _said(found)))
    return tuple(caps)


def _ways(series: Series, found: Ceiling) -> tuple[float, str]:
    if series.reads and series.writes:
        by = dict.fromkeys((found.read_limited_by, found.write_limited_by))
        return found.read_bytes_per_s + found.write_bytes_per_s, " and ".join(by)
    if series.reads:
        return found.read_bytes_per_s, found.read_limited_by
    return found.write_bytes_per_s, found.write_limited_by


def _said(found: Ceiling) -> str:
    return ", ".join(f"{one.name} {one.value} ({one.provenance.value})" for one in found.from_parameters)
