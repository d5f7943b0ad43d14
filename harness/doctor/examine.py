"""Runs the checks in order and stops where going on would tell nothing."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace

from harness.doctor import credentials, reach, service
from harness.doctor.diagnosis import Check, Diagnosis, Fault, Outcome
from harness.doctor.session import PATIENCE, TOTAL, Answer, NoTimeError, Session
from harness.endpoint import Endpoint


def examine(endpoint: Endpoint, *, total: float = TOTAL, patience: float = PATIENCE) -> Diagnosis:
    """What is wrong with this endpoint, if anything, and whose fault it is.

    Takes `total` seconds at most, and `patience` seconds for each thing it waits for. Writes into a
    container of its own, and removes it. Never raises for what the endpoint does.
    """
    return _Examination(endpoint, Session(endpoint, total, patience)).run()


class _Examination:
    """The checks so far."""

    def __init__(self, endpoint: Endpoint, session: Session) -> None:
        self._endpoint = endpoint
        self._session = session
        self._checks: list[Check] = []

    def run(self) -> Diagnosis:
        try:
            self._run()
        except NoTimeError:
            what = "the doctor's time was up before every check was made"
            self._checks.append(
                Check("time", Outcome.FAIL, what, Fault.NETWORK, "The endpoint is very slow.")
            )
        finally:
            self._session.close()
        return Diagnosis(self._endpoint.name, self._endpoint.url, tuple(self._checks))

    def _run(self) -> None:
        session, face = self._session, self._endpoint.face()
        for check in (reach.name_resolution, reach.tcp, reach.tls):
            if not self._ok(functools.partial(check, session, face)):
                return
        started = time.monotonic()
        found, anonymous = reach.blob_service(session, face)
        if not self._add(found, started):
            return
        self._ok(lambda: reach.clock(anonymous))
        refused = credentials.anonymous_refused(self._endpoint, anonymous)
        if not self._add(refused, time.monotonic()) and refused.fault is Fault.CREDENTIALS:
            return
        started = time.monotonic()
        authenticated, answer = credentials.authentication(session)
        refused_version = answer is not None and answer.code == "InvalidHeaderValue"
        if answer is not None and refused_version:
            self._ok(lambda: service.version_accepted(session, answer))
            return
        if authenticated.outcome is Outcome.FAIL:
            self._refused(authenticated, answer, started)
            return
        self._add(authenticated, started)
        if answer is not None:
            self._ok(lambda: credentials.addressing(session, works=True))
            self._ok(lambda: service.version_accepted(session, answer))
        started = time.monotonic()
        bearer = credentials.bearer_accepted(session)
        if bearer is not None:
            self._add(bearer, started)
        self._ok(lambda: service.minimal_crud(session))

    def _refused(self, authenticated: Check, answer: Answer | None, started: float) -> None:
        """Find out whether the addressing is to blame: then the credentials are not."""
        if answer is None or answer.response is None:
            self._add(authenticated, started)
            return
        other = credentials.addressing(self._session, works=False)
        if other.outcome is Outcome.FAIL:
            authenticated = replace(authenticated, outcome=Outcome.NOTE, fault=None)
        self._add(authenticated, started)
        self._add(other, started)

    def _ok(self, check: Callable[[], Check]) -> bool:
        started = time.monotonic()
        return self._add(check(), started)

    def _add(self, check: Check, started: float) -> bool:
        self._checks.append(reach.timed(check, started))
        return check.outcome is not Outcome.FAIL
