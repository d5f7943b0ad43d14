"""The locustfile: one user in each worker, which lends its greenlet to the player of our operations."""

from __future__ import annotations

import gevent
from locust import User, task

_IDLE = 0.5  # seconds


class EngineUser(User):
    """Plays all the ranks of its worker. A second one, which the web page can ask for, is idle."""

    @task
    def work(self) -> None:
        """Do what the conductor says until it says that it was all."""
        if not self.environment.actor.perform():
            gevent.sleep(_IDLE)
