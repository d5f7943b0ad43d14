"""What a run leaves behind: its values, its schema, writing and reading them."""

from harness.results.finding import Finding

__all__ = ["Finding"]
