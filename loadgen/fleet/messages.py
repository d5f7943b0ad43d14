"""What master and workers say to each other over Locust's sockets. No message ever carries a secret.

A run in messages, master (>) and worker (<)::

    < hello      it is there, and what machine it is
    > job        the plan, the ranks, where the endpoint is and how to authorise; no credentials
    < fit        it can do it; or `unfit`, and why
    > ping       several times; the answers tell how far the clocks are apart
    < pong
    > prepare    a phase; the worker lays out its work and connects
    < at         it stands at the barrier
    > go         when the phase begins, in the worker's own clock
    < delta      once a second: what was done since, histograms and all
    > stop       the deadline, an interrupt, an endpoint that is gone: start nothing more
    < done       the last delta, and the tally of every rank
    > end        no phase is left
    < bye        and where the operation log is
"""

from __future__ import annotations

import enum


class Word(enum.StrEnum):
    """The types of messages. Prefixed, because Locust has its own `stop` and `quit`."""

    JOB = "bp-job"
    HELLO = "bp-hello"
    FIT = "bp-fit"
    UNFIT = "bp-unfit"
    PING = "bp-ping"
    PONG = "bp-pong"
    PREPARE = "bp-prepare"
    AT = "bp-at"
    GO = "bp-go"
    DELTA = "bp-delta"
    STOP = "bp-stop"
    DONE = "bp-done"
    END = "bp-end"
    BYE = "bp-bye"


TO_WORKER = (Word.JOB, Word.PING, Word.PREPARE, Word.GO, Word.STOP, Word.END)
TO_MASTER = (Word.HELLO, Word.FIT, Word.UNFIT, Word.PONG, Word.AT, Word.DELTA, Word.DONE, Word.BYE)
