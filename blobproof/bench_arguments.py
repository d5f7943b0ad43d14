"""How a load is written on the command line: scales, sizes, addresses, choices, and the plan they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import click

from loadgen.fleet.adjust import adjusted
from loadgen.fleet.container import new_name
from loadgen.plan.make import plan_for
from loadgen.plan.values import Plan

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]i?)?B?")
_UNITS = {"": 1} | {
    unit: size
    for place, name in enumerate("KMGT", 1)
    for unit, size in ((name, 1000**place), (f"{name}i", 1024**place))
}
_PORTS = 1 << 16


def scale(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """`1/1000`, `0.001` or `0.1%`: above 0 and at most 1."""
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = Fraction(number) / (100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not 0 < value <= 1:
        raise click.BadParameter(f"{text!r} is no scale: write 1/1000, 0.001 or 0.1%, above 0 and at most 1.")
    return float(value)


def size(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """`8MiB`, `4 kB` or a number of bytes. GB = 10^9 bytes, GiB = 2^30 bytes."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None or not (value := int(float(found[1]) * _UNITS[(found[2] or "").replace("k", "K")])):
        raise click.BadParameter(f"{text!r} is no size: write 8MiB, 64KiB or a number of bytes.")
    return value


def address(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """`HOST:PORT`."""
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) >= _PORTS:
        raise click.BadParameter(f"{text!r} is no address: write HOST:PORT.")
    return host.strip("[]"), int(port)


def choices(words: Iterable[str]) -> dict[str, str]:
    """`KEY=OPTION`, several times."""
    found = {}
    for word in words:
        key, equals, option = word.partition("=")
        if not (key and equals and option):
            raise click.BadParameter(f"{word!r} is no choice: write KEY=OPTION.", param_hint="--choose")
        found[key] = option
    return found


def plan_of(given: Mapping[str, Any]) -> Plan:
    """The plan of a load, from the options that every command with one has; in a container of a new name."""
    plan = plan_for(
        given["profile"],
        scale=given["scale"],
        ranks=given["ranks"],
        seed=given["seed"],
        iterations=given["iterations"],
        choices=choices(given["choose"]),
        container=new_name(),
    )
    return adjusted(
        plan,
        block_bytes=given["block_size"],
        parallel=given["parallel"],
        seconds=given["seconds"],
        rate=given["rate"],
    )
