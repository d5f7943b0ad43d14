"""The strings that SAS signatures are made over, for every layout since 2015-04-05."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Fields = Mapping[str, str]
Lookup = Callable[[str], str | None]

OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
WITH_RESOURCE = "2018-11-09"
WITH_AGENTS = "2020-02-10"
WITH_SCOPE = "2020-12-06"
WITH_DELEGATED_USER = "2025-07-05"
WITH_REQUEST_PARTS = "2026-04-06"


def account(name: str, sas: Fields) -> str:
    """Account SAS: every field ends with a line feed."""
    keys = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if sas["sv"] >= WITH_SCOPE:
        keys.append("ses")
    return "".join(f"{value}\n" for value in (name, *(sas.get(key, "") for key in keys)))


def service(sas: Fields, resource: str, snapshot: str) -> str:
    """Service SAS signed with the account key. `resource` is `/blob/account/container[/blob]`, decoded."""
    lines = [*_take(sas, "sp", "st", "se"), resource, *_take(sas, "si", "sip", "spr", "sv")]
    lines += _resource_lines(sas, snapshot)
    lines += _take(sas, *OVERRIDES)
    return "\n".join(lines)


def user_delegation(sas: Fields, resource: str, snapshot: str, header: Lookup, parameter: Lookup) -> str:
    """SAS signed with a user delegation key; `header` and `parameter` look up what srh and srq name."""
    version = sas["sv"]
    lines = [*_take(sas, "sp", "st", "se"), resource]
    lines += _take(sas, "skoid", "sktid", "skt", "ske", "sks", "skv")
    if version >= WITH_AGENTS:
        lines += _take(sas, "saoid", "suoid", "scid")
    if version >= WITH_DELEGATED_USER:
        lines += _take(sas, "skdutid", "sduoid")
    lines += _take(sas, "sip", "spr", "sv")
    lines += _resource_lines(sas, snapshot)
    if version >= WITH_REQUEST_PARTS:
        names = [name for name in sas.get("srh", "").split(",") if name]
        lines.append("".join(f"{name}:{header(name) or ''}\n" for name in names))
        names = [name for name in sas.get("srq", "").split(",") if name]
        lines.append("".join(f"\n{name}:{parameter(name) or ''}" for name in names))
    lines += _take(sas, *OVERRIDES)
    return "\n".join(lines)


def _take(sas: Fields, *names: str) -> list[str]:
    return [sas.get(name, "") for name in names]


def _resource_lines(sas: Fields, snapshot: str) -> list[str]:
    if sas["sv"] < WITH_RESOURCE:
        return []
    lines = [sas.get("sr", ""), snapshot]
    if sas["sv"] >= WITH_SCOPE:
        lines.append(sas.get("ses", ""))
    return lines
