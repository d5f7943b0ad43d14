"""Wire rules: what must hold for every response of an operation, whatever a case asks for."""

from harness.rules.check import RULES, Checked, check

__all__ = ["RULES", "Checked", "check"]
