"""rclone as users run it, its remote `az:` made of environment variables: there is no configuration file."""

from __future__ import annotations

from harness.recording.place import Command, Place
from harness.recording.scenario import Run

tool = "rclone"
_ALWAYS = {
    "RCLONE_CONFIG": "/dev/null",
    "RCLONE_RETRIES": "1",  # a second try would be a second recording
    "RCLONE_LOW_LEVEL_RETRIES": "1",
    "RCLONE_TRANSFERS": "2",
    "RCLONE_CHECKERS": "2",
    "RCLONE_AZUREBLOB_UPLOAD_CONCURRENCY": "4",
    "RCLONE_CONFIG_AZ_TYPE": "azureblob",
}


def command(run: Run, place: Place) -> Command:
    """The process that does the run; the credential is in its environment alone."""
    words = tuple(place.fill(word) for word in run.words)
    env = {**_ALWAYS, **_remote(place), **place.environment(run)}
    return Command(
        (str(place.found.path), *words),
        env,
        place.home,
        stdin_file=place.file(run.stdin) if run.stdin else None,
    )


def _remote(place: Place) -> dict[str, str]:
    """With a key the endpoint is its own setting; with a SAS both are one URL."""
    if place.sas is not None:
        return {"RCLONE_CONFIG_AZ_SAS_URL": f"{place.url}?{place.sas.reveal()}"}
    key = place.key.reveal() if place.key is not None else ""
    return {
        "RCLONE_CONFIG_AZ_ACCOUNT": place.account,
        "RCLONE_CONFIG_AZ_KEY": key,
        "RCLONE_CONFIG_AZ_ENDPOINT": place.url,
    }
