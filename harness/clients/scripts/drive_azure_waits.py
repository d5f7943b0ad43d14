"""Makes the Azure SDK for Python wait briefly before it tries again, in libraries without a setting."""

from __future__ import annotations

from importlib import import_module

SECONDS = 0.2


def shorten(package: str) -> None:
    """Shorten the waits of `azure.storage.blob` or `azure.storage.blob.aio`.

    What is tried again, and how often, stays as the SDK has it.
    """
    import_module(package).ExponentialRetry.get_backoff_time = lambda _policy, _settings: SECONDS
