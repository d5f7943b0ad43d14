"""The command: argument parsing and wiring, nothing else."""

from importlib.metadata import version

__version__ = version("blobproof")
