"""A timer that wakes an epoll at a time of the monotonic clock, to the microsecond.

epoll's own timeout is in whole milliseconds, which is more than most operations take. And because the timer
is one of the things that the epoll waits for, whoever waits for the epoll (the gevent hub) is woken in time
too.
"""

from __future__ import annotations

import ctypes
import os
import time

_NS = 1_000_000_000
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME
_NONBLOCK = os.O_NONBLOCK
_CLOEXEC = os.O_CLOEXEC


class _Spec(ctypes.Structure):
    """struct itimerspec, never periodic."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("s", ctypes.c_long),
        ("ns", ctypes.c_long),
    )


class Timer:
    """A timerfd on the clock of `time.monotonic_ns`: readable from the time on that it is armed for."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = int(libc.timerfd_create(time.CLOCK_MONOTONIC, _NONBLOCK | _CLOEXEC))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._set = libc.timerfd_settime
        self._spec = _Spec()
        self._by = ctypes.byref(self._spec)
        self._at = 0

    def arm(self, at: int) -> None:
        """Wake at this time, ns; a time that has passed wakes at once. 0: never."""
        if at != self._at:
            self._at = at
            self._spec.s, self._spec.ns = divmod(at, _NS)
            self._set(self.fd, _ABSOLUTE, self._by, None)

    def close(self) -> None:
        """Give the file back."""
        os.close(self.fd)
