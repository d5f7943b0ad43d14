"""Our pytest plugin: YAML cases become items, gate scenarios get their fixtures, workers return records."""

from __future__ import annotations
