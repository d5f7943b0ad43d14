"""What a step expects under one service version, and whether a case holds for an endpoint at all. Pure.

Released service versions are dates, so that text order is their order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from harness.cases.case import Case, Expect, Graded, PartExpect, Step
from harness.endpoint import Endpoint
from harness.exchange import Request, header
from harness.rules.identify import identify

NEWEST = "9999-12-31"
"""Stands for a request that says no version: what it gets is the endpoint's business."""

T = TypeVar("T")


def version_of(request: Request) -> str:
    """The version that a request asks for: its header, else `api-version`, else that of its SAS."""
    if said := header(request.headers, "x-ms-version"):
        return said
    query = identify(request.method, request.target, request.headers).query
    return query.get("api-version") or query.get("sv") or NEWEST


def edition(step: Step, version: str) -> Step:
    """The step with what it expects under this version and nothing else."""
    later = sorted(date for date, _ in step.before if version < date)
    expect = dict(step.before)[later[0]] if later else step.expect
    return replace(step, expect=_expect(expect, version), before=())


def unfit(case: Case, endpoint: Endpoint) -> str | None:
    """Why a case does not hold for this endpoint and its version, as a sentence; None when it does."""
    if case.since is not None and endpoint.version < case.since:
        return f"it holds from service version {case.since} on, and this run speaks {endpoint.version}"
    face = endpoint.face()
    are = {"scheme": face.scheme, "style": face.style.value}
    for name, wanted in case.when:
        if name == "account":
            if not endpoint.disposable:
                return f"it changes the whole account, and endpoint {endpoint.name} is not disposable"
        elif are[name] != wanted:
            return f"it is about {name} {wanted}, and endpoint {endpoint.name} has {name} {are[name]}"
    return None


def _expect(expect: Expect, version: str) -> Expect:
    return Expect(
        status=_kept(expect.status, version),
        error=_kept(expect.error, version),
        headers=tuple((name, said) for name, said in expect.headers if _kept(said, version)),
        body=_kept(expect.body, version),
        xml=tuple((path, said) for path, said in expect.xml if _kept(said, version)),
        parts=None
        if expect.parts is None
        else tuple(
            PartExpect(_kept(part.status, version), _kept(part.error, version)) for part in expect.parts
        ),
    )


def _kept(said: Graded[T] | None, version: str) -> Graded[T] | None:
    return None if said is None or (said.since is not None and version < said.since) else said
