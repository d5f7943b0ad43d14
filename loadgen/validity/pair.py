"""Checks of two runs that are to be compared: what must be equal before any difference means something."""

from __future__ import annotations

from loadgen.record.read import LoadRun
from loadgen.validity.check import Check, State, percent
from loadgen.validity.conduct import errors_check
from loadgen.validity.world import durability_of

_DIFFERENCE = 0.001  # of attempts
_FACTOR = 2.0


def pair_checks(a: LoadRun, b: LoadRun) -> tuple[Check, ...]:
    """Errors and durability of two runs. Each run has its own checks as well."""
    return equal_errors(a, b), equal_durability(a, b)


def equal_errors(a: LoadRun, b: LoadRun) -> Check:
    """Whether both failed about equally often: an endpoint that refuses work has less to do."""
    name = "equal-errors"
    shares = [float(errors_check(run).facts.get("share", 1.0)) for run in (a, b)]
    less, more = sorted(shares)
    facts = {"a": shares[0], "b": shares[1]}
    if more - less > _DIFFERENCE and more > _FACTOR * less:
        said = (
            f"{percent(shares[0])} of attempts failed in A and {percent(shares[1])} in B: "
            "whoever fails more does less, so their speeds do not compare."
        )
        return Check(name, State.INVALIDATES, said, facts, forbids_verdict=True)
    said = f"Errors are alike: {percent(shares[0])} of attempts in A, {percent(shares[1])} in B."
    return Check(name, State.OK, said, facts)


def equal_durability(a: LoadRun, b: LoadRun) -> Check:
    """Whether both promise the same after a crash: less redundancy and later flushes are faster."""
    name = "equal-durability"
    promises = durability_of(a), durability_of(b)
    if None in promises:
        which = "A" if promises[0] is None else "B"
        said = f"What {which} promises after a crash is not declared: no verdict can be given."
        return Check(name, State.WARNS, said, forbids_verdict=True)
    words = [": ".join(one) for one in promises if one is not None]
    facts = {"a": words[0], "b": words[1]}
    if promises[0] != promises[1]:
        text = f"A promises {words[0]}, B promises {words[1]}: a difference may be the price of the promise."
        return Check(name, State.WARNS, text, facts, forbids_verdict=True)
    return Check(name, State.OK, f"Both promise the same: {words[0]}.", facts)
